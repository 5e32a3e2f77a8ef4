import { existsSync } from "node:fs";
import { availableParallelism, hostname } from "node:os";
import { resolve } from "node:path";
import { CONFIG_VARIABLE, readEnvironment } from "./environment.ts";
import { type Fault, SettingsError } from "./fault.ts";
import { type Given, settingsByKey } from "./given.ts";
import { readDefault, readGiven } from "./read-value.ts";
import { checkRules } from "./rules.ts";
import type { Machine, Setting } from "./setting.ts";
import { readSettingsFile } from "./settings-file.ts";
import { type Settings, settingsTree } from "./settings-tree.ts";

/** Where a value comes from: "default", `mailroom.yaml:14`, "environment MAILROOM_X", "secret file NAME". */
export type Origin = {
  readonly value: unknown;
  /** As it would stand in the file; secrets are ***. Null: nothing is set. */
  readonly shown: string | null;
  readonly origin: string;
};

export type LoadedSettings = {
  readonly settings: Settings;
  readonly origins: ReadonlyMap<string, Origin>;
  /** Allowed but unwise: readable secrets and the like. */
  readonly warnings: readonly Fault[];
  /** The settings file, as it was named; null when there is none. */
  readonly file: string | null;
};

export type Sources = {
  /** What --config said. */
  readonly configFile?: string | undefined;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly machine?: Machine;
};

/**
 * Reads settings: the environment before the file, the file before the defaults. Throws SettingsError with every fault found.
 */
export function loadSettings({ configFile, env, cwd, machine = thisMachine() }: Sources): LoadedSettings {
  const file = configFile ?? (env[CONFIG_VARIABLE] || null) ?? (existsSync(resolve(cwd, "mailroom.yaml")) ? "mailroom.yaml" : null);
  const layers = [file === null ? { given: [], faults: [] } : readSettingsFile(file, cwd), readEnvironment(env, cwd)];
  const faults = layers.flatMap((layer) => layer.faults);
  const origins = new Map([...settingsByKey].map(([key, setting]) => [key, defaultOrigin(setting, readDefault(setting, machine, cwd))]));
  const given = new Map<string, Given>();
  // A later layer hides an earlier one, but a fault in what is hidden is a fault all the same.
  for (const each of layers.flatMap((layer) => layer.given)) {
    const reading = readGiven(each);
    if ("faults" in reading) faults.push(...reading.faults);
    else origins.set(each.key, { value: reading.value, shown: shownValue(each.setting, reading.value), origin: originText(each) });
    given.set(each.key, each);
  }
  // Rules between settings need all of them: beside a faulty value they would only repeat its fault.
  if (faults.length > 0) throw new SettingsError(inOrder(faults));
  const settings = settingsTree(new Map([...origins].map(([key, { value }]) => [key, value])));
  const { broken, unwise } = checkRules(settings, given);
  if (broken.length > 0) throw new SettingsError(inOrder(broken));
  return { settings, origins, warnings: inOrder(unwise), file };
}

const thisMachine = (): Machine => ({ hostname: hostname(), cores: availableParallelism() });

const shownValue = (setting: Setting<unknown>, value: unknown): string | null => (value === null ? null : setting.type.show(value));

const defaultOrigin = (setting: Setting<unknown>, { value }: { readonly value: unknown }): Origin => ({
  value,
  shown: shownValue(setting, value),
  origin: "default",
});

function originText(given: Given): string {
  if (given.isFile) return `secret file ${String(given.text)}`;
  return given.layer === "environment" ? `environment ${given.where}` : given.where;
}

/** The file's faults by line, then the others by name. */
function inOrder(faults: readonly Fault[]): Fault[] {
  const line = (fault: Fault) => Number(/:([0-9]+)$/.exec(fault.where)?.[1] ?? Number.MAX_SAFE_INTEGER);
  return [...faults].sort((a, b) => line(a) - line(b) || (a.where < b.where ? -1 : Number(a.where > b.where)));
}
