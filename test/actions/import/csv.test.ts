import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { getEntry, setAlias } from "../../../src/actions/aliases.ts";
import { addDomain } from "../../../src/actions/domains.ts";
import { exportCsv } from "../../../src/actions/export.ts";
import { createList } from "../../../src/actions/lists.ts";
import { author, records, refusal } from "../support.ts";
import { type Bench, importBench } from "./support.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await importBench();
});
afterAll(() => bench.close());
beforeEach(() => bench.reset());

const entry = async (address: string) =>
  (await bench.db.query<Record<string, unknown>>({ text: "select * from entries where address = $1", values: [address] })).rows[0];
const HEAD = "address,targets,kind\n";

test("rows become aliases and lists, in their canonical form", async () => {
  const result = await bench.run(
    `${HEAD}0Alias@campus.test,0user@Campus.test,alias\n0user@campus.test,Box0@final.test,\nbig@campus.test,"m0@final.test m1@final.test;m2@final.test, m1@final.test",list\n`,
  );
  expect(result).toMatchObject({ applied: true, counts: { new: 3, changed: 0, removed: 0, same: 0, problems: 0 }, warnings: [] });
  expect(await bench.entries()).toEqual({
    "0alias@campus.test": "0user@campus.test",
    "0user@campus.test": "Box0@final.test",
    "big@campus.test": "m0@final.test m1@final.test m2@final.test",
  });
  expect(await entry("big@campus.test")).toMatchObject({ kind: "list", posting: "anyone" });
});

test("every property, and each one's change record", async () => {
  await bench.run(
    'address,targets,kind,owner,expires,note,posting\na@campus.test,x@far.test,alias,Boss@campus.test,2099-06-30,"two\nlines",\nl@campus.test,,list,,,,Members\n',
  );
  expect(await entry("a@campus.test")).toMatchObject({
    owner: "boss@campus.test",
    note: "two lines",
    expires_at: new Date("2099-07-01T00:00:00Z"),
  });
  expect(await entry("l@campus.test")).toMatchObject({ posting: "members" });
  expect(await records(bench.db, "a@campus.test")).toMatchObject([
    {
      actor: author.actor,
      why: author.why,
      action: "import csv",
      before: null,
      after: { targets: ["x@far.test"], owner: "boss@campus.test" },
    },
  ]);
});

test("what a list has besides its members comes back from an export as it was, and a column that is not there leaves it so", async () => {
  const head = "address,targets,kind,posting,own_copy,leave,limit,senders,excluded\n";
  const row = "l@campus.test,m@far.test n@far.test,list,named,no,yes,60000,Ann@campus.test,n@far.test\n";
  await bench.run(head + row);
  const before = await getEntry(bench.db, "list", "l@campus.test");
  expect(before).toMatchObject({
    own_copy: false,
    may_leave: true,
    member_limit: 60_000,
    senders: ["ann@campus.test"],
    excluded: ["n@far.test"],
  });
  let exported = "";
  for await (const line of exportCsv(bench.db)) exported += line;
  expect((await bench.run(exported)).counts).toMatchObject({ same: 1, changed: 0, problems: 0 });
  expect((await bench.run("address,targets,kind\nl@campus.test,m@far.test,list\n")).counts).toMatchObject({ changed: 1 });
  expect(await getEntry(bench.db, "list", "l@campus.test")).toMatchObject({
    own_copy: false,
    member_limit: 60_000,
    excluded: ["n@far.test"],
  });
  expect((await bench.run("address,targets,kind,senders,limit\nl@campus.test,m@far.test,list,,\n")).counts).toMatchObject({ changed: 1 });
  expect(await getEntry(bench.db, "list", "l@campus.test")).toMatchObject({ senders: [], member_limit: null, may_leave: true });
});

