import { environmentName, type Setting } from "./setting.ts";
import { settingsList } from "./settings.ts";

/** The list by key, for keys that come from outside. */
export const settingsByKey: ReadonlyMap<string, Setting<unknown>> = new Map(Object.entries(settingsList));

/** The text that one layer (file, environment) gives for a setting, and where it stands. */
export type Given = {
  readonly key: string;
  /** One text, or the items of a sequence. For `isFile` the name of the file that holds it. */
  readonly text: string | readonly string[];
  readonly isFile: boolean;
  readonly layer: "file" | "environment";
  /** `mailroom.yaml:14` or the variable's name. */
  readonly where: string;
  /** The file, by absolute name, in which a secret stands: its own, or the settings file. Null: no secret, or in the environment. */
  readonly secretFile: string | null;
  /** What relative file names start from. */
  readonly folder: string;
};

/** Reads one name of a layer: the setting it means, and whether it is the `_file` form of a secret. Null: there is no such setting. */
export function settingNamed(key: string): { readonly key: string; readonly isFile: boolean } | null {
  if (settingsByKey.has(key)) return { key, isFile: false };
  const secretKey = key.endsWith("_file") ? key.slice(0, -"_file".length) : "";
  return settingsByKey.get(secretKey)?.type.secret ? { key: secretKey, isFile: true } : null;
}

/** Every name a layer may use: keys, and the `_file` form of secrets. */
export const allNames: readonly string[] = [...settingsByKey].flatMap(([key, { type }]) => (type.secret ? [key, `${key}_file`] : [key]));

/** Environment names of all of them, but for settings that only the file can hold. */
export const namesByVariable: ReadonlyMap<string, string> = new Map(
  allNames.filter((name) => !settingsByKey.get(name)?.fileOnly).map((name) => [environmentName(name), name]),
);
