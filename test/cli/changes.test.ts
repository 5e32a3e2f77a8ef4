/** Listing, previewing and undoing changes as a person types it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { mailroom } from "./support.ts";

let database: TestDatabase;
let cwd: string;
beforeAll(async () => {
  database = await createDatabase();
  cwd = await mkdtemp(join(tmpdir(), "mailroom-cli-"));
  for (const line of ["domain add c.test", "route set mbx.test smtp://127.0.0.1:9", "list create all@c.test"]) await done(line);
}, 120_000);
afterAll(async () => {
  await rm(cwd, { recursive: true });
  await database.drop();
});

const run = (line: string, ...more: string[]) =>
  mailroom([...line.split(" "), ...more], { cwd, env: { MAILROOM_DATABASE_URL: database.url } });

async function done(line: string, ...more: string[]): Promise<string> {
  const { code, out, err } = await run(line, ...more);
  expect(code, `${line}: ${out}${err}`).toBe(0);
  return out;
}
const json = async (line: string) =>
  (await done(`${line} --json`))
    .trim()
    .split("\n")
    .map((one) => JSON.parse(one) as Record<string, unknown>);

test("--dry-run says what a change does to mail and does nothing", async () => {
  const said = await done("alias set desk@c.test --to a@mbx.test --to b@gmail.test --to gone@c.test --dry-run");
  expect(said).toContain("+2 −0 mailboxes; 2 mailboxes receive through it then\n  + a@mbx.test\n  + b@gmail.test\noutside campus: 1 new");
  expect(said).toContain("dead end: gone@c.test, from desk@c.test: no such address");
  expect(said).toContain("Nothing was changed.");
  expect((await run("alias get desk@c.test")).code).toBe(1);
  await done("alias set desk@c.test --to a@mbx.test");
  expect(await done("list add all@c.test desk@c.test --dry-run")).toContain("+1 −0 mailboxes");
  await done("list add all@c.test desk@c.test");
  expect(await json("list remove all@c.test desk@c.test --dry-run")).toMatchObject([
    { dry_run: true, outcome: { done: ["desk@c.test"] }, preview: { lose: { count: 1, first: ["a@mbx.test"] } } },
  ]);
  expect(await done("alias delete desk@c.test --dry-run")).toContain("dead end: desk@c.test: no such address");
  const loop = await run("alias set desk@c.test --to all@c.test --dry-run");
  expect(loop).toMatchObject({
    code: 1,
    out: expect.stringContaining("It would be refused: this would make a loop: desk@c.test → all@c.test"),
  });
  expect((await run("alias set nothing --to a@mbx.test --dry-run")).code).toBe(65);
  expect(await done("list members all@c.test")).toBe("desk@c.test\n");
}, 120_000);

test("changes are listed and shown, undone, and the undo undone", async () => {
  await done("alias set u@c.test --to one@mbx.test --why T-1");
  await done("alias set u@c.test --to two@mbx.test --why T-2");
  const listed = await done("changes list --object u@c.test");
  expect(listed).toMatch(/^#\d+ {2}20\d\d-.* via cli {2}alias change u@c\.test {2}T-2\n#\d+ .*alias create u@c\.test {2}T-1\n$/);
  const [newest] = await json("changes list --object u@c.test --limit 1");
  const number = String(newest?.["change_no"]);
  expect(newest).toMatchObject({ action: "alias change", count: 1, undoable: true, undone_by: null });
  expect(await done(`changes show ${number}`)).toContain('after:  {"kind":"alias"');
  expect(await done(`undo ${number} --dry-run`)).toContain("+1 −1 mailboxes");
  expect(await done(`undo #${number} --why T-3`)).toMatch(new RegExp(`^#${number} undone by #\\d+: 1 object\n$`));
  expect(await done("alias get u@c.test")).toContain("→ one@mbx.test");
  const twice = await run(`undo ${number}`);
  expect(twice).toMatchObject({ code: 1, err: expect.stringContaining("is undone already, by #") });
  const [undo] = await json("changes list --since 2026-01-01 --limit 1");
  await done(`undo ${String(undo?.["change_no"])}`);
  expect(await done("alias get u@c.test")).toContain("→ two@mbx.test");
}, 120_000);

test("later edits are named, and overwritten only when that is asked for", async () => {
  await done("alias set e@c.test --to one@mbx.test");
  await done("alias set e@c.test --to two@mbx.test");
  const [change] = await json("changes list --object e@c.test --limit 1");
  const number = String(change?.["change_no"]);
  await done("alias set e@c.test --to three@mbx.test");
  const stopped = await run(`undo ${number}`);
  expect(stopped).toMatchObject({ code: 1, out: `#${number} was not undone\n` });
  expect(stopped.err).toMatch(/e@c\.test, two@mbx\.test: edited .* by .* via cli \(alias change, #\d+\)\n.*--overwrite/);
  expect(await run(`undo ${number} --dry-run`)).toMatchObject({ code: 1, err: expect.stringContaining("e@c.test, two@mbx.test: edited") });
  expect(await done(`undo ${number} --overwrite-only other@c.test`)).toContain("1 keeps its later edit");
  await done(`undo ${number} --overwrite-only e@c.test`);
  expect(await done("alias get e@c.test")).toContain("→ one@mbx.test");
}, 120_000);

test("numbers that are none, and what cannot be undone", async () => {
  for (const number of ["0", "x", "-1", "1e3", "99999999999999999999", "1;drop", "../1"])
    expect((await run("undo --", number)).code, number).toBe(65);
  expect((await run("changes show 999999999999999")).code).toBe(1);
  expect((await run("undo 999999999999999")).code).toBe(1);
  expect((await run("undo")).code).toBe(64);
  expect((await run("changes list --since yesterday")).code).toBe(65);
  expect((await run("changes list --limit 0")).code).toBe(64);
  await database.db.query({ text: "insert into change_records (actor, action, object) values ('\u001b[2Jx', 'queue.delete', 'all')" });
  const [queue] = await json("changes list --limit 1");
  expect(queue).toMatchObject({ undoable: false });
  expect((await done("changes list --limit 1")).includes("\u001b")).toBe(false);
  expect(await run(`undo ${String(queue?.["change_no"])}`)).toMatchObject({
    code: 1,
    err: expect.stringContaining("none of the directory's"),
  });
}, 120_000);

test("many are changed at once, after a look", async () => {
  await done("domain add bulk.test");
  for (const name of ["a", "b"]) await done(`alias set ${name}@bulk.test --to ${name}1@mbx.test`);
  expect((await run("bulk disable --domain bulk.test")).code).toBe(64);
  expect(await done("bulk disable --domain bulk.test --dry-run")).toContain("+0 −2 mailboxes");
  expect(await done("bulk disable --domain bulk.test --answer soft --yes")).toBe("2 entries changed\n");
  expect(await done("bulk replace a1@mbx.test z@mbx.test --yes")).toBe("1 entry changed\n");
  expect(await done("bulk enable --address a@bulk.test --address b@bulk.test --yes")).toBe("2 entries changed\n");
  expect(await json("bulk owner o@mbx.test --domain bulk.test --no-owned-by --yes")).toMatchObject([{ matched: 2, done: 2 }]);
  expect((await run("bulk delete --yes")).code).toBe(65);
  expect(await done("bulk delete --domain bulk.test --yes")).toBe("2 entries changed\n");
  const [change] = await json("changes list --limit 1");
  expect(await done(`undo ${String(change?.["change_no"])}`)).toContain("2 objects");
  expect(await done("alias get a@bulk.test")).toContain("→ z@mbx.test");
}, 120_000);
