import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { addDomain } from "../../src/actions/domains.ts";
import { openOidc } from "../../src/admin/access/oidc.ts";
import { ownPath } from "../../src/admin/own-path.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { type Issuer, startIssuer, type Wrong } from "../support/oidc-issuer.ts";
import { AUTHOR, makeAdmin, ORIGIN, openPanel, PASSWORD, type TestPanel } from "./support.ts";

let database: TestDatabase;
let issuer: Issuer;
let panel: TestPanel;
const lines: string[] = [];

const provider = () =>
  openOidc({
    issuer: issuer.url,
    clientId: issuer.clientId,
    clientSecret: { reveal: () => issuer.clientSecret },
    name: "campus account",
    addressClaim: "email",
  });

beforeAll(async () => {
  [database, issuer] = await Promise.all([createDatabase(), startIssuer()]);
  await addDomain(database.db, AUTHOR, { domain: "campus.example" });
  await makeAdmin(database);
});
afterAll(async () => {
  await issuer.close();
  await database.drop();
});
beforeEach(async () => {
  Object.assign(issuer, { wrong: {}, person: { sub: "ann-1" }, alg: "RS256", addressAtUserInfo: false });
  await panel?.close();
  // A panel that knows nothing of the provider yet.
  const hear = (event: string, fields: object = {}): void => void lines.push(JSON.stringify([event, fields]));
  const log = { debug: hear, info: hear, warn: hear, error: hear, line: (_: string, text: string, fields: object) => hear(text, fields) };
  panel = openPanel(database, { oidc: provider(), log });
});

/** A browser that keeps cookies and follows nothing by itself. */
function browser() {
  const jar = new Map<string, string>();
  return {
    jar,
    async get(path: string) {
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
      const answer = await panel.anonymous("GET", path.replace(`${ORIGIN}/api/v1`, ""), undefined, { ...(cookie !== "" && { cookie }) });
      for (const set of answer.headers.getSetCookie()) {
        const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
        if (/max-age=0/i.test(set)) jar.delete(name);
        else jar.set(name, value);
      }
      return {
        status: answer.status,
        body: answer.body,
        location: answer.headers.get("location") ?? "",
        cookies: answer.headers.getSetCookie(),
      };
    },
  };
}
type Browser = ReturnType<typeof browser>;

/** All of a sign-in; what the way back answered. */
async function signIn(seen: Browser = browser(), returnTo?: string) {
  const away = await seen.get(`/session/oidc${returnTo === undefined ? "" : `?return_to=${encodeURIComponent(returnTo)}`}`);
  expect(away.status).toBe(303);
  return seen.get(issuer.signIn(away.location).href);
}
const who = async (seen: Browser) => (await seen.get("/session")).body;
const sessions = async (): Promise<number> =>
  (await database.db.query<{ n: number }>({ text: "select count(*)::int as n from panel_sessions" })).rows[0]?.n ?? 0;

