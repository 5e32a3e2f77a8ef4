/** Lists as people meet them: what a copy says, who waits for whom, and how a member leaves; with the real program. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Client } from "../receive/client.ts";
import { eventually } from "../support/eventually.ts";
import { type Mailroom, startMailroom } from "../support/mailroom.ts";
import { type Sink, startSink, type Taken } from "../support/sinks.ts";

let mailroom: Mailroom;
let hop: Sink;

beforeAll(async () => {
  mailroom = await startMailroom({ env: { MAILROOM_HTTP_PUBLIC_URL: "https://lists.campus.example" } });
  hop = await startSink();
  for (const words of [
    ["domain", "add", "campus.example"],
    ["route", "set", "*", `smtp://127.0.0.1:${hop.port}`],
    ["alias", "set", "ann@campus.example", "--to", "ann@hop.example"],
    ["list", "create", "staff@campus.example", "--owner", "boss@hop.example", "--leave", "--no-own-copy"],
    ["list", "add", "staff@campus.example", "ann@campus.example", "bob@hop.example", "carl@hop.example"],
    ["list", "add", "staff@campus.example", "carl@hop.example", "--exclude"],
    ["list", "create", "journal@campus.example", "--owner", "boss@hop.example", "--post", "moderated"],
    ["list", "add", "journal@campus.example", "dora@hop.example", "eve@hop.example"],
  ]) {
    const { code, output } = await mailroom.cli(...words);
    expect(code, output).toBe(0);
  }
}, 120_000);
afterAll(async () => {
  await hop?.close();
  await mailroom?.remove();
}, 60_000);

const BODY = "\r\nhello\r\n..\r\n";

async function post(to: string, from: string, header = "Subject: hi\r\nMessage-ID: <1@out.example>\r\n"): Promise<string> {
  const client = await Client.greeted(mailroom.smtpPort);
  const reply = await client.transact(`${header}${BODY}.\r\n`, to, from);
  client.close();
  return reply;
}

const takenFor = (to: string): Taken[] => hop.taken.filter(({ rcpts }) => rcpts.some((rcpt) => rcpt.includes(`<${to}>`)));
const headerOf = ({ content }: Taken): string =>
  content
    .toString("latin1")
    .split("\r\n\r\n")[0]
    ?.replace(/\r\n[ \t]/g, " ") ?? "";
const urlIn = (copy: Taken): string => /<https:\/\/lists\.campus\.example(\/leave\/[^>]+)>/.exec(headerOf(copy))?.[1] ?? "";

describe("a list's copies", () => {
  it("say which list they are of, each with its member's own link; the octets behind stay as they came", async () => {
    expect(await post("staff@campus.example", "out@elsewhere.example")).toMatch(/^250/);
    await eventually(() => expect([takenFor("ann@hop.example").length, takenFor("bob@hop.example").length]).toEqual([1, 1]));
    const [ann, bob] = [takenFor("ann@hop.example")[0] as Taken, takenFor("bob@hop.example")[0] as Taken];
    for (const line of [
      "List-Id: <staff.campus.example>",
      "List-Post: <mailto:staff@campus.example>",
      "List-Help: <mailto:staff-request@campus.example?subject=help>",
      "List-Owner: <mailto:staff-owner@campus.example>",
      "List-Subscribe: <mailto:staff-request@campus.example?subject=subscribe>",
      "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
    ])
      expect(headerOf(ann).split("\r\n")).toContain(line);
    expect(headerOf(ann)).toMatch(/List-Unsubscribe: +<https:\/\/lists\.campus\.example\/leave\/\S+>, +<mailto:staff-request@/);
    expect(ann.content.toString("latin1").endsWith(`Subject: hi\r\nMessage-ID: <1@out.example>\r\n\r\nhello\r\n.\r\n`)).toBe(true);
    expect(ann.mail).toContain("<staff-bounces@campus.example>");
    expect(urlIn(ann)).not.toBe(urlIn(bob));
    expect(takenFor("carl@hop.example")).toEqual([]); // excluded
  });

  it("and a personal copy says nothing of it", async () => {
    hop.taken.length = 0;
    expect(await post("ann@campus.example", "out@elsewhere.example")).toMatch(/^250/);
    const [copy] = await eventually(() => {
      expect(takenFor("ann@hop.example")).toHaveLength(1);
      return takenFor("ann@hop.example");
    });
    expect(headerOf(copy as Taken)).not.toMatch(/^List-/m);
  });

  it("say no field twice that another list has said", async () => {
    hop.taken.length = 0;
    const header = "Subject: hi\r\nList-Id: <other.example>\r\nList-Unsubscribe: <mailto:x@other.example>\r\n";
    expect(await post("staff@campus.example", "out@elsewhere.example", header)).toMatch(/^250/);
    const copy = await eventually(() => {
      expect(takenFor("bob@hop.example")).toHaveLength(1);
      return takenFor("bob@hop.example")[0] as Taken;
    });
    expect(headerOf(copy).match(/^List-(Id|Unsubscribe):/gm)).toHaveLength(2);
    expect(headerOf(copy)).not.toContain("List-Unsubscribe-Post");
  });

  it("go to all but the member who posts, where the list says so", async () => {
    hop.taken.length = 0;
    expect(await post("staff@campus.example", "ann@campus.example")).toMatch(/^250/);
    await eventually(() => expect(takenFor("bob@hop.example")).toHaveLength(1));
    expect(takenFor("ann@hop.example")).toEqual([]);
    const explained = await mailroom.cli("explain", "staff@campus.example", "--from", "ann@campus.example");
    expect(explained.output).toContain("the sender has it already, no copy");
    expect(explained.output).toContain("no copy to its sender");
    expect(explained.code).toBe(0);
  });
});

describe("leaving by the link", () => {
  const ask = (path: string, init?: RequestInit) => fetch(`${mailroom.http}${path}`, init);
  const members = async () => (await mailroom.cli("list", "members", "staff@campus.example")).output.trim().split("\n");
  let link = "";

  it("GET asks and changes nothing", async () => {
    hop.taken.length = 0;
    expect(await post("staff@campus.example", "x@elsewhere.example")).toMatch(/^250/);
    await eventually(() => expect(takenFor("bob@hop.example")).toHaveLength(1));
    link = urlIn(takenFor("bob@hop.example")[0] as Taken);
    const page = await ask(link);
    expect(page.status).toBe(200);
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(await page.text()).toMatch(/bob@hop\.example.*<form method="post">/s);
    expect(await members()).toContain("bob@hop.example");
  });

  it("a token that is none, whole or in part, is 404 and changes nothing", async () => {
    const token = link.slice("/leave/".length);
    const other = Buffer.from("staff@campus.example\nann@campus.example").toString("base64url");
    for (const bad of [
      "x",
      "%00",
      token.slice(0, -1),
      `${token}A`,
      `${other}.${token.split(".")[1]}`,
      token.replace(/^./, (first) => (first === "A" ? "B" : "A")),
      "A".repeat(100_000 % 8000),
      encodeURIComponent(`${token}\n`),
      `' or 1=1--.${"A".repeat(22)}`,
    ]) {
      for (const method of ["GET", "POST"]) expect((await ask(`/leave/${bad}`, { method })).status, `${method} ${bad}`).toBe(404);
    }
    expect(await members()).toHaveLength(3);
  });

  it("one POST takes the member off, and is in the change records; a second one has nothing to do", async () => {
    const init = { method: "POST", body: "List-Unsubscribe=One-Click", headers: { "content-type": "application/x-www-form-urlencoded" } };
    const first = await ask(link, init);
    expect([first.status, await first.text()]).toEqual([200, expect.stringContaining("You have left the list")]);
    expect(await members()).not.toContain("bob@hop.example");
    expect(await (await ask(link, init)).text()).toContain("Nothing to leave");
    expect((await mailroom.cli("list", "add", "staff@campus.example", "bob@hop.example")).code).toBe(0);
    expect((await mailroom.cli("list", "set", "staff@campus.example", "--no-leave")).code).toBe(0);
    expect(await (await ask(link, init)).text()).toContain("Nothing to leave"); // the list lets nobody go now
    expect(await members()).toContain("bob@hop.example");
  });
});

describe("a moderated list", () => {
  type Waiting = { queueId: string; list: string; copies: number; from: string; subject: string };
  const held = async (): Promise<Waiting[]> =>
    (await mailroom.cli("held", "list", "--json")).output
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line) as Waiting);

  it("holds a post, tells its sender and owner once, keeps it over a restart, and lets it go when approved", async () => {
    hop.taken.length = 0;
    expect(await post("journal@campus.example", "s@elsewhere.example")).toMatch(/^250/);
    expect(await post("journal@campus.example", "s@elsewhere.example", "Subject: again\r\n")).toMatch(/^250/);
    await eventually(() => expect([takenFor("s@elsewhere.example").length, takenFor("boss@hop.example").length]).toEqual([1, 1]));
    const [toSender] = takenFor("s@elsewhere.example");
    expect(toSender?.mail).toContain("MAIL FROM:<>");
    expect(headerOf(toSender as Taken)).toContain("Auto-Submitted: auto-generated");
    expect(headerOf(toSender as Taken)).toContain("Subject: Your post waits for approval: hi");
    expect(await mailroom.stop("SIGKILL")).toBe("SIGKILL");
    await mailroom.restart();
    const waiting = await held();
    expect(waiting).toMatchObject([
      { list: "journal@campus.example", copies: 2, from: "s@elsewhere.example", subject: "hi" },
      { list: "journal@campus.example", copies: 2, subject: "again" },
    ]);
    expect(takenFor("dora@hop.example")).toEqual([]);
    const approved = await mailroom.cli("held", "approve", "--id", waiting[0]?.queueId ?? "", "--why", "TICKET-1");
    expect(approved, approved.output).toMatchObject({ code: 0 });
    await eventually(() => expect([takenFor("dora@hop.example").length, takenFor("eve@hop.example").length]).toEqual([1, 1]));
    expect(headerOf(takenFor("dora@hop.example")[0] as Taken)).toContain("List-Id: <journal.campus.example>");
    expect((await mailroom.cli("held", "approve", "--id", waiting[0]?.queueId ?? "")).code).toBe(1);
  }, 120_000);

  it("sends a post back with the reason, and nobody gets a copy", async () => {
    const [post] = await held();
    const rejected = await mailroom.cli("held", "reject", "--id", post?.queueId ?? "", "--why", "Not for this list");
    expect(rejected, rejected.output).toMatchObject({ code: 0 });
    const notice = await eventually(() => {
      expect(takenFor("s@elsewhere.example")).toHaveLength(2);
      return takenFor("s@elsewhere.example")[1] as Taken;
    });
    expect(notice.content.toString("latin1")).toContain("The reason given: Not for this list");
    expect(await held()).toEqual([]);
    expect(takenFor("dora@hop.example")).toHaveLength(1);
    const traced = await mailroom.cli("trace", "--id", post?.queueId ?? "");
    expect(traced.output).toContain("The list's owner did not let this post through");
  }, 60_000);

  it("says nothing to whom nobody may answer", async () => {
    hop.taken.length = 0;
    expect(await post("journal@campus.example", "robot@elsewhere.example", "Subject: x\r\nX-Auto-Response-Suppress: All\r\n")).toMatch(
      /^250/,
    );
    const [waiting] = await held();
    expect((await mailroom.cli("held", "reject", "--id", waiting?.queueId ?? "")).code).toBe(0);
    expect(await held()).toEqual([]);
    expect(takenFor("robot@elsewhere.example")).toEqual([]);
  }, 60_000);

  it.each([
    [["held", "approve"], 64],
    [["held", "approve", "--id", "no/id"], 65],
    [["held", "approve", "--id", "4bXk2q1hZz"], 1],
    [["held", "reject", "--id", "4bXk2q1hZz", "--why", "a\u001bb"], 64],
    [["held", "list", "--list", "none@campus.example"], 1],
    [["held", "show", "4bXk2q1hZz"], 1],
    [["list", "set", "none@campus.example", "--leave"], 1],
    [["list", "set", "staff@campus.example", "--limit", "100001"], 65],
    [["list", "add", "staff@campus.example", "x@hop.example", "--exclude", "--sender"], 64],
    [["alias", "set", "staff-owner@campus.example", "--to", "x@hop.example"], 1],
    [["list", "create", "staff-bounces@campus.example"], 1],
  ] as const)("%j ends with %i", async (words, code) => {
    const ended = await mailroom.cli(...words);
    expect(ended.code, ended.output).toBe(code);
  });
});
