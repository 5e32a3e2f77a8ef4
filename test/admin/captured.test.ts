import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { addDomain } from "../../src/actions/domains.ts";
import { setRoute } from "../../src/actions/routes.ts";
import { writeMaildir } from "../../src/deliver/maildir.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { AUTHOR, type Caller, openPanel, type TestPanel } from "./support.ts";

const EVIL = `<script>alert(1)</script>`;
let database: TestDatabase;
let panel: TestPanel;
let elsewhere: TestPanel;
let admin: Caller;
let root: string;
let outside: string;

const put = (folder: string, text: string, at: number) => {
  const octets = Buffer.from(text.replaceAll("\n", "\r\n"));
  return writeMaildir(join(root, folder), Buffer.from("Return-Path: <you@far.example>\r\n"), [octets], octets.length, at);
};

beforeAll(async () => {
  database = await createDatabase();
  outside = await mkdtemp(join(tmpdir(), "mailroom-captured-"));
  root = join(outside, "mailboxes");
  await mkdir(root);
  await writeFile(join(outside, "secret.txt"), "secret");
  await addDomain(database.db, AUTHOR, { domain: "own.example" });
  await setRoute(database.db, AUTHOR, "mbx.own.example", `maildir:${root}/{local}`, { hostname: "", listeners: [] });
  panel = openPanel(database, { captured: root, isDemo: true });
  elsewhere = openPanel(database);
  admin = await panel.as("admin", [{ role: "superadmin" }]);
  await put(
    "ann",
    "Delivered-To: help@own.example\nFrom: =?utf-8?q?=C3=89va?= <eva@far.example>\nSubject: =?utf-8?b?UsOpdW5pb24=?=\n\nHello.\n",
    1_700_000_000_000,
  );
  const html = `<h1>Hi</h1>${EVIL}<img src="https://far.example/x.png">`;
  const mime = `From: ${EVIL} <e@far.example>\nSubject: ${EVIL}\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\n${html}\n--b\nContent-Type: application/pdf\nContent-Disposition: attachment; filename="../../a.pdf"\n\nabc\n--b--\n`;
  await put("elsewhere/far.example/%2E%2E%2Fjo", mime, 1_700_000_001_000);
  await put("elsewhere/far.example/bad", "this is no header\n", 1_700_000_002_000);
  await symlink(join(outside, "secret.txt"), join(root, "ann", "new", "1700000003.M000000P1Q1R00.host,S=6"));
  await symlink(outside, join(root, "linked"));
  await writeFile(join(root, "ann", "new", "not-ours.txt"), "x");
});
afterAll(async () => {
  await panel.close();
  await elsewhere.close();
  await database.drop();
  await rm(outside, { recursive: true });
});

const list = async (query = "") => (await admin("GET", `/captured${query}`)).body;

test("newest first, with whom it was written to and where it went; links and other files are none", async () => {
  const { items, total } = await list();
  expect(total).toBe(3);
  expect(items).toMatchObject([
    { final_recipient: "bad@far.example", subject: "" },
    { final_recipient: "../jo@far.example", subject: EVIL },
    {
      final_recipient: "ann@mbx.own.example",
      original_recipient: "help@own.example",
      subject: "Réunion",
      from: "Éva <eva@far.example>",
      arrived_at: "2023-11-14T22:13:20.000Z",
    },
  ]);
});

test("pages and searches", async () => {
  const first = await list("?limit=2");
  expect(first.items).toHaveLength(2);
  const second = await list(`?limit=2&cursor=${first.next_cursor}`);
  expect(second).toMatchObject({ items: [{ subject: "Réunion" }], next_cursor: null });
  expect((await list(`?q=${encodeURIComponent("réun")}`)).items).toHaveLength(1);
  expect((await list("?q=no-such-thing")).items).toEqual([]);
  expect((await admin("GET", "/captured?limit=201")).status).toBe(400);
  expect((await admin("GET", "/captured?cursor=xyz")).status).toBe(400);
});

test("one: header, text, attachments; the part in HTML comes shut in, the whole as a download", async () => {
  const [bad, evil, plain] = (await list()).items as { id: string }[];
  expect((await admin("GET", `/captured/${plain?.id}`)).body).toMatchObject({
    text: "Hello.\n",
    has_html: false,
    attachments: [],
    queue_id: null,
  });
  const shown = await admin("GET", `/captured/${evil?.id}`);
  expect(shown.body).toMatchObject({ has_html: true, attachments: [{ type: "application/pdf", size: 3 }] });
  expect(shown.body).not.toHaveProperty("html");
  const html = await admin("GET", `/captured/${evil?.id}/html`);
  expect(html.status).toBe(200);
  const policy = html.headers.get("content-security-policy") ?? "";
  for (const part of ["default-src 'none'", "sandbox", "img-src data:", "frame-ancestors 'self'", "form-action 'none'"])
    expect(policy).toContain(part);
  expect(policy).not.toMatch(/script-src|allow-|connect-src|https?:/);
  const raw = await admin("GET", `/captured/${evil?.id}/raw`);
  expect(raw.headers.get("content-disposition")).toBe(`attachment; filename="${evil?.id}.eml"`);
  expect(raw.headers.get("content-type")).toContain("message/rfc822");
  expect(raw.body).toContain(EVIL);
  expect((await admin("GET", `/captured/${plain?.id}/html`)).status).toBe(404);
  expect((await admin("GET", `/captured/${bad?.id}`)).status).toBe(200);
});

test.each([
  "..",
  "../secret.txt",
  "..%2f..%2fsecret.txt",
  "%2e%2e/secret.txt",
  "/etc/passwd",
  "AAAAAAAAAAAAAAAAAAAAAA",
  "a".repeat(5000),
  "x\0y",
])("%j opens nothing", async (id) => {
  for (const part of ["", "/raw", "/html"]) {
    const answer = await admin("GET", `/captured/${encodeURIComponent(id)}${part}`);
    expect([400, 404]).toContain(answer.status);
    expect(JSON.stringify(answer.body)).not.toContain("secret\n");
  }
});

test("elsewhere there is no such thing, and here only who may see everything sees it", async () => {
  const outsider = await elsewhere.as("elsewhere", [{ role: "superadmin" }]);
  for (const path of ["/captured", "/captured/AAAAAAAAAAAAAAAAAAAAAA"]) expect((await outsider("GET", path)).status).toBe(404);
  expect((await outsider("DELETE", "/captured")).status).toBe(404);
  for (const role of ["auditor", "helpdesk", "department-admin"] as const) {
    const call = await panel.as(`c-${role}`, [role === "auditor" ? { role } : { role, domain: "own.example" }]);
    expect((await call("GET", "/captured")).status).toBe(403);
  }
});

test("clearing removes the copies and nothing else", async () => {
  expect((await admin("DELETE", "/captured?dry_run=true")).body).toMatchObject({ removed: 3, dry_run: true });
  expect((await list()).total).toBe(3);
  expect((await admin("DELETE", "/captured")).body).toMatchObject({ changed: true, removed: 3 });
  expect((await list()).total).toBe(0);
  expect((await admin("DELETE", "/captured")).body).toMatchObject({ changed: false, removed: 0 });
  expect((await readdir(join(root, "ann", "new"))).sort()).toEqual(["1700000003.M000000P1Q1R00.host,S=6", "not-ours.txt"]);
  expect(await readdir(outside)).toContain("secret.txt");
});