test.each([
  ["l@campus.test,x@far.test,list,maybe,,,,", "yes or no"],
  ["l@campus.test,x@far.test,list,,,100001,,", "no number from 1 to 100000"],
  ["l@campus.test,x@far.test,list,,,1e5,,", "no number from 1 to 100000"],
  ["l@campus.test,x@far.test,list,,,,a@b@c,", "a@b@c"],
  ["a@campus.test,x@far.test,alias,yes,,,,", "for lists only"],
  ["there-owner@campus.test,x@far.test,alias,,,,,", "belongs to the list there@campus.test"],
  ["owner-here@campus.test,x@far.test,alias,,,,,\nhere@campus.test,x@far.test,list,,,,,", "belongs to the list here@campus.test"],
])("a list's properties that cannot be: %s", async (rows, reason) => {
  await createList(bench.db, author, { address: "there@campus.test" });
  const result = await bench.run(`address,targets,kind,own_copy,leave,limit,senders,excluded\n${rows}\n`);
  expect(result.counts.problems).toBe(1);
  expect(await readFile(bench.problemsPath, "utf8")).toContain(reason);
});

test("what exists is made as the file says, what is the same stays untouched, and what the file does not speak of stays", async () => {
  await setAlias(bench.db, author, { address: "a@campus.test", targets: ["x@far.test", "y@far.test"], owner: "boss@far.test", note: "n" });
  await setAlias(bench.db, author, { address: "same@campus.test", targets: ["x@far.test"] });
  await setAlias(bench.db, author, { address: "other@campus.test", targets: ["x@far.test"] });
  await createList(bench.db, author, { address: "l@campus.test", posting: "owners" });
  const file = "address,targets\na@campus.test,y@far.test z@far.test\nsame@campus.test,x@far.test\nl@campus.test,m@far.test\n";
  const dry = await bench.run(file, {}, false);
  expect(dry).toMatchObject({ applied: false, counts: { new: 0, changed: 2, same: 1, removed: 0, problems: 0 } });
  expect((await bench.entries())["a@campus.test"]).toBe("x@far.test y@far.test");
  await bench.run(file);
  expect(await bench.entries()).toMatchObject({
    "a@campus.test": "y@far.test z@far.test",
    "l@campus.test": "m@far.test",
    "other@campus.test": "x@far.test",
  });
  expect(await entry("a@campus.test")).toMatchObject({ owner: "boss@far.test", note: "n", version: 2 });
  expect(await entry("l@campus.test")).toMatchObject({ kind: "list", posting: "owners" });
  expect(await entry("same@campus.test")).toMatchObject({ version: 1 });
  const [, changed] = await records(bench.db, "a@campus.test");
  expect(changed).toMatchObject({
    before: { targets: ["x@far.test", "y@far.test"] },
    after: { targets: ["y@far.test", "z@far.test"], owner: "boss@far.test" },
  });
  expect((await bench.run(file)).counts).toMatchObject({ changed: 0, same: 3 });
});

test("an empty cell takes a property away", async () => {
  await setAlias(bench.db, author, {
    address: "a@campus.test",
    targets: ["x@far.test"],
    owner: "boss@far.test",
    note: "n",
    expires: "2099-01-01",
  });
  await bench.run("address,targets,owner,note,expires\na@campus.test,x@far.test,,,\n");
  expect(await entry("a@campus.test")).toMatchObject({ owner: null, note: null, expires_at: null });
});

test("--replace removes what these domains have and the file does not, and says how much that is", async () => {
  for (const name of ["a", "b", "c"]) await setAlias(bench.db, author, { address: `${name}@campus.test`, targets: ["x@far.test"] });
  await setAlias(bench.db, author, { address: "o@old.test", targets: ["x@far.test"] });
  const result = await bench.run("address,targets\na@campus.test,x@far.test\n", { replaces: true });
  expect(result.counts).toMatchObject({ same: 1, removed: 2 });
  expect(result.warnings).toEqual(["removes 67 % of campus.test"]);
  expect(Object.keys(await bench.entries())).toEqual(["a@campus.test", "o@old.test"]);
  expect(await records(bench.db, "b@campus.test")).toMatchObject([
    {},
    { action: "import csv", before: { targets: ["x@far.test"] }, after: null },
  ]);
});

