/** Mail that comes back: a next hop that takes our Received fields out and sends every copy to us again. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { Client } from "../receive/client.ts";
import { eventually } from "../support/eventually.ts";
import { type Mailroom, startMailroom } from "../support/mailroom.ts";
import { type Sink, startSink } from "../support/sinks.ts";

let mailroom: Mailroom;
let hop: Sink;
const refusals: string[] = [];
let returned = 0;

beforeAll(async () => {
  mailroom = await startMailroom();
  hop = await startSink();
  for (const words of [
    ["domain", "add", "campus.example"],
    ["route", "set", "hop.example", `smtp://127.0.0.1:${hop.port}`],
    ["alias", "set", "ann@campus.example", "--to", "ann@hop.example"],
    ["alias", "set", "bob@campus.example", "--to", "bob@hop.example"],
  ])
    expect((await mailroom.cli(...words)).code).toBe(0);
}, 120_000);
afterAll(async () => {
  await hop?.close();
  await mailroom?.remove();
}, 60_000);

/** Sends back what the hop has taken since, as a careless forwarder would. */
async function sendBack(): Promise<void> {
  for (const { content } of hop.taken.slice(returned)) {
    returned++;
    const stripped = content.toString("latin1").replace(/^Received:.*\r\n(?:[ \t].*\r\n)*/gm, "");
    for (const to of ["ann@campus.example", "bob@campus.example"]) {
      if (!content.includes(`X-For: ${to}`)) continue;
      const client = await Client.greeted(mailroom.smtpPort);
      const reply = await client.transact(`${stripped.replace(/^\./gm, "..")}.\r\n`, to, "out@elsewhere.example");
      client.close();
      if (!reply.startsWith("250")) refusals.push(reply);
    }
  }
}

it("is refused when it is back for the same address: two passes at the most", async () => {
  const client = await Client.greeted(mailroom.smtpPort);
  expect(
    await client.transact(
      "Subject: round\r\nX-For: ann@campus.example\r\n\r\nand round\r\n.\r\n",
      "ann@campus.example",
      "out@elsewhere.example",
    ),
  ).toMatch(/^250/);
  client.close();
  await eventually(async () => {
    await sendBack();
    expect(refusals).toEqual(["554 5.4.6 Message was here for this address before, mail loop"]);
  });
  expect(hop.taken.length).toBe(1);
}, 60_000);
