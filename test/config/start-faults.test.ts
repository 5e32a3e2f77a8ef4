/** A server whose settings are well written and wrong for this machine: it says so once, stops everything, and ends with the right code. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePort } from "../../scripts/free-port.ts";
import { processesOf } from "../../scripts/left-behind.ts";
import { selfSigned } from "../../src/config/self-signed.ts";
import { Client } from "../receive/client.ts";
import { eventually } from "../support/eventually.ts";
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

test("a worker that takes a dead one's place goes by the settings of the start, whatever the file has become", {
  timeout: 120_000,
}, async () => {
  const file = join(folder, "mailroom.yaml");
  writeFileSync(file, "smtp:\n  size: 77777 B\n");
  const port = await freePort();
  const server = serve({ MAILROOM_CONFIG: file, MAILROOM_WORKERS: "1", MAILROOM_SMTP_LISTEN: `127.0.0.1:${port}` });
  const said = (event: string) =>
    server
      .stdout()
      .split("\n")
      .filter((line) => line.includes(event));
  const until = async (event: string, times: number) => {
    while (said(event).length < times) await once(server.child.stdout, "data");
  };
  try {
    await until('"msg":"ready"', 1);
    expect(await sizeOffered(port)).toBe("77777");
    writeFileSync(file, "smtp:\n  size: [nonsense\n");
    const [worker] = processesOf(join(folder, "data")).filter(({ command }) => command.endsWith("mailroom.js worker"));
    process.kill(worker?.pid ?? 0, "SIGKILL");
    await until("a worker process died", 1);
    expect(await eventually(() => sizeOffered(port))).toBe("77777");
  } finally {
    server.child.kill("SIGTERM");
  }
  expect(await server.ended).toEqual({ code: 0, stderr: "" });
});

/** What EHLO says of SIZE (RFC 1870 §4). */
async function sizeOffered(port: number): Promise<string | undefined> {
  const client = await Client.connect(port);
  await client.hear();
  const reply = await client.ask("EHLO client.test");
  client.close();
  return /^250[- ]SIZE (.*)\r?$/m.exec(reply)?.[1];
}