describe("problems", () => {
  const rows: [name: string, row: string, problem: RegExp, fix: RegExp][] = [
    ["no domain", "ann,x@far.test,", /address "ann": the domain is missing/, /--domain/],
    ["a foreign domain", "ann@far.test,x@far.test,", /far\.test is not one of our domains/, /mailroom domain add far\.test/],
    ["a dot at the end", "ann@campus.test.,x@far.test,", /ends with a dot/, /write ann@campus\.test$/],
    ["a name with the address", "ann@campus.test,Ann <ann@far.test>,", /target "Ann"/, /./],
    ["a mailto:", "ann@campus.test,<mailto:ann@far.test>,", /target/, /write/],
    ["an invisible character", "ann@campus.test,\u200bann@far.te\u200bst,", /target/, /write/],
    ["a blank in a target", "ann@campus.test,ann lee@far.test,", /^target "ann": the domain is missing \(in "ann lee@far\.test"\)$/, /./],
    ["no targets", "ann@campus.test,,", /no targets/, /name at least one/],
    ["an unknown kind", "ann@campus.test,x@far.test,group", /kind "group"/, /alias or list/],
    ["too many cells", "ann@campus.test,x@far.test,alias,more", /4 cells where the header has 3/, /in quotes/],
    ["a NUL", "a\u0000b@campus.test,x@far.test,", /control octet/, /write ab@campus\.test$/],
    ["a local part we cannot have", "mañana@campus.test,x@far.test,", /cannot be one of ours/, /a-z/],
    ["an unclosed quote in a target", 'ann@campus.test,"""x@far.test",', /target/, /./],
    [
      "a cell of a million letters",
      `ann@campus.test,${"x".repeat(1_000_000)}@far.test,`,
      /target "x{100}…": the part before @ has more than 64 octets/,
      /name@domain/,
    ],
  ];
  test.each(rows)("%s: line, reason, suggestion; nothing is applied", async (_name, row, problem, fix) => {
    const result = await bench.run(`${HEAD}good@campus.test,x@far.test,\n${row}\nalso@campus.test,x@far.test,\n`);
    expect(result.applied).toBe(false);
    expect(result.counts).toEqual({ new: 2, changed: 0, removed: 0, same: 0, problems: 1 });
    expect(result.problems[0]?.line).toBe(3);
    expect(result.problems[0]?.problem).toMatch(problem);
    expect(result.problems[0]?.fix).toMatch(fix);
    expect(result.problems[0]?.problem.length).toBeLessThan(400);
    expect(await bench.entries()).toEqual({});
  });

  test.each([
    ["owner", "boss", /owner "boss"/],
    ["expires", "30/06/2099", /is no date/],
    ["expires", "2099-02-30", /is no date/],
    ["expires", "2001-01-01", /the expiry 2001-01-01 is in the past/],
    ["posting", "everyone", /posting "everyone"/],
    ["posting", "members", /for lists only/],
    ["note", "bell\u0007", /control characters/],
    ["note", "x".repeat(1001), /1001 characters/],
  ])("%s %j is a problem", async (column, value, problem) => {
    const result = await bench.run(`address,targets,kind,${column}\na@campus.test,x@far.test,alias,${value}\n`);
    expect(result.counts.problems).toBe(1);
    expect(result.problems[0]?.problem).toMatch(problem);
  });

  test("the same address twice: the later row, also in another spelling", async () => {
    const result = await bench.run(
      `${HEAD}a@campus.test,x@far.test,\nb@campus.test,x@far.test,\nA@CAMPUS.TEST,x@far.test,\n"a"@campus.test,x@far.test,\n`,
    );
    expect(result.problems).toMatchObject([{ line: 4, problem: "the same address as in line 2" }, { line: 5 }]);
    expect(await bench.entries()).toEqual({});
  });

  test("lines are counted through cells that hold line ends, and behind empty lines", async () => {
    const result = await bench.run(
      `address,targets,note\r\n\r\na@campus.test,x@far.test,"one\r\ntwo\r\nthree"\r\nb,x@far.test,\r\n"c","x@far.test","a\r\nb"\r\nd,x,\r\n`,
    );
    expect(result.problems.map((p) => p.line)).toEqual([6, 7, 9]);
  });

  test("a quote in the wrong place is a problem of its row, one that is never closed of the record it begins", async () => {
    const result = await bench.run(
      `${HEAD}a@campus.test,"x@far.test"y,\nb@campus.test,x@far.test,\nc@campus.test,x"@far.test,\nd,x@far.test,\ne@campus.test,"x@far.test,\nf,,\n`,
    );
    expect(result.problems.map((p) => [p.line, p.problem])).toEqual([
      [2, expect.stringContaining('target "\\"x@far.test\\"y"')],
      [4, expect.stringContaining("target")],
      [5, 'address "d": the domain is missing'],
      [6, "a quote is opened here and never closed"],
    ]);
  });

  test("the problem rows come back as a file that can be mended and imported", async () => {
    const result = await bench.run(
      'address,targets,note\nann,"x@far.test y@far.test","=1+1, ""quoted"""\nok@campus.test,x@far.test,\nben@far.test,x@far.test,\n',
    );
    expect(result.problemsWritten).toEqual({ path: bench.problemsPath });
    const text = await readFile(bench.problemsPath, "utf8");
    expect(text.split("\r\n")).toEqual([
      "address,targets,note,problem",
      `ann,x@far.test y@far.test,"'=1+1, ""quoted""","line 2: address ""ann"": the domain is missing; write ann@domain, or name the domain with --domain"`,
      'ben@far.test,x@far.test,,"line 4: far.test is not one of our domains; mailroom domain add far.test, or take the row out"',
      "",
    ]);
    const mended = text.replace("\r\nann,", "\r\nann@campus.test,").replace("ben@far.test", "ben@campus.test");
    const again = await bench.run(mended);
    expect(again).toMatchObject({ applied: true, counts: { new: 2 } });
    expect(again.remarks.join()).toContain('columns not read: "problem"');
    expect(await entry("ann@campus.test")).toMatchObject({ note: '=1+1, "quoted"' });
  });

  test("a folder one may not write to does not hide the problems", async () => {
    const result = await bench.run(`${HEAD}ann,x@far.test,\n`, { problemsPath: "/proc/nowhere/p.csv" });
    expect(result.problemsWritten).toMatchObject({ failure: expect.stringContaining("/proc/nowhere/p.csv") });
    expect(result.counts.problems).toBe(1);
  });

  test("50,000 bad rows are all listed in the file", async () => {
    const result = await bench.run(HEAD + "ann,x@far.test,\n".repeat(50_000), { problemsShown: 3 });
    expect(result.counts.problems).toBe(50_000);
    expect(result.problems).toHaveLength(3);
    expect((await readFile(bench.problemsPath, "utf8")).split("\r\n")).toHaveLength(50_002);
  });
});

