import { resolve } from "node:path";
import { nearest } from "../mail/nearest.ts";
import type { Fault } from "./fault.ts";
import { type Given, namesByVariable, settingNamed, settingsByKey } from "./given.ts";
import { environmentName, type Setting } from "./setting.ts";

/** Names the settings file; no setting itself. */
export const CONFIG_VARIABLE = "MAILROOM_CONFIG";

/** Kubernetes puts these into every pod when a Service is called mailroom (enableServiceLinks): MAILROOM_PORT=tcp://10.0.0.7:2525 and so on. */
const KUBERNETES = /^MAILROOM_(SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)|PORT(_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$/;

/** Takes the MAILROOM_ variables. One that is set but empty counts as not set, except for lists that may be empty: there it is the empty list. */
export function readEnvironment(
  env: NodeJS.ProcessEnv,
  cwd: string,
): { readonly given: readonly Given[]; readonly faults: readonly Fault[] } {
  const given = new Map<string, Given>();
  const faults: Fault[] = [];
  for (const variable of Object.keys(env).filter(isOurs).sort()) {
    const text = env[variable] ?? "";
    const named = settingNamed(namesByVariable.get(variable) ?? "");
    const before = given.get(named?.key ?? "");
    if (!named) faults.push(unknownVariable(variable));
    else if (text === "" && !mayBeEmpty(named.setting)) continue;
    else if (before) faults.push({ where: variable, key: null, what: `says the same as ${before.where}`, hint: "set one of them" });
    else {
      const secretFile = named.isFile ? resolve(cwd, text) : null;
      given.set(named.key, { ...named, text, layer: "environment", where: variable, secretFile, folder: cwd });
    }
  }
  return { given: [...given.values()], faults };
}

const isOurs = (variable: string): boolean =>
  variable.startsWith("MAILROOM_") && variable !== CONFIG_VARIABLE && !KUBERNETES.test(variable);

const mayBeEmpty = ({ type }: Setting<unknown>): boolean => type.list && type.schema.safeParse([]).success;

function unknownVariable(variable: string): Fault {
  const key = [...settingsByKey.keys()].find((name) => environmentName(name) === variable);
  if (key !== undefined) return { where: variable, key: null, what: `${key} is set in the settings file only`, hint: "" };
  const near = nearest(variable, namesByVariable.keys());
  const where = /^\w{1,80}$/.test(variable) ? variable : JSON.stringify(variable.slice(0, 80));
  return { where, key: null, what: "unknown setting", hint: near ? `did you mean ${near}?` : "docs/settings.md has them all" };
}
