import type { Settings } from "./config/settings-tree.ts";
import { bufferedWriter, createLog, type Log } from "./log/log.ts";

/** The log of this process, written through `writeSync` in whole lines. `flush` before the process ends. */
export function processLog(
  settings: Settings["log"],
  terminal: boolean,
  writeSync: (text: string) => void,
): { log: Log; flush: () => void } {
  const writer = bufferedWriter(writeSync);
  const format = settings.format === "auto" ? (terminal ? "postfix" : "json") : settings.format;
  process.on("exit", writer.flush);
  return { log: createLog({ format, level: settings.level, write: writer.write }), flush: writer.flush };
}
