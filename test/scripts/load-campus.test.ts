import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { panelRequests } from "../../scripts/bench/panel-requests.ts";
import { loadCampus, NotEmpty } from "../../scripts/load-campus/load.ts";
import type { Samples } from "../../scripts/load-campus/samples.ts";
import { capture } from "../../scripts/run.ts";
import { readDirectory } from "../../src/directory/open-directory.ts";
import { parseQueueId } from "../../src/mail/queue-id.ts";
import { listQueue } from "../../src/queue/inspect.ts";
import { traceMessages } from "../../src/queue/trace.ts";
import { explain } from "../../src/resolve/explain.ts";
import { exitStatusOf } from "../../src/resolve/explanation.ts";
import { LIMITS } from "../../src/resolve/limits.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { testDirectory } from "../support/directory.ts";
import { mailbox } from "../support/mailbox.ts";
import { silentLog } from "../support/sql.ts";

const WANTED = { addresses: 2000, people: 500, trace: 5000, queued: 200, seed: "test", force: false };
const NOW = new Date();
const SILENT = { log: silentLog, step: () => {}, progress: () => {} };

let database: TestDatabase;
let samples: Samples;
/** Of the processor: what other tests take does not count. */
let seconds: number;
let firstDigests: string[];

beforeAll(async () => {
  database = await createDatabase();
  const before = process.cpuUsage();
  samples = await loadCampus(database.db, WANTED, NOW, SILENT);
  const { user, system } = process.cpuUsage(before);
  seconds = (user + system) / 1_000_000;
  firstDigests = await digests(database);
});
afterAll(() => database.drop());

/** What of the campus must not depend on when and where it was loaded. */
async function digests({ db }: TestDatabase): Promise<string[]> {
  const tables = {
    entries: "(address, kind, owner, note, expires_at, changed_at)",
    targets: "(address, target)",
    ldap_answers: "(address, targets)",
    deliveries: "(message_id, recipient_no, attempt_no, reply, ended_at)",
    queued_recipients: "(message_id, recipient_no, last_reply, next_attempt_at)",
  };
  const found: string[] = [];
  for (const [table, columns] of Object.entries(tables)) {
    const text = `select md5(string_agg(row, '' order by row)) as md5 from (select ${columns}::text as row from ${table}) as of_table`;
    const { rows } = await db.query<{ md5: string }>({ text });
    found.push(`${table} ${rows[0]?.md5}`);
  }
  return found;
}

async function number(text: string): Promise<number> {
  const { rows } = await database.db.query<{ n: number }>({ text: `select (${text})::integer as n` });
  return rows[0]?.n ?? Number.NaN;
}

describe("a small campus", () => {
  it("is there in seconds, with as many rows as asked for", async () => {
    expect(seconds).toBeLessThan(10);
    expect(await number("select count(*) from entries")).toBe(WANTED.addresses);
    expect(await number("select count(*) from ldap_answers where kind = 'person'")).toBe(WANTED.people);
    expect(await number("select count(*) from ldap_answers where kind = 'group'")).toBeGreaterThan(0);
    expect(await number("select count(*) from deliveries")).toBe(WANTED.trace);
    expect(await number("select count(*) from queued_recipients")).toBe(WANTED.queued);
    expect(await number("select count(distinct domain) from entries")).toBe(12);
    expect(await number("select count(distinct relay) from deliveries")).toBeGreaterThan(15);
    const reasons = "select count(distinct (destination, last_status)) from queued_recipients";
    expect(await number(reasons)).toBeGreaterThanOrEqual(13);
  });

  it("has lives of every kind", async () => {
    const share = async (condition: string): Promise<number> =>
      (await number(`select count(*) from entries e where ${condition}`)) / WANTED.addresses;
    expect(await share("expires_at < now()")).toBeGreaterThan(0.01);
    expect(await share("disabled is not null")).toBeGreaterThan(0.01);
    expect(await share("moved_to is not null")).toBeGreaterThan(0.001);
    const dead = `not exists (select from targets t where t.address = e.address and (t.target in (select address from entries)
      or split_part(t.target, '@', 2) not in (select domain from domains)))`;
    expect(await share(dead)).toBeGreaterThan(0.005);
    expect(await share(dead)).toBeLessThan(0.02);
    const providers =
      "select 100 * count(*) filter (where target ~ '@(gmail|outlook|yahoo|icloud|hotmail|gmx|proton).example$') / count(*)";
    expect(await number(`${providers} from targets where address <> '${samples.wideList}'`)).toBeGreaterThan(20);
  });

  it("has its history by the triggers, and no tombstone", async () => {
    for (const table of ["entries", "targets", "domains"]) {
      const open = `select count(*) from directory_history where relation = '${table}' and valid_to is null`;
      expect([table, await number(open)]).toEqual([table, await number(`select count(*) from ${table}`)]);
    }
    expect(await number("select count(*) from directory_history where begun_by = 'load-campus'")).toBeGreaterThan(WANTED.addresses);
    expect(await number("select count(*) from tombstones")).toBe(0);
  });

  it("lies in the partitions of its days, nothing in the future", async () => {
    expect(await number("select count(*) from messages_default")).toBe(0);
    expect(await number("select count(*) from deliveries_default")).toBe(0);
    expect(await number("select count(*) from pg_inherits where inhparent = 'messages'::regclass")).toBe(30 + 3 + 1);
    expect(await number("select count(*) from deliveries where ended_at > now()")).toBe(0);
    expect(
      await number("select count(*) from messages m where not exists (select from deliveries d where d.message_id = m.message_id)"),
    ).toBe(0);
    expect(await number("select count(*) from deliveries d left join messages m using (message_id) where m.message_id is null")).toBe(0);
  });

  it("has content for all that waits", async () => {
    const { rows } = await listQueue(database.db, 1000, null);
    expect(rows).toHaveLength(WANTED.queued);
    const whole = `select count(*) from queued_recipients q join messages m using (message_id) join content_chunks c using (message_id)
      where length(c.octets) = m.size and sha256(c.octets) = m.sha256 and position('\\r\\n\\r\\n'::bytea in c.octets) + 3 = m.header_size`;
    expect(await number(whole.replaceAll("'\\r\\n\\r\\n'::bytea", "'\\x0d0a0d0a'::bytea"))).toBe(WANTED.queued);
    expect(await number("select count(*) from queued_recipients where next_attempt_at < now() or expires_at < now()")).toBe(0);
  });

  it("is as the samples say", async () => {
    const status = async (address: string): Promise<number> =>
      exitStatusOf(await explain(readDirectory(database.db), mailbox(address), undefined, { limits: { ...LIMITS, recipients: 20_000 } }));
    for (const address of [samples.person, samples.busyPerson, samples.list, samples.nestedList, samples.wideList, samples.longestChain])
      expect([address, await status(address)]).toEqual([address, 0]);
    for (const address of [samples.chain, samples.deadEnd, samples.expired, samples.off])
      expect([address, await status(address)]).toEqual([address, 2]);
    for (const address of [samples.moved, samples.ldapPerson, samples.ldapGroup]) expect(address).toContain("@");
    expect(await number(`select count(*) from targets where target = '${samples.popularTarget}'`)).toBeGreaterThan(0);
  });

  it("can be looked up in the trace", async () => {
    const since = new Date(NOW.getTime() - 40 * 86_400_000);
    const busy = await traceMessages(database.db, { to: samples.busyPerson, since, limit: 50 });
    expect(busy).toHaveLength(50);
    const one = async (text: string) => {
      const messageId = parseQueueId(text);
      if (messageId === null) throw new Error(`${text} is no queue id`);
      return (await traceMessages(database.db, { messageId, since, limit: 2 }))[0];
    };
    expect((await one(samples.bouncedMessage))?.deliveries.map(({ outcome }) => outcome)).toContain("bounced");
    expect((await one(samples.sentMessage))?.deliveries.map(({ outcome }) => outcome)).toContain("sent");
    expect((await one(samples.waitingMessage))?.waiting).not.toEqual([]);
  });
});

