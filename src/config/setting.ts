import { z } from "zod";
import type { Fault } from "./fault.ts";
import type { Structure } from "./structure.ts";

/**
 * What the values of a setting are. Text comes from the settings file and from the environment alike, so one schema reads both:
 * `schema` takes one text, or for a list the texts of its items.
 */
export type SettingType<T> = {
  /** As it stands in docs/settings.md: "duration". */
  readonly name: string;
  readonly list: boolean;
  readonly schema: z.ZodType<T, unknown>;
  /** The value written back, as it would stand in the file. */
  show(value: T): string;
  /** Never shown: not in messages, not by `config print`. Only these have a `_file` form. */
  readonly secret?: true;
  /** Of a setting that is a structure, so that the settings file alone can hold it: its value, or all that is wrong with it. */
  structured?(structure: Structure, folder: string): T | readonly Fault[];
  /** The value once it is known which folder relative names start from. */
  within?(value: T, folder: string): T;
};

/** What the machine says, for defaults that depend on it. */
export type Machine = { readonly hostname: string; readonly cores: number };

/** A default that is no text: computed from the machine, or absent (the value is null). `phrase` is what the docs say. */
type Default = string | { readonly phrase: string; readonly of: ((machine: Machine) => string) | null };

/** One setting: type, default, a sentence for docs/settings.md. */
export type Setting<T> = {
  readonly type: SettingType<T>;
  readonly fallback: Default;
  readonly sentence: string;
  /** Nothing obeys it yet: any other value than the default is refused, so that nobody believes in it. */
  readonly notYet: boolean;
  /** Only for the type: T, or T | null when the default is absent. */
  readonly value?: T;
};

export type Unset = { readonly phrase: string; readonly of: null };
/** The default is nothing at all, for which the program does what `phrase` says. */
export const unset = (phrase: string): Unset => ({ phrase, of: null });
/** The default comes from the machine. */
export const fromMachine = (phrase: string, of: (machine: Machine) => string) => ({ phrase, of });

export function setting<T>(type: SettingType<T>, fallback: Unset, sentence: string): Setting<T | null>;
export function setting<T>(type: SettingType<T>, fallback: Default, sentence: string): Setting<T>;
export function setting<T>(type: SettingType<T>, fallback: Default, sentence: string): Setting<T> {
  return { type, fallback, sentence, notYet: false };
}

/** A setting of the contract that nothing obeys yet. */
export function later<T>(type: SettingType<T>, fallback: Unset, sentence: string): Setting<T | null>;
export function later<T>(type: SettingType<T>, fallback: string, sentence: string): Setting<T>;
export function later<T>(type: SettingType<T>, fallback: Default, sentence: string): Setting<T> {
  return { type, fallback, sentence, notYet: true };
}

/** `smtp.listen` → MAILROOM_SMTP_LISTEN */
export const environmentName = (key: string): string => `MAILROOM_${key.toUpperCase().replaceAll(".", "_")}`;

/** What a reader gives back instead of a value: what is wrong, and what to write instead. */
export class Wrong {
  readonly what: string;
  readonly hint: string;

  constructor(what: string, hint: string) {
    this.what = what;
    this.hint = hint;
  }
}

/** A type whose values are read from one text by `read`. */
export function scalar<T>(name: string, read: (text: string) => T | Wrong, show: (value: T) => string): SettingType<T> {
  return { name, list: false, schema: z.string().transform(reading(read)), show };
}

/** A list of `item`s: in the file a sequence or one text with commas, in the environment a text with commas. */
export function listOf<T>(
  item: SettingType<T>,
  name: string,
  check: (values: readonly T[]) => Wrong | null = () => null,
): SettingType<readonly T[]> {
  const schema = z.array(item.schema).transform(reading((values: readonly T[]) => check(values) ?? values));
  return { name, list: true, schema, show: (values) => values.map((value) => item.show(value)).join(",") };
}

const reading =
  <In, T>(read: (input: In) => T | Wrong) =>
  (input: In, context: z.RefinementCtx): T => {
    const value = read(input);
    if (!(value instanceof Wrong)) return value;
    context.addIssue({ code: "custom", message: value.what, params: { hint: value.hint } });
    return z.NEVER;
  };
