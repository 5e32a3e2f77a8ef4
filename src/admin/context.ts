/** What the routes of the panel get, and what a request carries. */
import type { Context } from "hono";
import { createFactory } from "hono/factory";
import { type Author, type Changed, changeOfThis } from "../actions/change.ts";
import type { EntryView } from "../actions/entries.ts";
import type { OwnMail } from "../actions/forwarding/own-mail.ts";
import type { Reject } from "../actions/held.ts";
import { plainLine } from "../actions/plain-line.ts";
import { type Preview, previewChange } from "../actions/preview.ts";
import type { ReturnDeps } from "../actions/queue.ts";
import { rehearse, together } from "../actions/rehearse.ts";
import type { Ourselves } from "../actions/routes.ts";
import type { Scope } from "../actions/scope.ts";
import { reaches } from "../actions/scope.ts";
import type { Db } from "../db/client.ts";
import type { Directory } from "../directory/directory.ts";
import type { LdapSource } from "../directory/ldap/open-source.ts";
import type { Log } from "../log/log.ts";
import type { Mailbox } from "../mail/mailbox.ts";
import type { Authenticator } from "../mail/person.ts";
import type { Limits } from "../resolve/limits.ts";
import type { OidcProvider } from "./access/oidc.ts";
import type { Principal } from "./access/policy.ts";
import { type Action, scopeOf } from "./access/policy.ts";
import type { MailServers } from "./autoconfig-forms.ts";
import { previewWithin } from "./preview.ts";
import type { Probes, ShownSetting } from "./probes.ts";

export type AdminDeps = {
  readonly db: Db;
  /** For work that takes minutes, as an import does: statements may be long there, and a few of them wait for nobody but each other. */
  readonly slow: Db;
  readonly log: Log;
  /** The directory that answers RCPT, with LDAP behind it. */
  readonly directory: Directory;
  /** The LDAP sources that tell people by name and password, by the name of the source. */
  readonly people: readonly (Authenticator & { readonly name: string })[];
  readonly limits: Limits;
  /** Mail that the panel itself writes. */
  readonly ownMail: OwnMail;
  /** What mail programs are told. */
  readonly mailServers: MailServers;
  /** Who gets mail to postmaster that nobody answers. */
  readonly postmaster: Mailbox | null;
  /** Where people reach the panel, as in `https://mail.campus.example`; null: on this machine alone. */
  readonly publicUrl: string | null;
  /** Runs work that ends mail with a notice to its sender, which is written in the same commit. */
  readonly withReturning: <T>(work: (deps: ReturnDeps & { readonly reject: Reject }) => Promise<T>) => Promise<T>;
  /** The OpenID provider through which people sign in; null: none. */
  readonly oidc: OidcProvider | null;
  readonly sleep: (ms: number) => Promise<unknown>;
  readonly version: string;
  /** Nothing leaves the machine, and what would have can be looked at. */
  readonly isDemo: boolean;
  /** The LDAP sources as such. */
  readonly sources: readonly LdapSource[];
  /** This server's name and listeners: no route may lead there. */
  readonly ourselves: Ourselves;
  /** Questions to the world outside. */
  readonly probes: Probes;
  /** As `config print` has them. */
  readonly settings: readonly ShownSetting[];
  /** Below this folder are the copies that would have left; null: they leave. */
  readonly captured: string | null;
};

export type PanelEnv = {
  Variables: {
    /** Null: nobody signed in. */
    principal: Principal | null;
    /** How far the action of this route goes; set by may(). */
    scope: Scope;
    /** Where the client is: an IP address. */
    clientAddress: string;
    requestId: string;
    /** The answer holds a secret that is shown once: no copy of it is kept for a repeated request. */
    holdsSecret: boolean | undefined;
  };
};

export const panel = createFactory<PanelEnv>();

/** Who signed in; only behind may(). */
export function principalOf(c: Context<PanelEnv>): Principal {
  const principal = c.get("principal");
  if (principal === null) throw new Error("a route without may()");
  return principal;
}

/** Who changes something by this request, for the change record. */
export function authorOf(c: Context<PanelEnv>): Author {
  const { id, token } = principalOf(c);
  const why = c.req.header("x-change-reason");
  return {
    actor: `${id} via ${token === null ? "panel" : `token ${token.name}`}`,
    why: why === undefined || why === "" ? null : plainLine(decoded(why), "the reason in X-Change-Reason"),
  };
}

/** Header fields are ASCII (RFC 9110 §5.5); the panel percent-encodes what is not. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Whether who signed in may do this to an entry: screens leave out what would be refused. */
export function mayTo(c: Context<PanelEnv>, action: Action, entry: { readonly address: string; readonly owner: string | null }): boolean {
  const scope = scopeOf(principalOf(c), action);
  return scope !== null && reaches(scope, entry);
}

/** What a change gave. `change_no`: its number in the log of changes, by which it can be undone; null: nothing was changed, or it was rehearsed. */
export type CarriedOut<T> = { readonly result: T; readonly change_no: number | null };

/** Runs a change in one transaction, or with `?dry_run=true` rehearses it: every rule is checked, and nothing is written. */
export async function carryOut<T>(c: Context<PanelEnv>, db: Db, work: (db: Db, author: Author) => Promise<T>): Promise<CarriedOut<T>>;
/** The same with what it would do to mail. A rule that forbids it is part of that answer, and then there is no result. */
export async function carryOut<T extends object>(
  c: Context<PanelEnv>,
  db: Db,
  work: (db: Db, author: Author) => Promise<T>,
  previews: Previews,
): Promise<CarriedOut<T | null> & { readonly preview: Preview | null }>;
export async function carryOut<T extends object>(
  c: Context<PanelEnv>,
  db: Db,
  work: (db: Db, author: Author) => Promise<T>,
  previews?: Previews,
): Promise<CarriedOut<T | null> & { readonly preview: Preview | null }> {
  const author = authorOf(c);
  if (!isDryRun(c))
    return together(db, async (on) => ({ result: await work(on, author), change_no: await changeOfThis(on), preview: null }));
  if (previews === undefined) return { result: await rehearse(db, (on) => work(on, author)), change_no: null, preview: null };
  const { preview, outcome } = await previewChange(db, (on) => work(on, author), { people: previews.people });
  return { result: outcome, change_no: null, preview: previewWithin(preview, c.get("scope"), new Set(previews.known)) };
}

/** Whom to ask about people of LDAP, and the addresses the request named itself, which are no secret to who sent it. */
export type Previews = { readonly people: Directory["people"]; readonly known: readonly string[] };

export const previewed = (directory: Directory, known: readonly string[] = []): Previews => ({
  people: directory.people,
  known: known.map((address) => address.trim().toLowerCase()),
});

/** A change of one entry, carried out or rehearsed: what the routes of aliases and lists answer with (`written`). */
export async function changeEntry(
  c: Context<PanelEnv>,
  { db, directory }: Pick<AdminDeps, "db" | "directory">,
  work: (db: Db, author: Author) => Promise<Changed<EntryView>>,
  known: readonly string[] = [],
): Promise<CarriedOut<Changed<EntryView>> & { readonly preview: Preview | null }> {
  const done = await carryOut(c, db, work, previewed(directory, known));
  return { ...done, result: done.result ?? REFUSED };
}

/** What a change does that a rule forbids. */
const REFUSED: Changed<EntryView> = { changed: false, before: null, after: null, warnings: [] };

export const isDryRun = (c: Context): boolean => c.req.query("dry_run") === "true";
