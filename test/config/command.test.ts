/** `mailroom config …`, as a process: what it prints where, and how it ends. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { selfSigned } from "../../src/config/self-signed.ts";

const root = resolve(import.meta.dirname, "../..");
let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), "mailroom-config-"));
});
afterAll(() => rmSync(cwd, { recursive: true }));

function mailroom(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const tsx = join(root, "node_modules/tsx/dist/loader.mjs");
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", tsx, join(root, "src/cli/mailroom.ts"), ...args], {
    cwd,
    env: { PATH: process.env["PATH"], ...env },
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

test("check: faults on stderr, nothing on stdout, exit 78", () => {
  writeFileSync(join(cwd, "bad.yaml"), "smtp:\n  lisen: 127.0.0.1:25\n");
  const { status, stdout, stderr } = mailroom(["config", "check", "--config", "bad.yaml"], { MAILROOM_WORKERS: "0" });
  expect([status, stdout]).toEqual([78, ""]);
  expect(stderr.split("\n")).toContain('bad.yaml:2 smtp.lisen: unknown key, did you mean "listen"?');
  expect(stderr.split("\n")).toContain('MAILROOM_WORKERS: "0" is out of range; write 1 to 256');
});

test("check: good settings, exit 0; a database URL that cannot be used is found without connecting", () => {
  const good = mailroom(["config", "check"], { MAILROOM_HOSTNAME: "mail.campus.example" });
  expect(good).toEqual({ status: 0, stdout: "", stderr: "The settings are good (no settings file).\n" });
  const bad = mailroom(["config", "check"], { MAILROOM_DATABASE_URL: "postgres://u:hunter2%@h/d" });
  expect([bad.status, bad.stdout]).toEqual([78, ""]);
  expect(bad.stderr).toContain("database.url");
  expect(bad.stderr).not.toContain("hunter2");
});

test("check: the certificate is looked at, and none is made", () => {
  const { cert } = selfSigned("mail.campus.example", new Date());
  writeFileSync(join(cwd, "cert.pem"), cert);
  writeFileSync(join(cwd, "key.pem"), selfSigned("mail.campus.example", new Date()).key);
  const { status, stderr } = mailroom(["config", "check"], { MAILROOM_TLS_CERT: "cert.pem", MAILROOM_TLS_KEY: "key.pem" });
  expect(status).toBe(78);
  expect(stderr).toContain(`${join(cwd, "key.pem")}: the key is not the one of the certificate`);
  expect(existsSync(join(cwd, "data"))).toBe(false);
});

test("print: every setting on stdout, secrets masked, JSON one value per line", () => {
  const env = { MAILROOM_DATABASE_URL: "postgres://u:hunter2@h/d", MAILROOM_HOSTNAME: "mail.campus.example" };
  const text = mailroom(["config", "print", "--origin"], env);
  expect(text.status).toBe(0);
  expect(text.stdout).toMatch(/^database.url: "\*{3}" +# environment MAILROOM_DATABASE_URL$/m);
  const json = mailroom(["config", "print", "--json"], env);
  const lines = json.stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { key: string; value: string; origin: string });
  expect(lines).toContainEqual({ key: "database.url", value: "***", origin: "environment MAILROOM_DATABASE_URL" });
  expect(lines).toContainEqual({ key: "smtp.listen", value: "127.0.0.1:2525", origin: "default" });
  expect(text.stdout + text.stderr + json.stdout + json.stderr).not.toContain("hunter2");
});