describe("loops", () => {
  const rows = (...lines: string[]) => `${HEAD}${lines.map((line) => `${line},\n`).join("")}`;
  test("within the file: every row on it, each with its own way round", async () => {
    const result = await bench.run(
      rows(
        "a@campus.test,b@campus.test",
        "b@campus.test,c+x@campus.test",
        "c@campus.test,a@campus.test",
        "in@campus.test,a@campus.test",
        "out@campus.test,x@far.test",
      ),
    );
    expect(result.problems).toMatchObject([
      { line: 2, problem: "a loop: a@campus.test → b@campus.test → c+x@campus.test → c@campus.test → a@campus.test" },
      { line: 3, problem: "a loop: b@campus.test → c+x@campus.test → c@campus.test → a@campus.test → b@campus.test" },
      { line: 4 },
    ]);
    expect(result.counts.new).toBe(2);
    expect(await bench.entries()).toEqual({});
  });

  test("with what is there, over a domain alias", async () => {
    await addDomain(bench.db, author, { domain: "old.test", aliasOf: "campus.test" });
    await setAlias(bench.db, author, { address: "b@campus.test", targets: ["a@old.test"] });
    const result = await bench.run(rows("a@campus.test,b@campus.test x@far.test"));
    expect(result.problems).toMatchObject([{ line: 2, problem: "a loop: a@campus.test → b@campus.test → a@old.test → a@campus.test" }]);
  });

  test("a file that breaks up a loop that was there is taken", async () => {
    for (const [from, to] of [
      ["a", "b"],
      ["b", "a"],
    ]) {
      await bench.db.query({ text: `insert into entries (address, domain, kind) values ('${from}@campus.test', 'campus.test', 'alias')` });
      await bench.db.query({ text: `insert into targets values ('${from}@campus.test', '${to}@campus.test')` });
    }
    expect((await bench.run(rows("a@campus.test,x@far.test"))).applied).toBe(true);
  });

  test("an address to itself, and a knot in which each reaches each", async () => {
    const knot = ["a", "b", "c"].map((from) => `${from}@campus.test,a@campus.test b@campus.test c@campus.test`);
    const result = await bench.run(rows(...knot));
    expect(result.problems.map((p) => p.problem)).toEqual(["a", "b", "c"].map((n) => `a loop: ${n}@campus.test → ${n}@campus.test`));
  });

  test("a chain of 20,000 rows is no loop; closed to a ring every row of it is a problem", async () => {
    const chain = Array.from({ length: 20_000 }, (_, n) => `c${n}@campus.test,c${n + 1}@campus.test`);
    expect((await bench.run(rows(...chain), {}, false)).counts).toMatchObject({ new: 20_000, problems: 0 });
    const ring = await bench.run(rows(...chain.slice(0, -1), "c19999@campus.test,c0@campus.test"), {}, false);
    expect(ring.counts.problems).toBe(20_000);
    expect(ring.problems[0]?.problem.length).toBeLessThan(2000);
  }, 120_000);
});