test("somebody signs in and is who iss and sub say, back on the page they came from", async () => {
  const seen = browser();
  const back = await signIn(seen, "/addresses?q=x");
  expect(back).toMatchObject({ status: 303, location: "/addresses?q=x" });
  expect(back.cookies.find((set) => set.startsWith("__Host-mailroom="))).toMatch(/; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
  expect([...seen.jar.keys()]).toEqual(["__Host-mailroom"]);
  expect(await who(seen)).toMatchObject({ principal: `oidc:ann-1@${issuer.url}`, addresses: [], grants: [] });
});

test("keys of elliptic curves do as well", async () => {
  issuer.alg = "ES256";
  expect((await signIn()).location).toBe("/");
});

test("everybody is told whether there is a provider, and nothing more of it", async () => {
  expect((await panel.anonymous("GET", "/sign-in")).body).toEqual({ oidc: { name: "campus account" } });
  const without = openPanel(database);
  expect((await without.anonymous("GET", "/sign-in")).body).toEqual({ oidc: null });
  expect((await without.anonymous("GET", "/session/oidc")).status).toBe(404);
  expect((await without.anonymous("GET", "/session/oidc/callback?code=x&state=y")).status).toBe(404);
  await without.close();
});

describe("an address of theirs", () => {
  const addressesOf = async (claims: object) => {
    issuer.person = { sub: "ann-1", ...claims };
    const seen = browser();
    expect((await signIn(seen)).location).toBe("/");
    return who(seen);
  };
  test("counts at our domains alone, when the provider has verified it", async () => {
    expect((await addressesOf({ email: "Ann@Campus.Example", email_verified: true })).addresses).toEqual(["ann@campus.example"]);
    for (const claims of [
      { email: "ann@campus.example" },
      { email: "ann@campus.example", email_verified: false },
      { email: "ann@campus.example", email_verified: "true" },
      { email: "ann@gmail.example", email_verified: true },
      { email: ["ann@campus.example"], email_verified: true },
      { email: "ann@campus.example\r\nbcc: x@y.example", email_verified: true },
    ])
      expect((await addressesOf(claims)).addresses, JSON.stringify(claims)).toEqual([]);
  });
  test("may be told at the UserInfo endpoint, for the same subject", async () => {
    issuer.addressAtUserInfo = true;
    expect((await addressesOf({ email: "ann@campus.example", email_verified: true })).addresses).toEqual(["ann@campus.example"]);
    issuer.wrong = { userinfo: { sub: "somebody-else" } };
    expect((await signIn()).location).toBe("/signin?problem=again");
    issuer.wrong = { down: "userinfo" };
    expect((await signIn()).location).toBe("/signin?problem=away");
  });
  test("changes nothing about who they are, and nobody becomes somebody else by one", async () => {
    const ann = await addressesOf({ email: "ann@campus.example", email_verified: true });
    const renamed = await addressesOf({ email: "admin@campus.example", email_verified: true, preferred_username: "admin" });
    expect(renamed.principal).toBe(ann.principal);
    issuer.person = { sub: "mallory", email: "ann@campus.example", email_verified: true };
    const seen = browser();
    await signIn(seen);
    expect((await who(seen)).principal).toBe(`oidc:mallory@${issuer.url}`);
  });
});

test("no subject becomes a principal of another kind, and no two the same", async () => {
  const principals = new Set<string>();
  const subjects = ["ann-1", "ann 1", "ann%201", "local:admin", "ldap:root", "ann@x", "a\"b'c", "A", "a"];
  for (const sub of subjects) {
    issuer.person = { sub };
    const seen = browser();
    expect((await signIn(seen)).location, sub).toBe("/");
    const { principal } = await who(seen);
    expect(principal).toMatch(/^oidc:[\w.:@%|/#+=~-]+$/);
    principals.add(principal);
  }
  expect(principals.size).toBe(subjects.length);
});

const past = Math.floor(Date.now() / 1000) - 3600;
const REFUSED: readonly (readonly [string, Wrong])[] = [
  ["another state", { back: { state: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" } }],
  ["no state", { back: { state: null } }],
  ["no code", { back: { code: null } }],
  ["a code nobody gave", { back: { code: "0123456789" } }],
  ["the answer of another issuer", { back: { iss: "https://evil.example" } }],
  ["no issuer in the answer though it says it names it", { back: { iss: null } }],
  ["refused at the provider", { back: { code: null, error: "access_denied", error_description: "<script>alert(1)</script>" } }],
  ["another nonce", { claims: { nonce: "other" } }],
  ["no nonce", { claims: { nonce: undefined } }],
  ["another audience", { claims: { aud: "another-client" } }],
  ["several audiences without azp", { claims: { aud: ["mailroom", "another-client"] } }],
  ["another azp", { claims: { azp: "another-client" } }],
  ["another azp beside several audiences", { claims: { aud: ["mailroom", "x"], azp: "x" } }],
  ["another issuer", { claims: { iss: "https://evil.example" } }],
  ["expired", { claims: { exp: past, iat: past - 300 } }],
  ["not valid yet", { claims: { nbf: Math.floor(Date.now() / 1000) + 3600 } }],
  ["no expiry", { claims: { exp: undefined } }],
  ["no subject", { claims: { sub: undefined } }],
  ["an empty subject", { claims: { sub: "" } }],
  ["a subject that is no text", { claims: { sub: 7 } }],
  ["a subject with a line break", { claims: { sub: "ann\r\nx" } }],
  ["a subject beyond ASCII", { claims: { sub: "аnn-1" } }],
  ["a subject of 300 characters", { claims: { sub: "a".repeat(300) } }],
  ["alg none", { signature: "none" }],
  ["HS256 with the public key", { signature: "public" }],
  [
    "HS256 with the public key, and metadata that allows it",
    { signature: "public", metadata: { id_token_signing_alg_values_supported: ["HS256", "RS256"] } },
  ],
  ["alg none, and metadata that allows it", { signature: "none", metadata: { id_token_signing_alg_values_supported: ["none", "RS256"] } }],
  ["a stranger's key", { signature: "stranger" }],
  ["a broken signature", { signature: "broken" }],
];

describe("refused, with a page that says to try again, and nobody is made", () => {
  for (const alg of ["RS256", "ES256"] as const)
    test.each(REFUSED)(`${alg}: %s`, async (_, wrong) => {
      Object.assign(issuer, { wrong, alg });
      const [before, redeemed] = [await sessions(), issuer.redeemed()];
      const seen = browser();
      const back = await signIn(seen);
      expect(back).toMatchObject({ status: 303, location: "/signin?problem=again" });
      expect(back.cookies.some((set) => /^__Host-mailroom=[^;]/.test(set))).toBe(false);
      expect((await seen.get("/session")).status).toBe(401);
      expect(await sessions()).toBe(before);
      // What is wrong with the token is seen in the token, and what is wrong before it never asks for one.
      expect(issuer.redeemed() - redeemed).toBe("claims" in wrong || "signature" in wrong ? 1 : 0);
    });

  test("a way back that was gone already, and a code that was used", async () => {
    const seen = browser();
    const away = await seen.get("/session/oidc");
    const cookie = new Map(seen.jar);
    const callback = issuer.signIn(away.location).href;
    expect((await seen.get(callback)).location).toBe("/");
    const again = browser();
    for (const [name, value] of cookie) again.jar.set(name, value);
    expect((await again.get(callback)).location).toBe("/signin?problem=again");
    // The used code with a round trip of its own.
    const fresh = browser();
    const { location } = await fresh.get("/session/oidc");
    const used = issuer.signIn(location);
    used.searchParams.set("code", new URL(callback).searchParams.get("code") ?? "");
    expect((await fresh.get(used.href)).location).toBe("/signin?problem=again");
  });

  test("another browser than the one that began, so that nobody is signed in as an attacker", async () => {
    const attacker = browser();
    const away = await attacker.get("/session/oidc");
    const callback = issuer.signIn(away.location).href;
    for (const victim of [browser(), browser()]) {
      if (victim.jar.size === 0) victim.jar.set("__Host-mailroom-oidc", "A".repeat(43));
      expect((await victim.get(callback)).location).toBe("/signin?problem=again");
    }
    expect((await attacker.get(callback)).location).toBe("/");
  });

  test("after ten minutes", async () => {
    const seen = browser();
    const away = await seen.get("/session/oidc");
    await database.db.query({ text: "update panel_sign_ins set ends_at = now() - interval '1 second'" });
    expect((await seen.get(issuer.signIn(away.location).href)).location).toBe("/signin?problem=again");
  });
});

test("the session there was before is another one", async () => {
  const seen = browser();
  await signIn(seen);
  const first = seen.jar.get("__Host-mailroom");
  await signIn(seen);
  expect(seen.jar.get("__Host-mailroom")).not.toBe(first);
});

describe("the provider is away", () => {
  test("at the start: the page says local accounts work, they do, and the next try asks again", async () => {
    issuer.wrong = { down: "all" };
    const seen = browser();
    expect(await seen.get("/session/oidc")).toMatchObject({ status: 303, location: "/signin?problem=away" });
    expect((await panel.anonymous("GET", "/sign-in")).status).toBe(200);
    expect((await panel.anonymous("POST", "/session", { login: "admin", password: PASSWORD })).status).toBe(200);
    issuer.wrong = {};
    expect((await signIn(seen)).location).toBe("/");
  });
  test("at the end", async () => {
    issuer.wrong = { down: "token" };
    expect((await signIn()).location).toBe("/signin?problem=away");
  });
  test("or says it is somebody else", async () => {
    issuer.wrong = { metadata: { issuer: "https://evil.example" } };
    expect((await browser().get("/session/oidc")).location).toBe("/signin?problem=away");
  });
});

test("people are sent back to paths of ours alone", async () => {
  const bad = [
    "//evil.example",
    "/\\evil.example",
    "https://evil.example",
    "https:evil",
    "\\\\evil",
    "/.//evil.example",
    "/..//evil",
    "/\t/evil.example",
    "javascript:alert(1)",
    "",
    "evil",
    "/api/v1/session/oidc",
    "/%5C%5Cevil\\",
    "/\u0000",
    `/${"a".repeat(3000)}`,
  ];
  for (const text of bad) {
    expect(ownPath(text), JSON.stringify(text)).toBeNull();
    expect((await browser().get(`/session/oidc?return_to=${encodeURIComponent(text)}`)).status, JSON.stringify(text)).toBe(400);
  }
  for (const text of ["/", "/addresses/a%40b?tab=x#y", "/explain?address=a@b//c"]) expect(ownPath(text)).toBe(text);
});

test("one address fills no table", async () => {
  await database.db.query({ text: "delete from panel_sign_ins" });
  await database.db.query({
    text: `insert into panel_sign_ins select sha256(n::text::bytea), '', '', '', '/', '127.0.0.1', now() + interval '1 minute' from generate_series(1, 500) n`,
  });
  expect((await browser().get("/session/oidc")).location).toBe("/signin?problem=busy");
  await database.db.query({ text: "delete from panel_sign_ins" });
});

test("no code, token, secret or cookie stands in the log or the database", async () => {
  const seen = browser();
  const away = await seen.get("/session/oidc");
  const callback = issuer.signIn(away.location);
  const secrets = [issuer.clientSecret, seen.jar.get("__Host-mailroom-oidc") ?? "", callback.searchParams.get("state") ?? ""];
  const { rows } = await database.db.query<{ row: string }>({ text: "select s::text as row from panel_sign_ins s" });
  for (const secret of secrets) expect(rows.map(({ row }) => row).join()).not.toContain(secret);
  issuer.wrong = { signature: "broken" };
  await seen.get(callback.href);
  expect(lines.some((line) => line.includes("authentication failure"))).toBe(true);
  for (const secret of [...secrets, callback.searchParams.get("code") ?? ""]) expect(lines.join("\n")).not.toContain(secret);
  expect(lines.join("\n")).not.toMatch(/eyJ/);
});
