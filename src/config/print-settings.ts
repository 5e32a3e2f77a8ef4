import { stringify } from "yaml";
import { settingsByKey } from "./given.ts";
import type { LoadedSettings, Origin } from "./load-settings.ts";
import type { Settings } from "./settings-tree.ts";

/** One setting for `config print --json`. `value` is null when nothing is set, else as it would stand in the file; secrets are ***. */
export type PrintedSetting = { readonly key: string; readonly value: string | null; readonly origin: string };

export const printedSettings = ({ origins }: LoadedSettings): PrintedSetting[] =>
  [...origins].map(([key, { shown, origin }]) => ({ key, value: shown, origin }));

/** A setting as the panel shows it. `applies`: `file`: what it names is read again by itself; any other value counts after a restart. */
export type ShownSetting = PrintedSetting & { readonly sentence: string; readonly applies: "restart" | "file" };

/** Their contents are watched, or read whenever they are needed: watch-certificate.ts, ldap/pool.ts. */
const READ_AGAIN = new Set(["tls.cert", "tls.key"]);

/** Every setting for the panel. `used`: what the server runs with; the demo sets a folder of its own for what it captures. */
export const shownSettings = (loaded: LoadedSettings, used: Settings): ShownSetting[] =>
  printedSettings(loaded).map((setting) => ({
    ...setting,
    ...(setting.key === "deliver.capture" && used.deliver.capture !== loaded.settings.deliver.capture
      ? { value: used.deliver.capture, origin: "mailroom demo" }
      : {}),
    sentence: settingsByKey.get(setting.key)?.sentence ?? "",
    applies: READ_AGAIN.has(setting.key) && setting.value !== null ? "file" : "restart",
  }));

/** The settings as lines of a settings file, which would give the same settings again (but for secrets, which are masked). */
export function settingsLines({ origins }: LoadedSettings, withOrigin: boolean): string[] {
  const lines = [...origins].map(([key, origin]) => [settingLine(key, origin), origin.origin] as const);
  const width = Math.min(50, Math.max(...lines.map(([line]) => line.length)));
  return lines.map(([line, origin]) => (withOrigin ? `${line.padEnd(width)}  # ${origin}` : line));
}

/** What is not set stands as a comment, with what happens instead. */
function settingLine(key: string, { shown }: Origin): string {
  const fallback = settingsByKey.get(key)?.fallback;
  if (shown === null) return `# ${key}: ${typeof fallback === "object" ? fallback.phrase.replaceAll("`", "") : ""}`;
  if (shown !== "" && settingsByKey.get(key)?.type.structured) return `# ${key}: ${shown} (as the file has it)`;
  return `${key}: ${shown === "" ? "[]" : stringify(shown, { lineWidth: 0, schema: "failsafe" }).trimEnd()}`;
}
