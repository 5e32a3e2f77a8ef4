import { Command } from "commander";
import type { CliContext } from "./context.ts";
import { runServer } from "./run-server.ts";

/** `mailroom serve`: everything in the foreground until SIGTERM. */
export function serveCommand(ctx: CliContext): Command {
  return new Command("serve")
    .description("run all services in the foreground; SIGTERM drains and ends with 0")
    .addHelpText("after", "\nExamples:\n  mailroom serve\n  mailroom serve --config /etc/mailroom/mailroom.yaml")
    .action(() => runServer(ctx, {}));
}

/** A worker process of `serve`, which starts it and tells it the settings and where the database is. Not for people. */
export function workerCommand(): Command {
  return new Command("worker").description("a worker process of `mailroom serve`").action(async () => {
    const { runWorker } = await import("../worker.ts");
    await runWorker();
  });
}
