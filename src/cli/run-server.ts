import { fileURLToPath } from "node:url";
import type { Settings } from "../config/settings-tree.ts";
import type { Connection } from "../db/connection.ts";
import type { CliContext } from "./context.ts";
import { version } from "./version.ts";

export type ServerExtras = {
  /** Changes the settings before anything starts. */
  readonly adapt?: (settings: Settings) => Settings;
  readonly prepare?: (connection: Connection, settings: Settings) => Promise<void>;
  /** Called once mail is taken. */
  readonly started?: (
    addresses: { readonly smtp: readonly string[]; readonly http: readonly string[] },
    settings: Settings,
  ) => Promise<void>;
};

/** Runs a server in this process until it is told to stop; resolves when it has stopped. */
export async function runServer(ctx: CliContext, extras: ServerExtras): Promise<void> {
  const loaded = await ctx.settings();
  const settings = extras.adapt?.(loaded.settings) ?? loaded.settings;
  const { faultText } = await import("../config/fault.ts");
  const { processLog } = await import("../process-log.ts");
  const { serve } = await import("../main.ts");
  const { shownSettings } = await import("../config/print-settings.ts");
  const { log, flush } = processLog(settings.log, process.stdout.isTTY);
  for (const warning of loaded.warnings) log.warn(faultText(warning));
  const stopped = stopSignal();
  try {
    const server = await serve({
      settings,
      log,
      version: version(),
      shown: shownSettings(loaded, settings),
      stopped,
      worker: {
        exec: fileURLToPath(new URL(import.meta.url.endsWith(".ts") ? "./mailroom.ts" : "./mailroom.js", import.meta.url)),
        args: ["worker"],
      },
      ...(extras.prepare ? { prepare: (connection: Connection) => extras.prepare?.(connection, settings) ?? Promise.resolve() } : {}),
    });
    log.info("ready", { smtp: server.smtp.join(","), http: server.http.join(",") });
    await extras.started?.(server, settings);
    log.info("stopping", { signal: await stopped });
    await server.stop();
    log.info("stopped");
  } catch (error) {
    if (!(error instanceof Error && error.name === "StoppedEarly")) throw error;
    log.info("stopped before it was ready");
  } finally {
    flush();
  }
}

/** A Ctrl-C under `npm run` comes twice: from the terminal, and from npm, which hands it on. That is one wish. */
const ONE_WISH_MS = 1000;

/** Resolves at the first SIGTERM or SIGINT. A later one ends the process at once: the queue is safe, deliveries under way are repeated. */
function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    let askedAt: number | null = null;
    const stop = (signal: NodeJS.Signals): void => {
      askedAt ??= performance.now();
      if (performance.now() - askedAt > ONE_WISH_MS) process.exit(1);
      resolve(signal);
    };
    process.on("SIGTERM", stop);
    process.on("SIGINT", stop);
  });
}