test("targets at our domains that mean nothing are counted in a warning", async () => {
  const result = await bench.run(`${HEAD}a@campus.test,no@campus.test b@campus.test,\nb@campus.test,x@far.test,\n`);
  expect(result.applied).toBe(true);
  expect(result.warnings).toEqual(["1 target at our domains without an entry: mail to them is refused (no@campus.test)"]);
});

describe("how the file is written", () => {
  const text = "Address;TARGETS;Kommentar\nmüller@campus.test;x@far.test;ä\na@campus.test;x@far.test;ö\n";
  const utf16 = Buffer.from(`\ufeff${text}`, "utf16le");
  const encodings: [string, Uint8Array, string][] = [
    ["utf-8", Buffer.from(text), "utf-8"],
    ["utf-8 with a BOM", Buffer.from(`\ufeff${text}`), "utf-8"],
    ["utf-16le", utf16, "utf-16le"],
    ["utf-16be", Buffer.from(utf16).swap16(), "utf-16be"],
    ["utf-16le without a BOM", utf16.subarray(2), "utf-16le"],
    ["windows-1252", Buffer.from(text, "latin1"), "windows-1252"],
  ];
  test.each(encodings)("%s is guessed and said", async (_name, octets, encoding) => {
    const result = await bench.run(octets);
    expect(result.remarks[0]).toContain(`${encoding}, columns separated by semicolon`);
    expect(result.remarks[1]).toBe('columns not read: "Kommentar"');
    expect(result.problems).toMatchObject([{ line: 2, problem: 'address "müller@campus.test" cannot be one of ours' }]);
    expect(result.counts.new).toBe(1);
  });

  test.each([
    ["comma", ","],
    ["tab", "\t"],
    ["bar", "|"],
  ])("columns separated by %s", async (name, sign) => {
    const result = await bench.run(
      `alias${sign}description${sign}recipients${sign}id\r\na@campus.test${sign}desk${sign}x@far.test, y@far.test${sign}17\r\n`
        .replace("x@far.test, y", sign === "," ? '"x@far.test, y' : "x@far.test, y")
        .replace("y@far.test", sign === "," ? 'y@far.test"' : "y@far.test"),
    );
    expect(result.remarks[0]).toContain(`separated by ${name}`);
    expect(result).toMatchObject({ applied: true, counts: { new: 1 } });
    expect(await entry("a@campus.test")).toMatchObject({ note: "desk" });
  });

  test("--delimiter and --encoding overrule what is guessed", async () => {
    const result = await bench.run(Buffer.from("address|targets|note\na@campus.test|x@far.test|\u00e4\n", "latin1"), {
      delimiter: "bar",
      encoding: "windows-1252",
    });
    expect(result.remarks[0]).toContain("windows-1252, columns separated by bar");
    expect(await entry("a@campus.test")).toMatchObject({ note: "ä" });
  });

  test("names without a domain are completed by --domain, which must be ours", async () => {
    await bench.run("address,targets\nann,ben carl@far.test\n", { domain: "Campus.test" });
    expect(await bench.entries()).toEqual({ "ann@campus.test": "ben@campus.test carl@far.test" });
    expect((await refusal(bench.run("address,targets\n", { domain: "far.test" }))).message).toContain("not one of our domains");
  });

  test.each([
    ["nothing", "", "the file is empty"],
    ["no header", "a@campus.test,x@far.test\n", "has no column address"],
    ["a header without targets", "address,name\na@campus.test,Ann\n", "has no column targets"],
    ["a picture", Buffer.from("89504e470d0a1a0a0000000d4948445200000001000000010802000000", "hex"), "is no text file"],
    ["zeros", Buffer.alloc(5000), "is no text file"],
    ["one line of a million letters", "x".repeat(1_000_000), "has no column"],
  ])("%s is refused as a whole", async (_name, content, message) => {
    const refused = await refusal(bench.run(content));
    expect(refused.kind).toBe("badData");
    expect(refused.message).toContain(message);
    expect(refused.message.length).toBeLessThan(1200);
  });

  test("a header and no rows is an import of nothing", async () => {
    expect((await bench.run(HEAD)).counts).toEqual({ new: 0, changed: 0, removed: 0, same: 0, problems: 0 });
  });

  test("a file cut in the middle of a row is a problem, not half an import", async () => {
    const whole = `${HEAD}a@campus.test,x@far.test,alias\nb@campus.test,"x@far.test y@far.test",list\n`;
    const result = await bench.run(whole.slice(0, whole.indexOf("y@far")));
    expect(result.applied).toBe(false);
    expect(result.problems).toMatchObject([{ line: 3, problem: expect.stringContaining("never closed") }]);
  });
});

