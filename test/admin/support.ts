/** The application over a database of its own, asked without a port; and people who are signed in. */

import { type GrantInput, grantRole, setUser } from "../../src/actions/access/users.ts";
import type { Author } from "../../src/actions/change.ts";
import { openSession } from "../../src/admin/access/sessions.ts";
import { createApp } from "../../src/admin/app.ts";
import type { AdminDeps } from "../../src/admin/context.ts";
import type { Probes } from "../../src/admin/probes.ts";
import { openDirectory } from "../../src/directory/open-directory.ts";
import { mailboxOfKey } from "../../src/mail/mailbox.ts";
import { openOwnMail } from "../../src/own-mail.ts";
import { openOutbox } from "../../src/queue/outbox.ts";
import { LIMITS } from "../../src/resolve/limits.ts";
import { openResolve } from "../../src/resolve/resolve.ts";
import type { TestDatabase } from "../support/database.ts";
import { silentLog } from "../support/sql.ts";

export const ORIGIN = "https://mail.campus.example";
export const AUTHOR: Author = { actor: "test", why: null };
export const PASSWORD = "correct horse battery staple";

const QUEUE = {
  retrySeconds: [300],
  lifetimeSeconds: 432_000,
  noticeLifetimeSeconds: 86_400,
  leaseSeconds: 600,
  inMemoryOctets: 1,
  memoryBudgetOctets: 1,
};

export type Caller = {
  /** A request with this person's cookie; a body is sent as JSON from our own pages. */
  (method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>;
};
// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
export type Answer = { readonly status: number; readonly body: any; readonly headers: Headers };

export type TestPanel = {
  readonly app: ReturnType<typeof createApp>;
  readonly deps: AdminDeps;
  /** Signs in somebody new with these roles and these addresses of their own. */
  as(login: string, grants?: readonly GrantInput[], addresses?: readonly string[]): Promise<Caller>;
  readonly anonymous: Caller;
  close(): Promise<void>;
};

const noDns = (): Promise<never> => Promise.reject(Object.assign(new Error("no DNS in this test"), { code: "ETIMEOUT" }));
/** A world that gives no answer. */
const nothingOutside: Probes = {
  dns: { resolveMx: noDns, resolve4: noDns, resolve6: noDns, resolveTxt: noDns, resolvePtr: noDns },
  tryHop: async () => [],
  relayTest: null,
};

export function openPanel(database: TestDatabase, more: Partial<AdminDeps> = {}): TestPanel {
  const { db } = database;
  const rows = openDirectory(db, { log: silentLog });
  const directory = more.directory ?? rows;
  const resolve = openResolve(directory);
  const deps: AdminDeps = {
    db,
    slow: database.open({ max: 2, statementMs: 600_000, lockMs: 30_000 }),
    log: silentLog,
    directory,
    people: [],
    limits: LIMITS,
    ownMail: openOwnMail((mailbox) => resolve(mailbox, null), openOutbox(QUEUE), "mail.campus.example"),
    mailServers: { hostname: "mail.campus.example", submissionPort: 587, submissionsPort: 465, imapHostname: "imap.campus.example" },
    postmaster: null,
    publicUrl: ORIGIN,
    oidc: null,
    sleep: async () => undefined,
    version: "test",
    withReturning: () => Promise.reject(new Error("nothing can be returned here")),
    isDemo: false,
    sources: [],
    ourselves: { hostname: "mail.campus.example", listeners: [] },
    probes: nothingOutside,
    settings: [],
    captured: null,
    ...more,
  };
  const app = createApp(deps, null);
  const caller =
    (cookie: string | null): Caller =>
    async (method, path, body, headers = {}) => {
      const response = await app.request(`/api/v1${path}`, {
        method,
        headers: {
          origin: ORIGIN,
          ...(cookie !== null && { cookie: `__Host-mailroom=${cookie}` }),
          ...(body !== undefined && { "content-type": "application/json" }),
          ...headers,
        },
        ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      const isJson = /^application\/(problem\+)?json\b/.test(response.headers.get("content-type") ?? "");
      return { status: response.status, body: isJson ? JSON.parse(text) : text, headers: response.headers };
    };
  return {
    app,
    deps,
    anonymous: caller(null),
    async as(login, grants = [], addresses = []) {
      for (const grant of grants) await grantRole(db, AUTHOR, `ldap:${login}`, grant);
      const mailboxes = addresses.flatMap((key) => {
        const read = mailboxOfKey(key);
        return read.ok ? [read.mailbox] : [];
      });
      return caller(await openSession(db, { login: `ldap:${login}`, addresses: mailboxes, affiliation: null }, "192.0.2.1"));
    },
    close: () => rows.close(),
  };
}

export const makeAdmin = async ({ db }: TestDatabase, login = "admin"): Promise<void> => {
  await setUser(db, AUTHOR, login, PASSWORD);
  await grantRole(db, AUTHOR, login, { role: "superadmin" });
};
