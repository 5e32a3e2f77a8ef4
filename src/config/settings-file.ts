import { readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from "yaml";
import { nearest } from "../mail/nearest.ts";
import { type Fault, quoted } from "./fault.ts";
import { allNames, type Given, type Named, settingNamed } from "./given.ts";
import { structureOf } from "./structure.ts";

/** A page of settings has a few kilobytes. Within this the YAML parser takes under a second whatever it reads. */
const MOST_OCTETS = 64 * 1024;
/** Of a file that is no YAML at all, or no settings file, the first few faults say enough. */
const MOST_SYNTAX_FAULTS = 10;
const MOST_FAULTS = 100;

export type FileReading = { readonly given: readonly Given[]; readonly faults: readonly Fault[] };

/** Reads the settings file `name` (as the user wrote it, relative to `cwd`). All faults of spelling and structure; values are read later. */
export function readSettingsFile(name: string, cwd: string): FileReading {
  const text = textOf(resolve(cwd, name));
  if (typeof text !== "string") return { given: [], faults: [{ where: name, key: null, ...text }] };
  const lines = new LineCounter();
  // failsafe: every scalar is its text, so that 0755, off and 1e3 mean the same here as in the environment.
  const document = parseDocument(text, { lineCounter: lines, schema: "failsafe", prettyErrors: false, uniqueKeys: false, customTags: [] });
  const at = (offset: number) => `${name}:${lines.linePos(offset).line}`;
  // An unknown tag is only a warning to the parser; the walk refuses every tag.
  const syntax = [...document.errors, ...document.warnings.filter(({ code }) => code !== "TAG_RESOLVE_FAILED")];
  if (syntax.length > 0) {
    const faults = syntax.slice(0, MOST_SYNTAX_FAULTS).map((e) => syntaxFault(at(e.pos[0]), e.code, e.message));
    const rest = syntax.length - faults.length;
    return {
      given: [],
      faults: rest > 0 ? [...faults, { where: name, key: null, what: `${rest} more faults like these`, hint: "" }] : faults,
    };
  }
  return new Walk(at, resolve(cwd, name)).file(document.contents, name);
}

function textOf(file: string): string | { readonly what: string; readonly hint: string } {
  try {
    const stat = statSync(file);
    if (!stat.isFile()) return { what: "is not a regular file", hint: "name a YAML file" };
    if (stat.size > MOST_OCTETS)
      return { what: `has ${stat.size} octets, and settings never need more than ${MOST_OCTETS}`, hint: "name a settings file" };
    // fatal: octets that are no UTF-8 throw; a byte order mark is dropped.
    const text = new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(file));
    const control = /[^\P{Cc}\t\n\r]/u.exec(text);
    if (control)
      return {
        what: `holds the control character ${quoted(control[0])} in line ${text.slice(0, control.index).split("\n").length}`,
        hint: "write plain text",
      };
    return text;
  } catch (error) {
    if (error instanceof TypeError) return { what: "is not UTF-8 text", hint: "save it as UTF-8" };
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return { what: "does not exist", hint: "" };
    return {
      what: `cannot be read (${code ?? "unknown error"})`,
      hint: code === "EACCES" ? "the account that runs mailroom must be able to read it" : "",
    };
  }
}

function syntaxFault(where: string, code: string, message: string): Fault {
  const said = message.split("\n")[0] ?? "";
  const what = `not YAML: ${said.charAt(0).toLowerCase()}${said.slice(1)}`;
  if (code === "TAB_AS_INDENT") return { where, key: null, what: "a tab stands in the indentation", hint: "YAML is indented with blanks" };
  if (code === "MULTIPLE_DOCS") return { where, key: null, what: "a second document starts here", hint: "leave out the --- line" };
  if (code === "MISSING_CHAR") return { where, key: null, what, hint: "it was opened further up" };
  if (code === "UNEXPECTED_TOKEN" || code === "BAD_SCALAR_START" || code === "BLOCK_AS_IMPLICIT_KEY")
    return { where, key: null, what, hint: 'put values with special characters in quotes, as in "[::1]:2525"' };
  return { where, key: null, what, hint: "" };
}

/** Goes through the document and collects values and faults. */
class Walk {
  readonly #at: (offset: number) => string;
  readonly #path: string;
  readonly #given = new Map<string, Given>();
  readonly #faults: Fault[] = [];