test("nothing is applied when the directory moved since the preview", async () => {
  const file = `${HEAD}a@campus.test,x@far.test,\n`;
  const preview = await bench.run(file, {}, false);
  await setAlias(bench.db, author, { address: "z@campus.test", targets: ["x@far.test"] });
  expect(await refusal(bench.run(file, {}, { ifVersion: preview.directoryVersion }))).toMatchObject({ kind: "busy" });
  const fresh = await bench.run(file, {}, false);
  expect((await bench.run(file, {}, { ifVersion: fresh.directoryVersion })).applied).toBe(true);
});

test("what is exported is imported as the same, whatever stands in it", async () => {
  const odd = ["=1+1", "+a", "-b", "'=x", "''x", "'plain", 'a "quote"', "semi;colon", "comma,", "＝full", "@at", "tab", "ümlaut 💡"];
  for (const [n, note] of odd.entries())
    await setAlias(bench.db, author, {
      address: `${["+", "-", "=", "'"][n % 4]}n${n}@campus.test`,
      targets: ['"odd local; part"@far.test', "=Formula@far.test"],
      note,
      owner: "-boss@far.test",
    });
  await createList(bench.db, author, { address: "l@campus.test", posting: "moderated" });
  let text = "";
  for await (const line of exportCsv(bench.db)) text += line;
  expect(text).toContain("'+n0@campus.test");
  for (const cell of text.split("\r\n").flatMap((line) => line.split(","))) expect(cell).not.toMatch(/^"?[=+\-@\t＝]/);
  const result = await bench.run(text, {}, false);
  expect(result.problems).toEqual([]);
  expect(result.counts).toMatchObject({ same: odd.length + 1, new: 0, changed: 0 });
});

test("an exported entry that has expired is no problem when it is imported as it was", async () => {
  await setAlias(bench.db, author, { address: "a@campus.test", targets: ["x@far.test"] });
  await bench.db.query({ text: "update entries set expires_at = '2001-01-01T00:00:00Z'" });
  let text = "";
  for await (const line of exportCsv(bench.db)) text += line;
  expect((await bench.run(text)).counts).toMatchObject({ same: 1, problems: 0 });
});
