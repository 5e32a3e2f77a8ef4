/** What senders are told of addresses that begin, end, rest and move: the command line on one side, SMTP on the other, with the real program. */
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { Client } from "../receive/client.ts";
import { eventually } from "../support/eventually.ts";
import { type Mailroom, startMailroom } from "../support/mailroom.ts";
import { type Sink, startSink, type Taken } from "../support/sinks.ts";

let mailroom: Mailroom;
let hop: Sink;

beforeAll(async () => {
  mailroom = await startMailroom();
  hop = await startSink();
  for (const line of [
    "domain add campus.example",
    `route set * smtp://127.0.0.1:${hop.port}`,
    "alias set ann@campus.example --to ann@mbx.example",
  ])
    await done(line);
}, 120_000);
afterAll(async () => {
  await hop?.close();
  await mailroom?.remove();
}, 60_000);

async function done(line: string, ...more: string[]): Promise<string> {
  const { code, output } = await mailroom.cli(...line.split(" "), ...more);
  expect(code, output).toBe(0);
  return output;
}

/** The reply to RCPT, for mail from a stranger. */
async function rcpt(to: string): Promise<string> {
  const client = await Client.greeted(mailroom.smtpPort);
  await client.ask("MAIL FROM:<sender@elsewhere.example>");
  const reply = await client.ask(`RCPT TO:<${to}>`);
  client.close();
  return reply;
}

async function send(to: string, from: string, header = ""): Promise<string> {
  const client = await Client.greeted(mailroom.smtpPort);
  const reply = await client.transact(`From: <${from}>\r\nSubject: hello\r\n${header}\r\ntext\r\n.\r\n`, to, from);
  client.close();
  return reply;
}

const takenFor = (to: string): Taken[] => hop.taken.filter(({ rcpts }) => rcpts.some((line) => line.includes(`<${to}>`)));
const explainExit = async (address: string): Promise<number> => (await mailroom.cli("explain", address)).code;

describe("an address that is switched off", () => {
  test.each([
    ["hard", [], /^550 5\.1\.1 /],
    ["soft", [], /^450 4\.2\.1 /],
    ["text", ["--text", "Closed until September"], /^550 5\.2\.1 .*Closed until September/],
  ] as const)(
    "%s is refused so, and works again when it is switched on",
    async (answer, words, reply) => {
      const address = `${answer}@campus.example`;
      await done(`alias set ${address} --to ann@mbx.example`);
      expect(await rcpt(address)).toMatch(/^250/);
      await done(`alias disable ${address} --answer ${answer}`, ...words);
      await eventually(async () => expect(await rcpt(address)).toMatch(reply));
      await done(`alias enable ${address}`);
      await eventually(async () => expect(await rcpt(address)).toMatch(/^250/));
    },
    60_000,
  );

  it("quiet takes the mail and discards it, and the trace says so", async () => {
    await done("alias set quiet@campus.example --to quiet@mbx.example");
    await done("alias disable quiet@campus.example --answer quiet");
    const reply = await eventually(async () => {
      expect(await explainExit("quiet@campus.example")).toBe(0);
      return send("quiet@campus.example", "sender@elsewhere.example");
    });
    const id = /queued as (\S+)/.exec(reply)?.[1] ?? "";
    expect(id).not.toBe("");
    expect(await done(`trace --id ${id}`)).toContain("discarded");
    expect(mailroom.output()).toMatch(new RegExp(`${id}.*discarded`));
    expect(await send("ann@campus.example", "later@elsewhere.example")).toMatch(/^250/);
    await eventually(() => expect(takenFor("ann@mbx.example").some(({ mail }) => mail.includes("later@"))).toBe(true));
    expect(takenFor("quiet@mbx.example")).toEqual([]);
  }, 60_000);
});

