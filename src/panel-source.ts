/** What the panel needs of the rest, put together: its own connections, the directory with LDAP behind it, and the built pages. */
import { setTimeout as sleep } from "node:timers/promises";
import { type OidcProvider, openOidc } from "./admin/access/oidc.ts";
import { type Assets, readAssets } from "./admin/assets.ts";
import type { AdminDeps } from "./admin/context.ts";
import type { ShownSetting } from "./admin/probes.ts";
import { autoconfigSource } from "./autoconfig-source.ts";
import type { Settings } from "./config/settings-tree.ts";
import { openDatabase } from "./db/client.ts";
import type { Connection } from "./db/connection.ts";
import { openDirectory } from "./directory/open-directory.ts";
import { openLdap } from "./ldap.ts";
import type { Log } from "./log/log.ts";

import { openOwnMail } from "./own-mail.ts";
import { capturedFolder, openProbes } from "./probes.ts";
import { openOutbox } from "./queue/outbox.ts";
import { openResolve } from "./resolve/resolve.ts";
import { withReturning } from "./returning.ts";
import { ownListeners, queueSettings, resolveLimits } from "./stage-settings.ts";

export type PanelSource = { readonly deps: AdminDeps; readonly assets: Assets | null; close(): Promise<void> };

/** A question of the panel may take longer than one of a mail dialogue, and still must not hold a connection for ever. */
const STATEMENT_MS = 20_000;
const CONNECTIONS = 8;

/** An import of 100,000 rows takes a minute, and its statements may take many of a second each; a change under way is waited for. */
const SLOW = { statementMs: 10 * 60_000, lockMs: 30_000, max: 2 };

/** `smtp`: where mail is taken from strangers. `shown`: the settings as a person reads them. */
export type PanelFacts = { readonly version: string; readonly smtp: readonly string[]; readonly shown: readonly ShownSetting[] };

export async function openPanelSource(settings: Settings, connection: Connection, log: Log, facts: PanelFacts): Promise<PanelSource> {
  const { version, smtp, shown } = facts;
  const db = openDatabase(connection, { applicationName: "mailroom panel", max: CONNECTIONS, log, statementMs: STATEMENT_MS });
  const slow = openDatabase(connection, { applicationName: "mailroom panel imports", log, ...SLOW });
  const rows = openDirectory(db, { log });
  const ldap = await openLdap(db, rows, settings, log, null);
  const resolve = openResolve(ldap.directory, { limits: resolveLimits(settings) });
  return {
    assets: readAssets(),
    deps: {
      db,
      slow,
      log,
      directory: ldap.directory,
      people: ldap.sources,
      limits: resolveLimits(settings),
      ownMail: openOwnMail((mailbox) => resolve(mailbox, null), openOutbox(queueSettings(settings)), settings.hostname),
      mailServers: autoconfigSource(db, settings),
      postmaster: settings.postmaster,
      publicUrl: settings.http.publicUrl,
      oidc: oidcOf(settings),
      sleep,
      version,
      withReturning: (work) => withReturning(db, settings, log, work),
      isDemo: settings.deliver.capture !== null,
      sources: ldap.sources,
      ourselves: { hostname: settings.hostname, listeners: ownListeners(settings) },
      probes: openProbes(settings, smtp),
      settings: shown,
      captured: capturedFolder(settings),
    },
    async close() {
      await ldap.close();
      await rows.close();
      await slow.close();
      await db.close();
    },
  };
}

/** The provider of the settings; null: none. rules.ts has seen that it can be asked. */
function oidcOf(settings: Settings): OidcProvider | null {
  const issuer = settings.oidc.issuer;
  const clientId = settings.oidc.clientId;
  if (issuer === null || clientId === null) return null;
  return openOidc({
    issuer,
    clientId,
    clientSecret: settings.oidc.clientSecret,
    name: settings.oidc.name,
    addressClaim: settings.oidc.addressClaim,
  });
}
