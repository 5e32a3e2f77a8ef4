import { environmentName, type Setting } from "./setting.ts";
import { settingsList } from "./settings.ts";
import type { Structure } from "./structure.ts";

/** The list by key, for keys that come from outside. */
export const settingsByKey: ReadonlyMap<string, Setting<unknown>> = new Map(Object.entries(settingsList));

/** The text that one layer (file, environment) gives for a setting, and where it stands. */
export type Given = {
  readonly key: string;
  readonly setting: Setting<unknown>;
  /** One text, or the items of a sequence. For `isFile` the name of the file that holds it. */
  readonly text: string | readonly string[];
  readonly isFile: boolean;
  /** Of a setting that is a structure; its text is empty. */
  readonly structure?: Structure;
  readonly layer: "file" | "environment";
  /** `mailroom.yaml:14` or the variable's name. */
  readonly where: string;
  /** The file, by absolute name, in which a secret stands: its own, or the settings file. Null: no secret, or in the environment. */
  readonly secretFile: string | null;
  /** What relative file names start from. */
  readonly folder: string;
};

/** What a name of a layer means: a setting, or the `_file` form of a secret. */
export type Named = { readonly key: string; readonly setting: Setting<unknown>; readonly isFile: boolean };

/** Null: there is no such setting. */
export function settingNamed(name: string): Named | null {
  const setting = settingsByKey.get(name);
  if (setting) return { key: name, setting, isFile: false };
  const key = name.endsWith("_file") ? name.slice(0, -"_file".length) : "";
  const secret = settingsByKey.get(key);
  return secret?.type.secret ? { key, setting: secret, isFile: true } : null;
}

/** Every name a layer may use: keys, and the `_file` form of secrets. */
export const allNames: readonly string[] = [...settingsByKey].flatMap(([key, { type }]) => (type.secret ? [key, `${key}_file`] : [key]));

/** Environment names of all of them, but for settings that only the file can hold. */
export const namesByVariable: ReadonlyMap<string, string> = new Map(
  allNames.filter((name) => !settingsByKey.get(name)?.type.structured).map((name) => [environmentName(name), name]),
);
