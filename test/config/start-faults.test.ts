/** A server whose settings are well written and wrong for this machine: it says so once, stops everything, and ends with the right code. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { processesOf } from "../../scripts/left-behind.ts";
import { selfSigned } from "../../src/config/self-signed.ts";
import { builtFromTheseSources, COMMAND } from "../support/mailroom.ts";

let folder: string;
beforeAll(async () => {
  await builtFromTheseSources();
  folder = mkdtempSync(join(tmpdir(), "mr-start-"));
  chmodSync(folder, 0o755); // root's embedded Postgres runs under another account, which must get to its files
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function serve(env: NodeJS.ProcessEnv) {
  const child = spawn(process.execPath, [COMMAND, "serve"], {
    cwd: folder,
    env: {
      PATH: process.env["PATH"],
      TMPDIR: tmpdir(),
      MAILROOM_HOSTNAME: "mail.campus.example",
      MAILROOM_DATA_DIR: join(folder, "data"),
      MAILROOM_SMTP_LISTEN: "127.0.0.1:0",
      MAILROOM_HTTP_LISTEN: "127.0.0.1:0",
      MAILROOM_WORKERS: "2",
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = once(child, "close").then(([code]) => ({ code: code as number | null, stderr: stderr.replaceAll(`${folder}/`, "") }));
  return { child, ended, stdout: () => stdout };
}

/** The way of a fault: the same in both workers, said once by their parent. */
describe("mailroom serve", { timeout: 60_000 }, () => {
  test("an address that another program has", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const at = `127.0.0.1:${(other.address() as AddressInfo).port}`;
    for (const name of ["MAILROOM_SMTP_LISTEN", "MAILROOM_HTTP_LISTEN"]) {
      expect(await serve({ [name]: at }).ended).toEqual({
        code: 78,
        stderr: `mailroom: ${at} is taken by another program\nStop that one, or listen elsewhere (smtp.listen, http.listen, metrics.listen).\n`,
      });
    }
    other.close();
    expect(processesOf(join(folder, "data"))).toEqual([]);
  });

  test("an address that is not this machine's", async () => {
    const { code, stderr } = await serve({ MAILROOM_SMTP_LISTEN: "192.0.2.1:2525" }).ended;
    expect([code, stderr.split("\n")[0]]).toEqual([78, "mailroom: 192.0.2.1:2525 is no address of this machine"]);
  });

  test("a certificate with another's key", async () => {
    writeFileSync(join(folder, "cert.pem"), selfSigned("mail.campus.example", new Date()).cert);
    writeFileSync(join(folder, "key.pem"), selfSigned("mail.campus.example", new Date()).key, { mode: 0o600 });
    expect(await serve({ MAILROOM_TLS_CERT: "cert.pem", MAILROOM_TLS_KEY: "key.pem" }).ended).toEqual({
      code: 78,
      stderr: "mailroom: the settings are not good:\nkey.pem: the key is not the one of the certificate; it must belong to cert.pem\n",
    });
    expect(processesOf(join(folder, "data"))).toEqual([]);
  });

  test("told to stop while it starts, it ends well and soon", async () => {
    const fresh = join(folder, "fresh"); // a new database is the longest start
    const server = serve({ MAILROOM_DATA_DIR: fresh, MAILROOM_HOSTNAME: "single" });
    while (!server.stdout().includes("partition created")) await once(server.child.stdout, "data");
    const told = performance.now();
    server.child.kill("SIGTERM");
    expect(await server.ended).toEqual({ code: 0, stderr: "" });
    expect(server.stdout()).toContain("is a single label"); // what is allowed and unwise is in the log
    expect(performance.now() - told).toBeLessThan(30_000); // below the 35 s after which workers are killed
    expect(processesOf(fresh)).toEqual([]);
  });
});
