/** Limits, rights and the hard stop, on a real database with a real queue. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { listAccounts, resumeSender, setAccount } from "../../src/actions/accounts.ts";
import { releaseQueued } from "../../src/actions/queue.ts";
import { grantSendAs, listSendAs, revokeSendAs } from "../../src/actions/send-as.ts";
import { createMetrics } from "../../src/log/metrics.ts";
import type { Mailbox } from "../../src/mail/mailbox.ts";
import type { Person } from "../../src/mail/person.ts";
import { forgetCounts } from "../../src/sending/quota.ts";
import { type Counts, decideQuota, type QuotaDecision, type SendingLimits } from "../../src/sending/quota-decision.ts";
import { senderRights } from "../../src/sending/rights.ts";
import { openSending } from "../../src/sending/sending.ts";
import { holdStopped, stopSender } from "../../src/sending/stop.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { mailbox } from "../support/mailbox.ts";
import { silentLog } from "../support/sql.ts";

const me = { actor: "test", why: null };
const limits: SendingLimits = { staff: ["staff"], staffPerHour: 50, othersPerHour: 20, othersFirstTimePerDay: 10, hardStop: 100 };
const person = (login: string, affiliation: string | null = null): Person => ({
  login,
  affiliation,
  addresses: [mailbox(`${login}@campus.test`)],
});
const nth = (i: number): Mailbox => mailbox(`r${i}@far.test`);

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());

describe("the decision", () => {
  const none: Counts = { hour: 0, asked: 0, firstTime: 0, known: false, stopped: false };
  test.each<[Partial<Counts>, string | null, QuotaDecision]>([
    [{}, null, "accepted"],
    [{ hour: 19 }, "student", "accepted"],
    [{ hour: 20 }, "student", "tooManyPerHour"],
    [{ hour: 20 }, null, "tooManyPerHour"],
    [{ hour: 49, firstTime: 49 }, "staff", "accepted"],
    [{ hour: 49 }, "Staff", "accepted"],
    [{ hour: 50 }, "staff", "tooManyPerHour"],
    [{ firstTime: 9 }, "student", "accepted"],
    [{ firstTime: 10 }, "student", "tooManyFirstTime"],
    [{ firstTime: 10, known: true }, "student", "accepted"],
    [{ asked: 99 }, "staff", "accepted"],
    [{ asked: 100 }, "staff", "stopNow"],
    [{ asked: 100, stopped: true }, "staff", "stopped"],
    [{ stopped: true }, null, "stopped"],
  ])("%o as %s: %s", (counts, affiliation, decision) => expect(decideQuota({ ...none, ...counts }, affiliation, limits)).toBe(decision));
});

describe("limits", () => {
  const sending = () =>
    openSending({ db: database.open(), log: silentLog, metrics: createMetrics(), directories: [], sleep: async () => {} }, limits);

  test("hold over two nodes and many connections at once", async () => {
    const [one, other] = [sending(), sending()];
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, i) => (i % 2 ? one : other).book(person("stu", "student"), nth(i % 5))),
    );
    expect(answers.filter((answer) => answer === "accepted")).toHaveLength(20);
    expect(new Set(answers)).toEqual(new Set(["accepted", "tooManyPerHour"]));
    expect(await one.book(person("other", "student"), nth(1))).toBe("accepted");
  });

  test("count new recipients by the day, and old ones not", async () => {
    const one = sending();
    for (let i = 0; i < 10; i++) expect(await one.book(person("new"), nth(i))).toBe("accepted");
    expect(await one.book(person("new"), nth(10))).toBe("tooManyFirstTime");
    expect(await one.book(person("new"), nth(9))).toBe("accepted");
    await database.db.query({ text: "update known_recipients set first_at = first_at - interval '25 hours' where login = 'new'" });
    expect(await one.book(person("new"), nth(10))).toBe("accepted");
    await forgetCounts(database.db);
    expect(await one.book(person("new"), nth(10))).toBe("accepted");
  });

  test("reject, and accept nobody, when the database is away", async () => {
    const db = database.open();
    const away = openSending({ db, log: silentLog, metrics: createMetrics(), directories: [], sleep: async () => {} }, limits);
    await db.close();
    await expect(away.book(person("ann"), nth(1))).rejects.toThrow();
    expect((await away.rights(person("ann"))).kind).toBe("unavailable");
  });
});

describe("the hard stop", () => {
  const waiting = async (login: string): Promise<(string | null)[]> => {
    const { rows } = await database.db.query<{ reason: string | null }>({
      text: `select q.held_reason as reason from queued_recipients q join messages m using (message_id) where m.authenticated_as = $1 order by q.message_id`,
      values: [login],
    });
    return rows.map(({ reason }) => reason);
  };
  const queued = (id: number, login: string, claimed: boolean) =>
    database.db.query({
      text: `with m as (insert into messages (message_id, smtputf8, body_8bit, size, sha256, header_size, prefix, authenticated_as, recipient_count)
                        values ($1, false, false, 1, '', 0, '', $2, 1))
             insert into queued_recipients (message_id, recipient_no, final_recipient, original_recipient, destination, lane, paths, attempts, unrecorded,
                                            claimed_by, fence, next_attempt_at, expires_at)
             values ($1, 0, 'x@far.test', 'x@far.test', 'far.test', 0, '[]', $3::int, $3::int, case when $3 = 1 then 1 end, $3::int, now(), now() + interval '1 day')`,
      values: [id, login, claimed ? 1 : 0],
    });

  test("holds what waits, then what comes back, tells the operator once, and lets go in two steps", async () => {
    await queued(1, "burst", false);
    await queued(2, "burst", true);
    await queued(3, "quiet", false);
    const errors: unknown[] = [];
    const metrics = createMetrics();
    const log = { ...silentLog, error: (event: string, fields?: object) => void errors.push({ event, ...fields }) };
    const sending = openSending({ db: database.db, log, metrics, directories: [], sleep: async () => {} }, { ...limits, staffPerHour: 50 });
    const burst = person("burst", "staff");
    const answers: string[] = [];
    for (let i = 0; i < 103; i++) answers.push(await sending.book(burst, nth(i)));
    expect(answers.filter((answer) => answer === "accepted")).toHaveLength(50);
    expect(answers.slice(50, 100)).toEqual(Array(50).fill("tooManyPerHour"));
    expect(answers.slice(100)).toEqual(["stopped", "stopped", "stopped"]);
    expect(errors).toMatchObject([{ login: "burst", held: 1, next: "mailroom account resume burst" }]);
    expect(await metrics.registry.metrics()).toContain("mailroom_sending_stops_total 1");
    expect(await stopSender(database.db, "burst")).toBeNull();

    expect(await waiting("burst")).toEqual(["sending stopped: burst", null]);
    expect(await waiting("quiet")).toEqual([null]);
    await database.db.query({ text: "update queued_recipients set claimed_by = null where message_id = 2" });
    await holdStopped(database.db);
    expect(await waiting("burst")).toEqual(["sending stopped: burst", "sending stopped: burst"]);
    expect(await sending.heldFor(burst)).toBe("sending stopped: burst");

    expect(await listAccounts(database.db)).toMatchObject([{ login: "burst", addresses: [], stopped_at: expect.any(String) }]);
    await resumeSender(database.db, me, "Burst");
    await expect(resumeSender(database.db, me, "burst")).rejects.toThrow(/not stopped/);
    expect(await sending.heldFor(burst)).toBeNull();
    expect(await sending.book(burst, nth(1))).toBe("accepted");
    expect(await waiting("burst")).toEqual(["sending stopped: burst", "sending stopped: burst"]);
    const released = await releaseQueued(database.db, me, { kind: "reason", reason: "sending stopped: burst" });
    expect(released).toMatchObject({ matched: 2, done: 2 });
    await holdStopped(database.db);
    expect(await waiting("burst")).toEqual([null, null]);
  });
});

describe("whom a person may send as", () => {
  const may = async (who: Person, address: string): Promise<boolean> => {
    const rights = await senderRights(database.db, who);
    return rights.kind === "found" && rights.value.maySendAs(mailbox(address));
  };

  test("themselves, and what was granted, until its end", async () => {
    const ann = person("ann");
    expect([await may(ann, "Ann@campus.test"), await may(ann, "ann@CAMPUS.test"), await may(ann, "bob@campus.test")]).toEqual([
      true,
      true,
      false,
    ]);
    expect([await may(ann, "ann+x@campus.test"), await may(ann, "ann@other.test")]).toEqual([false, false]);
    const granted = await grantSendAs(database.db, me, { login: "ann", address: "Help@campus.test", until: "2099-06-30" });
    expect(granted.after).toEqual({ login: "ann", address: "help@campus.test", ends_at: "2099-07-01T00:00:00.000Z" });
    expect([await may(ann, "help@campus.test"), await may(person("bob"), "help@campus.test")]).toEqual([true, false]);
    await database.db.query({ text: "update send_as_grants set ends_at = now()" });
    expect(await may(ann, "help@campus.test")).toBe(false);
    expect(await listSendAs(database.db, "ann")).toHaveLength(1);
    await revokeSendAs(database.db, me, "ann", "help@campus.test");
    await expect(revokeSendAs(database.db, me, "ann", "help@campus.test")).rejects.toThrow(/no grant/);
    await expect(grantSendAs(database.db, me, { login: "ann", address: "help@campus.test", until: "2001-01-01" })).rejects.toThrow(/past/);
  });

  test("an alias or list that leads to them is no right to send as it", async () => {
    await database.db.query({ text: "insert into domains (domain) values ('campus.test')" });
    await database.db.query({ text: "insert into entries (address, domain, kind) values ('dean@campus.test', 'campus.test', 'alias')" });
    await database.db.query({ text: "insert into targets (address, target) values ('dean@campus.test', 'ann@campus.test')" });
    expect(await may(person("ann"), "dean@campus.test")).toBe(false);
  });

  test("an address belongs to one account; nonsense is refused with a next step", async () => {
    await setAccount(database.db, me, { login: "ann", addresses: ["ann@campus.test"] });
    await expect(setAccount(database.db, me, { login: "eve", addresses: ["ANN@campus.test"] })).rejects.toThrow(/belongs to ann/);
    for (const login of ["", "a b", "ann\0", "ünn", "-x", "x".repeat(256)]) {
      await expect(setAccount(database.db, me, { login, addresses: [] })).rejects.toThrow(/no login/);
    }
    await expect(setAccount(database.db, me, { login: "eve", addresses: ["nonsense"] })).rejects.toThrow(/no address/);
    await expect(setAccount(database.db, me, { login: "eve", addresses: [], affiliation: "a b" })).rejects.toThrow(/affiliation/);
    const again = await setAccount(database.db, me, { login: "ann", addresses: ["ann@campus.test"] });
    expect(again.changed).toBe(false);
  });
});
