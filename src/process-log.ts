import { writeSync } from "node:fs";
import type { Settings } from "./config/settings-tree.ts";
import { bufferedWriter, createLog, type Log } from "./log/log.ts";
import { patientWrite } from "./log/patient-write.ts";

/** The log of this process, on stdout in whole lines. `flush` before the process ends. */
export function processLog(settings: Settings["log"], terminal: boolean): { log: Log; flush: () => void } {
  const writer = bufferedWriter(patientWrite((octets) => writeSync(1, octets)));
  const format = settings.format === "auto" ? (terminal ? "postfix" : "json") : settings.format;
  process.on("exit", writer.flush);
  return { log: createLog({ format, level: settings.level, write: writer.write }), flush: writer.flush };
}
