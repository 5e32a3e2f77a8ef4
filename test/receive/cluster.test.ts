import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Client } from "./client.ts";

const child = spawn(process.execPath, ["--import", "tsx", join(import.meta.dirname, "cluster-process.ts")], {
  stdio: ["pipe", "pipe", "inherit"],
});
const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
const told = async (): Promise<{ readonly worker?: number; readonly port?: number; readonly closed?: number }> =>
  JSON.parse((await lines.next()).value ?? "null");

let port = 0;
beforeAll(async () => {
  const workers = [await told(), await told()];
  expect(new Set(workers.map((worker) => worker.port)).size).toBe(1);
  port = workers[0]?.port ?? 0;
});
afterAll(() => child.stdin.end());

/** Which worker answered, and one message accepted by it. */
const send = async (): Promise<string> => {
  const client = await Client.connect(port);
  const greeting = await client.hear();
  await client.ask("EHLO client.test");
  expect(await client.transact("Subject: x\r\n\r\n.\r\n")).toMatch(/^250 2\.0\.0 Ok/);
  client.close();
  return /worker\d/.exec(greeting)?.[0] ?? greeting;
};

test("worker processes share a listening address; one that stops leaves the mail to the other", async () => {
  const answered = await Promise.all(Array.from({ length: 12 }, send));
  expect([...new Set(answered)].sort()).toEqual(["worker1", "worker2"]);
  child.stdin.write("1\n");
  expect(await told()).toEqual({ closed: 1 });
  const afterwards = await Promise.all(Array.from({ length: 12 }, send));
  expect([...new Set(afterwards)]).toEqual(["worker2"]);
});
