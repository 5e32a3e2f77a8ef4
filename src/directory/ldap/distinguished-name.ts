/** Distinguished names (RFC 4514): taken apart so that many entries below one parent can be asked for at once, and compared. */

export type RdnPair = { readonly attribute: string; readonly value: string };

export type DistinguishedName = {
  /** The pairs of the first component; several, as in `cn=a+uid=b`, belong together. */
  readonly rdn: readonly RdnPair[];
  /** What stands behind it, as written. */
  readonly parent: string;
};

/** Null: it is none, or has a value in hexadecimal form, which nobody can search for. */
export function parseDn(text: string): DistinguishedName | null {
  const [first, ...rest] = componentsOf(text, ",");
  if (first === undefined || rest.length === 0) return null;
  const pairs = componentsOf(first, "+").map(pairOf);
  if (pairs.some((pair) => pair === null)) return null;
  return { rdn: pairs as RdnPair[], parent: rest.map((part) => part.trim()).join(",") };
}

/** The same for names that differ in case, in blanks, or in how a character is escaped. */
export function dnKey(text: string): string {
  return componentsOf(text, ",")
    .map((component) =>
      componentsOf(component, "+")
        .map((part) => {
          const pair = pairOf(part);
          return pair === null ? part.trim().toLowerCase() : `${pair.attribute.toLowerCase()}=${escaped(pair.value.toLowerCase())}`;
        })
        .sort((a, b) => (a < b ? -1 : 1))
        .join("+"),
    )
    .join(",");
}

const escaped = (value: string): string => value.replace(/[\\,+]/g, (c) => `\\${c}`).replace(/\s+/g, " ");

/** Parts between separators that are not escaped. */
function componentsOf(text: string, separator: string): string[] {
  const parts: string[] = [];
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === separator) {
      parts.push(text.slice(from, i));
      from = i + 1;
    }
  }
  return [...parts, text.slice(from)];
}

function pairOf(text: string): RdnPair | null {
  const equals = text.indexOf("=");
  const attribute = text.slice(0, Math.max(0, equals)).trim();
  const raw = text.slice(equals + 1).trim();
  if (!/^[A-Za-z][A-Za-z0-9.-]*$|^[0-9.]+$/.test(attribute) || raw === "" || raw.startsWith("#")) return null;
  return { attribute, value: unescaped(raw) };
}

/** `\2C` is an octet of UTF-8, `\,` the character itself. */
function unescaped(raw: string): string {
  if (!raw.includes("\\")) return raw;
  return raw.replace(/((?:\\[0-9a-fA-F]{2})+)|\\(.)/gs, (_, octets: string | undefined, character: string) =>
    octets === undefined ? character : Buffer.from(octets.replaceAll("\\", ""), "hex").toString("utf8"),
  );
}