describe("a database that is in use", () => {
  it("is refused, and filled up beside what is there when that is forced", async () => {
    await expect(loadCampus(database.db, WANTED, NOW, SILENT)).rejects.toThrow(NotEmpty);
    await loadCampus(database.db, { ...WANTED, addresses: 1000, people: 10, trace: 300, queued: 10, force: true }, NOW, SILENT);
    expect(await number("select count(*) from queued_recipients")).toBe(WANTED.queued + 10);
    expect(await number("select count(*) from deliveries")).toBe(WANTED.trace + 300);
    expect(await number("select count(*) from tombstones")).toBe(0);
  });
});

it("is the same for the same seed", async () => {
  const other = await createDatabase();
  try {
    const again = await loadCampus(other.db, WANTED, NOW, SILENT);
    expect(again).toEqual(samples);
    expect(await digests(other)).toEqual(firstDigests);
  } finally {
    await other.drop();
  }
});

describe("the command", () => {
  let folder: Awaited<ReturnType<typeof testDirectory>>;
  let empty: TestDatabase;
  beforeAll(async () => {
    [folder, empty] = await Promise.all([testDirectory(), createDatabase()]);
  });
  afterAll(() => Promise.all([folder.remove(), empty.drop()]));

  const run = (...args: string[]) =>
    capture(process.execPath, ["--import", "tsx", "scripts/load-campus.ts", ...args], {
      ...process.env,
      MAILROOM_DATABASE_URL: empty.url,
      MAILROOM_DATA_DIR: folder.path,
    });
  const small = ["--addresses", "1000", "--people", "10", "--trace", "500", "--queued", "5"];

  it("says what is wrong with its arguments, and changes nothing unasked", async () => {
    for (const wrong of [
      ["--addresses", "many"],
      ["--addresses", "10"],
      ["--trace=-1"],
      ["--queued", "1e3"],
      ["--nonsense"],
      ["word"],
      small,
    ]) {
      const { code, output } = await run(...wrong);
      expect([wrong, code, output.includes("    at ")]).toEqual([wrong, 64, false]);
    }
    const { rows } = await empty.db.query({ text: "select from domains limit 1" });
    expect(rows).toEqual([]);
  });

  it("loads, tells what to try, and does it only once", async () => {
    const file = join(folder.path, "samples.json");
    const { code, output } = await run(...small, "--yes", "--samples", file);
    expect([code, output]).toEqual([0, expect.stringContaining("deadEnd")]);
    const written = JSON.parse(readFileSync(file, "utf8")) as Samples;
    for (const { path } of panelRequests(written)) expect(path).not.toMatch(/undefined|=(&|$)|\/$/);
    const again = await run(...small, "--yes");
    expect([again.code, again.output]).toEqual([1, expect.stringContaining("--force")]);
  });
});
