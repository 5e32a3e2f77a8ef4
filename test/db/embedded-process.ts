/** A process of its own that runs the embedded server of the given data directory, until a line comes or its stdin ends. */
import { startEmbedded } from "../../src/db/embedded/embedded.ts";
import { silentLog } from "../support/sql.ts";

try {
  const { attached, connection, stop } = await startEmbedded({ dataDir: process.argv[2] ?? "", log: silentLog });
  console.log(JSON.stringify({ attached, connection }));
  process.stdin.once("data", () => void stop().then(() => process.exit(0)));
  process.stdin.once("end", () => process.exit(1)); // as after an uncaught exception: without stop()
} catch (error) {
  const { name, message, hint } = error as { name: string; message: string; hint?: string };
  console.log(JSON.stringify({ name, message, hint }));
  process.exit(78);
}
