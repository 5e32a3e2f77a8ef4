import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import type { Fault } from "./fault.ts";
import { quoted } from "./fault.ts";
import type { Given } from "./given.ts";
import type { Machine, Setting, SettingType } from "./setting.ts";

/** A setting's value, or all that is wrong with it. */
type Reading = { readonly value: unknown } | { readonly faults: readonly Fault[] };

/** Far more than any key or URL needs. */
const MOST_SECRET_OCTETS = 64 * 1024;

/** Of a long list of nonsense the first faults say enough. */
const MOST_FAULTS = 20;

/** The value of a setting as a layer gives it. */
export function readGiven(given: Given): Reading {
  const { setting } = given;
  const key = given.layer === "environment" ? null : given.key;
  const wrong = (what: string, hint: string): Reading => ({ faults: [{ where: given.where, key, what, hint }] });
  if (given.structure !== undefined && setting.type.structured !== undefined) {
    const read = setting.type.structured(given.structure, given.folder);
    return isFaults(read) ? { faults: read.slice(0, MOST_FAULTS) } : { value: read };
  }
  const text = given.isFile ? secretIn(given) : given.text;
  if (text instanceof Error) return wrong(text.message, "");
  if (text === "" && !setting.type.list) return wrong("has no value", "write one, or leave the setting out");
  const input = inputOf(setting.type, text);
  if (input === null) return wrong("takes one value, not a list", "");
  if (setting.notYet) return isDefault(setting, input) ? { value: defaultOf(setting) } : wrong("is not available yet", "leave it out");
  const result = setting.type.schema.safeParse(input);
  if (result.success) return { value: setting.type.within?.(result.data, given.folder) ?? result.data };
  return {
    faults: result.error.issues
      .slice(0, MOST_FAULTS)
      .map((issue) => ({ where: given.where, key, what: issue.message, hint: hintOf(issue) })),
  };
}

const isFaults = (read: unknown): read is readonly Fault[] =>
  Array.isArray(read) && read.length > 0 && typeof read[0] === "object" && read[0] !== null && "what" in read[0];

/** The value of a setting that no layer gives. A default that its own type refuses is a fault of this program. */
export function readDefault(setting: Setting<unknown>, machine: Machine, folder: string): { readonly value: unknown } {
  const { fallback, type } = setting;
  const text = typeof fallback === "string" ? fallback : fallback.of?.(machine);
  if (text === undefined) return { value: null };
  const value = type.schema.parse(inputOf(type, text));
  return { value: type.within?.(value, folder) ?? value };
}

/** What the schema takes: one text, or the items of a list. Null: items for a type that takes one. */
function inputOf(type: SettingType<unknown>, text: string | readonly string[]): string | readonly string[] | null {
  if (!type.list) return typeof text !== "string" ? null : type.secret ? text : text.trim();
  if (typeof text !== "string") return text.map((item) => item.trim());
  return text.trim() === "" ? [] : text.split(",").map((item) => item.trim());
}

/** Settings that nothing obeys yet may be written out with their default, which is off or empty. */
function isDefault(setting: Setting<unknown>, input: string | readonly string[]): boolean {
  const text = typeof input === "string" ? input : input.join(",");
  return typeof setting.fallback === "string" && text === setting.fallback;
}

const defaultOf = (setting: Setting<unknown>): unknown => readDefault(setting, { hostname: "", cores: 1 }, "/").value;

/** Our own readers put the hint beside the message. */
const hintOf = (issue: object): string => ("params" in issue ? (issue.params as { readonly hint: string }).hint : "");

/** The text of a secret's file, without one line end at its end. The answer to trouble never holds any of it. */
function secretIn(given: Given): string | Error {
  const name = String(given.text);
  if (name === "") return new Error("names no file");
  try {
    const file = resolve(given.folder, name);
    const stat = statSync(file);
    if (!stat.isFile()) return new Error(`${quoted(name)} is not a regular file`);
    if (stat.size > MOST_SECRET_OCTETS)
      return new Error(`${quoted(name)} has ${stat.size} octets, and no secret needs more than ${MOST_SECRET_OCTETS}`);
    const text = new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(file)).replace(/\r?\n$/, "");
    return text === "" ? new Error(`${quoted(name)} is empty`) : text;
  } catch (error) {
    if (error instanceof TypeError) return new Error(`${quoted(name)} is not UTF-8 text`);
    return new Error(`${quoted(name)} cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown error"})`);
  }
}