it("an address is unknown before it begins and, to the moment, after it has ended", async () => {
  await done("alias set notyet@campus.example --to ann@mbx.example --starts 2126-09-01");
  expect(await rcpt("notyet@campus.example")).toMatch(/^550 5\.1\.1 /);
  const end = Date.now() + 10_000;
  await done(`alias set brief@campus.example --to ann@mbx.example --expires ${new Date(end).toISOString()}`);
  expect(await rcpt("brief@campus.example")).toMatch(/^250/); // so its answer is kept when the moment comes
  await new Promise((resolve) => setTimeout(resolve, end - Date.now() + 50));
  expect(await rcpt("brief@campus.example")).toMatch(/^550 5\.1\.1 /);
}, 60_000);

describe("a retired address", () => {
  it("is refused with the new one", async () => {
    await done("alias set old@campus.example --to old@mbx.example");
    await done("alias retire old@campus.example --moved-to new@elsewhere.example");
    await eventually(async () => expect(await rcpt("old@campus.example")).toMatch(/^550 5\.1\.6 .*new@elsewhere\.example/));
  }, 60_000);

  it("or its mail goes there, and each person who writes is told once, programs and bounces never", async () => {
    await done("alias set gone@campus.example --to gone@mbx.example");
    await done("alias retire gone@campus.example --moved-to here@mbx.example --deliver");
    await eventually(async () => expect((await mailroom.cli("explain", "gone@campus.example")).output).toContain("here@mbx.example"));
    expect(await send("gone@campus.example", "robot@elsewhere.example", "Auto-Submitted: auto-generated\r\n")).toMatch(/^250/);
    expect(await send("gone@campus.example", "writer@elsewhere.example", "Message-ID: <m1@elsewhere.example>\r\n")).toMatch(/^250/);
    const [notice] = await eventually(() => {
      expect(takenFor("writer@elsewhere.example")).toHaveLength(1);
      return takenFor("writer@elsewhere.example");
    });
    expect(notice?.mail).toContain("<>");
    const text = notice?.content.toString("latin1") ?? "";
    for (const words of ["Auto-Submitted: auto-replied", "In-Reply-To: <m1@elsewhere.example>", "here@mbx.example"])
      expect(text).toContain(words);
    expect(await send("gone@campus.example", "writer@elsewhere.example")).toMatch(/^250/);
    expect(await send("gone@campus.example", "")).toMatch(/^250/);
    await eventually(() => expect(takenFor("here@mbx.example")).toHaveLength(4));
    await eventually(async () => expect(await done("queue list")).toBe("The queue is empty.\n"));
    expect(takenFor("writer@elsewhere.example")).toHaveLength(1);
    expect(takenFor("robot@elsewhere.example")).toEqual([]);
  }, 60_000);
});

it("who may not forward off campus gets no mail there, and does again when the policy or an exception says so", async () => {
  await done("alias set stu@campus.example --to stu@far.example --affiliation student");
  expect(await rcpt("stu@campus.example")).toMatch(/^250/);
  await done("policy set student --off-campus no --why BOARD-4");
  await eventually(async () => expect(await rcpt("stu@campus.example")).toMatch(/^550 5\.7\.1 /));
  await done("policy except stu@campus.example --until 2126-01-01");
  await eventually(async () => expect(await rcpt("stu@campus.example")).toMatch(/^250/));
  await done("policy except stu@campus.example --no-until");
  await eventually(async () => expect(await rcpt("stu@campus.example")).toMatch(/^550 5\.7\.1 /));
  await done(`route set far.example smtp://127.0.0.1:${hop.port}`); // a route of its own: on campus
  await eventually(async () => expect(await rcpt("stu@campus.example")).toMatch(/^250/));
}, 60_000);

it("a member counts only inside of its dates", async () => {
  await done("list create club@campus.example");
  await done("list add club@campus.example ann@campus.example");
  await done("list add club@campus.example new@mbx.example --starts 2126-09-01");
  expect(await mailroom.cli("explain", "club@campus.example")).toMatchObject({
    code: 2,
    output: expect.stringContaining("does not begin before 2126-09-01"),
  });
  hop.taken.length = 0;
  expect(await send("club@campus.example", "sender@elsewhere.example")).toMatch(/^250/);
  await eventually(() => expect(takenFor("ann@mbx.example")).toHaveLength(1));
  expect(takenFor("new@mbx.example")).toEqual([]);
}, 60_000);
