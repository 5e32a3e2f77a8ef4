/** A part of the settings file that is more than one value: lists of maps, as its reader wants them, each with its line. */
import { isMap, isScalar, isSeq, type Node } from "yaml";
import { quoted } from "./fault.ts";

export type Structure = { readonly where: string } & (
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "list"; readonly items: readonly Structure[] }
  | { readonly kind: "map"; readonly entries: ReadonlyMap<string, Structure> }
  | { readonly kind: "unreadable"; readonly what: string }
);

/** `where` gives file and line of an offset. Anchors, aliases and tags are not read; a key that stands twice is not either. */
export function structureOf(node: Node | null, where: (node: Node | null) => string, isPlain: (node: Node) => boolean): Structure {
  const at = where(node);
  if (node === null) return { kind: "text", text: "", where: at };
  if (!isPlain(node)) return { kind: "unreadable", what: "anchors (&), aliases (*) and tags (!) are not read here", where: at };
  if (isScalar(node)) return { kind: "text", text: String(node.value), where: at };
  if (isSeq(node)) return { kind: "list", items: node.items.map((item) => structureOf(item as Node, where, isPlain)), where: at };
  if (!isMap(node)) return { kind: "unreadable", what: "takes a value or a structure", where: at };
  const entries = new Map<string, Structure>();
  for (const { key, value } of node.items) {
    const name = isScalar(key) ? String(key.value) : "?";
    if (entries.has(name)) return { kind: "unreadable", what: `${quoted(name)} is given twice`, where: where(key as Node) };
    entries.set(name, structureOf(value as Node | null, where, isPlain));
  }
  return { kind: "map", entries, where: at };
}
