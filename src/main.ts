/**
 * The server: settings → database → workers → HTTP, and stopped in reverse. This process supervises; the nodes in its workers
 * (node.ts) take and deliver mail. It keeps the embedded database, the partitions and the list of live nodes.
 */
import { createApp } from "./admin/app.ts";
import { autoconfigRoutes } from "./admin/autoconfig.ts";
import { forwardingLinkRoutes } from "./admin/forwarding-links.ts";
import { healthRoutes } from "./admin/health.ts";
import { leaveRoutes } from "./admin/leave.ts";
import { type HttpApp, type HttpListener, listenHttp } from "./admin/listen.ts";
import type { ShownSetting } from "./admin/probes.ts";
import { autoconfigSource } from "./autoconfig-source.ts";
import type { Settings } from "./config/settings-tree.ts";
import { type Db, openDatabase } from "./db/client.ts";
import { type Connection, parseDatabaseUrl } from "./db/connection.ts";
import { startEmbedded } from "./db/embedded/embedded.ts";
import { migrate } from "./db/migrate.ts";
import { hearLines } from "./db/relayed-lines.ts";
import { sharedSecret } from "./db/secrets.ts";
import { inspectDatabase } from "./db/start-gate.ts";
import { healthSource } from "./health-source.ts";
import { startHousekeeping } from "./housekeeping.ts";
import type { Log } from "./log/log.ts";
import { LEAVE_SECRET } from "./mail/leave-token.ts";
import { openPanelSource } from "./panel-source.ts";
import { releaseDeadNodes } from "./queue/node.ts";
import { startWorkers } from "./workers.ts";

export type Server = {
  /** `host:port` of the SMTP listeners, and of the HTTP listeners. */
  readonly smtp: readonly string[];
  readonly http: readonly string[];
  /** Drains and stops everything; resolves when the embedded database is down. */
  stop(): Promise<void>;
};

export type ServeOptions = {
  readonly settings: Settings;
  readonly log: Log;
  readonly version: string;
  /** The settings with their origins, for the panel. */
  readonly shown?: readonly ShownSetting[];
  /** Resolves when the process is told to stop: a start that is not done by then is given up. */
  readonly stopped: Promise<unknown>;
  /** The program of a worker, and its arguments. */
  readonly worker: { readonly exec: string; readonly args: readonly string[] };
  /** Runs after the database is ready and before mail is taken: the demo fills in its college. */
  readonly prepare?: (connection: Connection) => Promise<void>;
};

/** Workers may take 30 s for DATA under way; then a little for what is being delivered. */
const STOP_WITHIN_MS = 35_000;

export async function serve(options: ServeOptions): Promise<Server> {
  const { settings, log } = options;
  const url = settings.database.url;
  const embedded = url === null ? await startEmbedded({ dataDir: settings.dataDir, log }) : null;
  const stops: (() => Promise<void>)[] = [];
  if (embedded) stops.push(() => embedded.stop());
  const stopAll = async (): Promise<void> => {
    for (let stop = stops.pop(); stop !== undefined; stop = stops.pop()) await stop();
  };
  try {
    const connection = embedded?.connection ?? parseDatabaseUrl(url?.reveal() ?? "");
    const db = openDatabase(connection, { applicationName: "mailroom parent", max: 3, log, statementMs: 60_000 });
    stops.push(() => db.close());
    await passGate(connection, log);
    await migrate(connection, log);
    const housekeeping = await startHousekeeping(db, settings, log);
    stops.push(housekeeping.stop);
    await hearLines(db, log);
    await options.prepare?.(connection);

    const workers = startWorkers({
      count: settings.workers,
      ...options.worker,
      boot: { settings: withoutSecrets(settings), connection, embedded: embedded !== null } satisfies WorkerBoot,
      log,
      onDeath: () =>
        void releaseDeadNodes(db).catch((error: unknown) => log.warn("a dead worker's mail waits for its lease", { error: String(error) })),
    });
    stops.push(() => workers.stop(STOP_WITHIN_MS));
    const smtp = await Promise.race([workers.ready, options.stopped.then(stoppedEarly)]);

    const health = healthSource(db, workers, options);
    const panel = await openPanelSource(settings, connection, log, { version: options.version, smtp, shown: options.shown ?? [] });
    stops.push(() => panel.close());
    const pages = await panelRoutes(db, settings, log, healthRoutes(health));
    const http = await listenAll(
      healthRoutes(health),
      pages.route("/", forwardingLinkRoutes(panel.deps)).route("/", createApp(panel.deps, panel.assets)),
      settings,
    );
    stops.push(async () => {
      await Promise.all(http.map((listener) => listener.close()));
    });
    return { smtp, http: http.map(({ address }) => `${address.address}:${address.port}`), stop: stopAll };
  } catch (error) {
    await stopAll();
    throw error;
  }
}

/** The database may not be used: it could forget what it committed. Exit code 78. */
class UnsafeDatabase extends Error {
  override readonly name = "UnsafeDatabase";
}

async function passGate(connection: Connection, log: Log): Promise<void> {
  const { refusals, warnings } = await inspectDatabase(connection);
  for (const warning of warnings) log.warn(warning);
  if (refusals.length > 0) throw new UnsafeDatabase(`This database cannot be used:\n  ${refusals.join("\n  ")}`);
}

/** Told to stop while it was starting: everything that was started is stopped again. */
class StoppedEarly extends Error {
  override readonly name = "StoppedEarly";
}

const stoppedEarly = (): never => {
  throw new StoppedEarly("told to stop before it was ready");
};

/**
 * All that a worker knows. It reads no settings itself: one that takes a dead one's place is like the others, whatever the settings
 * file has become meanwhile.
 */
export type WorkerBoot = { readonly settings: Settings; readonly connection: Connection; readonly embedded: boolean };

/** Secrets do not survive the way to a worker, and none is needed there. */
const withoutSecrets = (settings: Settings): Settings => ({
  ...settings,
  database: { ...settings.database, url: null },
  srs: { ...settings.srs, secrets: null },
  oidc: { ...settings.oidc, clientSecret: null },
});

/** What a web server in front passes on besides the panel: health, the set-up of mail programs, and the page by which members leave lists. */
async function panelRoutes(db: Db, settings: Settings, log: Log, health: ReturnType<typeof healthRoutes>) {
  const panel = health.route("/", autoconfigRoutes(autoconfigSource(db, settings)));
  return settings.http.publicUrl === null
    ? panel
    : panel.route("/", leaveRoutes({ db, secret: await sharedSecret(db, LEAVE_SECRET), log }));
}

/** Loopback alone reaches `http.listen`: the world comes through a reverse proxy, which passes on what it is told to. */
async function listenAll(health: HttpApp, panel: HttpApp, settings: Settings): Promise<HttpListener[]> {
  const open = settings.metrics.listen.map((at) => listenHttp(health, at, false));
  const local = settings.services.includes("admin") ? settings.http.listen.map((at) => listenHttp(panel, at, true)) : [];
  return Promise.all([...open, ...local]);
}
