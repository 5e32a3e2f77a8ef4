import { FilterParser } from "ldapts";

/** Longer is no filter that a person wrote. Characters. */
const LONGEST = 1000;
/** How deep its parentheses may go: the parser goes down with them. */
const DEEPEST = 20;

export type ReadFilter = { readonly ok: true; readonly filter: string } | { readonly ok: false; readonly fault: string };

/** A filter (RFC 4515) that a person typed, in the form in which it is kept. It goes to the server as a parsed object, never as text. */
export function canonicalFilter(text: string): ReadFilter {
  const fault = (why: string): ReadFilter => ({ ok: false, fault: why });
  const filter = text.trim();
  if (!filter.startsWith("(") || !filter.endsWith(")")) return fault("it begins with ( and ends with )");
  if (filter.length > LONGEST) return fault(`it is longer than ${LONGEST} characters`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(filter)) return fault("a control character is written \\0a, by its octets");
  const depth = depthOf(filter);
  if (depth === null) return fault("its parentheses do not match");
  if (depth > DEEPEST) return fault(`its parentheses go deeper than ${DEEPEST}`);
  try {
    return { ok: true, filter: FilterParser.parseString(filter).toString() };
  } catch (error) {
    return fault(error instanceof Error ? error.message : String(error));
  }
}

/** One filter, and nothing behind it. Null: they do not match. */
function depthOf(filter: string): number | null {
  let depth = 0;
  let deepest = 0;
  for (let i = 0; i < filter.length; i++) {
    if (filter[i] === "(") deepest = Math.max(deepest, ++depth);
    if (filter[i] === ")" && --depth < (i === filter.length - 1 ? 0 : 1)) return null;
  }
  return depth === 0 ? deepest : null;
}
