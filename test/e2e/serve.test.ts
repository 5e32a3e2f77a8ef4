/** A server set up from nothing by the command line, killed in the middle of its work, and started again. */
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { processesOf } from "../../scripts/left-behind.ts";
import { Client } from "../receive/client.ts";
import { eventually } from "../support/eventually.ts";
import { mailsIn } from "../support/maildir.ts";
import { type Mailroom, startMailroom } from "../support/mailroom.ts";

const content = "From: out@elsewhere.example\r\nSubject: kept\r\n\r\n.dots\r\nlast\r\n";

describe("mailroom serve", () => {
  let mailroom: Mailroom;
  let closedDoor: Server; // a next hop that hangs up on everyone
  let closedPort: number;
  const maildir = () => join(mailroom.dataDir, "..", "mail", "ann");

  beforeAll(async () => {
    mailroom = await startMailroom();
    closedDoor = createServer((socket) => socket.destroy());
    await new Promise<void>((listening) => closedDoor.listen(0, "127.0.0.1", listening));
    closedPort = (closedDoor.address() as { port: number }).port;
  }, 120_000);
  afterAll(async () => {
    await mailroom?.remove();
    closedDoor?.close();
  }, 60_000);

  /** The last reply: to the final dot, or the refusal before it. */
  const send = async (to: string) => {
    const client = await Client.greeted(mailroom.smtpPort);
    const reply = await client.transact(`${content.replace(/^\./gm, "..")}.\r\n`, to, "out@elsewhere.example");
    client.close();
    return reply;
  };
  const done = async (...args: string[]) => {
    const { code, output, stdout } = await mailroom.cli(...args);
    expect(code, output).toBe(0);
    return stdout;
  };

  it("says that it lives, is ready, and what it counts", async () => {
    for (const path of ["/livez", "/readyz", "/metrics"]) expect((await fetch(mailroom.http + path)).status).toBe(200);
    expect(await (await fetch(`${mailroom.http}/metrics`)).text()).toMatch(/^mailroom_/m);
  });

  it("refuses all mail before anything is set up", async () => {
    expect(await send("ann@campus.example")).toMatch(/^550 5\.7\.1 /);
  });

  it("obeys the command line at the next RCPT", async () => {
    await done("domain", "add", "campus.example");
    await done("alias", "set", "ann@campus.example", "--to", "ann@mbx.campus.example");
    await done("route", "set", "mbx.campus.example", `smtp://127.0.0.1:${closedPort}`);
    expect(JSON.parse(await done("route", "list", "--json"))).toEqual({
      domain: "mbx.campus.example",
      url: `smtp://127.0.0.1:${closedPort}`,
    });
    expect(await send("bob@campus.example")).toMatch(/^550 5\.1\.1 /);
  });

  it("keeps what it has acknowledged when all of it is killed, and delivers it afterwards", async () => {
    const accepted = await send("ann@campus.example");
    expect(accepted).toMatch(/^250 2\.0\.0 Ok: queued as \w+$/);
    const queueId = accepted.split(" ").at(-1) ?? "";
    await eventually(() => expect(mailroom.output()).toContain(`${queueId}: to=<ann@mbx.campus.example>`));

    for (const { pid } of processesOf(mailroom.dataDir)) process.kill(pid, "SIGKILL"); // parent, workers and Postgres, as when the power fails
    expect(await mailroom.stop()).toBe("SIGKILL");
    await eventually(() => expect(processesOf(mailroom.dataDir)).toEqual([]));
    await mailroom.restart();

    expect(await done("queue", "list")).toContain(queueId);
    await done("route", "set", "mbx.campus.example", `maildir:${join(mailroom.dataDir, "..", "mail")}/{local}`);
    await done("queue", "retry", "--all");
    await eventually(() => expect(mailroom.output()).toContain("action=retry, by=<"));
    await eventually(() => expect(mailsIn(maildir()).map((copy) => copy.toString("latin1").endsWith(`\r\n${content}`))).toEqual([true]));
    expect(await done("trace", "--id", queueId)).toContain("ann@mbx.campus.example");
    await eventually(async () => expect(await done("queue", "list")).not.toContain(queueId));
    expect(mailsIn(maildir())).toHaveLength(1);
  }, 180_000);

  it("comes back when only its parent was killed: the workers leave, the Postgres left behind is taken over", async () => {
    process.kill(mailroom.pid, "SIGKILL");
    expect(await mailroom.stop()).toBe("SIGKILL");
    await eventually(() => {
      for (const { command } of processesOf(mailroom.dataDir)) expect(command).toContain("postgres");
    });
    await mailroom.restart(); // takes over or stops the Postgres that was left behind
    expect(await send("ann@campus.example")).toMatch(/^250 2\.0\.0 /);
    await eventually(() => expect(mailsIn(maildir())).toHaveLength(2));
  }, 180_000);

  it("ends with 0 on SIGTERM, also when npm hands on the one that came already, and leaves no process", async () => {
    process.kill(mailroom.pid, "SIGTERM");
    expect(await mailroom.stop("SIGTERM")).toBe(0);
    expect(processesOf(mailroom.dataDir)).toEqual([]);
  }, 60_000);
});