  constructor(at: (offset: number) => string, path: string) {
    this.#at = at;
    this.#path = path;
  }

  file(contents: unknown, name: string): FileReading {
    if (isMap(contents)) this.#section(contents as YAMLMap<Node, Node | null>, "");
    else if (!isEmpty(contents)) this.#fault(name, null, "is not a list of settings", 'write lines as in "hostname: mail.campus.example"');
    if (this.#faults.length >= MOST_FAULTS) this.#fault(name, null, `has ${MOST_FAULTS} faults or more; the rest was not read`);
    return { given: [...this.#given.values()], faults: this.#faults };
  }

  #section(map: YAMLMap<Node, Node | null>, prefix: string): void {
    for (const { key, value } of map.items) {
      if (this.#faults.length >= MOST_FAULTS) return;
      const where = this.#at(key.range?.[0] ?? 0);
      if (isPlain(key) && isScalar(key)) this.#entry(`${prefix}${String(key.value)}`, value, where);
      else this.#fault(where, prefix === "" ? null : prefix.slice(0, -1), "a key here is not a plain word");
    }
  }

  #entry(name: string, value: Node | null, where: string): void {
    const named = settingNamed(name);
    if (value !== null && !isPlain(value)) {
      this.#fault(
        where,
        shown(name),
        "anchors (&), aliases (*) and tags (!) are not read here",
        "write the value out, or put it in quotes",
      );
    } else if (named) {
      this.#value(named, name, value, where);
    } else if (!allNames.some((known) => known.startsWith(`${name}.`))) {
      this.#fault(where, shown(name), "unknown key", guess(name));
    } else if (isMap(value)) {
      this.#section(value as YAMLMap<Node, Node | null>, `${name}.`);
    } else if (!isEmpty(value)) {
      this.#fault(where, name, "is a group of settings, not a value", "write its settings below it, indented");
    }
  }

  #value(named: Named, name: string, value: Node | null, where: string): void {
    const before = this.#given.get(named.key);
    const structure =
      named.setting.type.structured && structureOf(value, (node) => (node?.range ? this.#at(node.range[0]) : where), isPlain);
    const text = structure ? "" : textOrItems(value);
    if (before) this.#fault(where, name, `is given twice, first at ${before.where}`, "keep one");
    else if (text === null) this.#fault(where, name, "takes a value, not a structure");
    else {
      const folder = dirname(this.#path);
      const ownFile = named.isFile ? resolve(folder, String(text)) : this.#path;
      const secretFile = named.setting.type.secret ? ownFile : null;
      this.#given.set(named.key, { ...named, text, ...(structure && { structure }), layer: "file", where, secretFile, folder });
    }
  }

  #fault(where: string, key: string | null, what: string, hint = ""): void {
    this.#faults.push({ where, key, what, hint });
  }
}

/** No alias, and nothing that gives the node a name or another meaning. */
const isPlain = (node: Node): boolean => !isAlias(node) && node.anchor === undefined && node.tag === undefined;

const isEmpty = (node: unknown): boolean => node === null || (isScalar(node) && node.value === "" && node.type === "PLAIN");

/** The text of a scalar, the texts of a sequence of scalars; null for anything else. */
function textOrItems(node: Node | null): string | readonly string[] | null {
  if (node === null) return "";
  if (isScalar(node)) return String(node.value);
  if (!isSeq(node)) return null;
  const items = node.items.map((item) => (isScalar(item) && isPlain(item as Node) ? String(item.value) : null));
  return items.every((item) => item !== null) ? items : null;
}

const shown = (name: string): string => (/^[\w.-]{1,80}$/.test(name) ? name : quoted(name));

/** The name of the same section that looks like this one; or a setting elsewhere with the same last part. */
function guess(name: string): string {
  const prefix = name.slice(0, name.lastIndexOf(".") + 1);
  const siblings = new Set(
    allNames.filter((known) => known.startsWith(prefix)).map((known) => known.slice(prefix.length).split(".")[0] ?? ""),
  );
  const sibling = nearest(name.slice(prefix.length), siblings);
  if (sibling !== null) return `did you mean "${sibling}"?`;
  const elsewhere = allNames.find((known) => known.split(".").at(-1) === name.slice(prefix.length)) ?? nearest(name, allNames);
  return elsewhere ? `did you mean "${elsewhere}"?` : "docs/settings.md has them all";
}
