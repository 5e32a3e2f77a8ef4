/** A virtual alias table of Postfix, virtual(5), as postmap reads it: `address target, target`. */
import { domainOf, quoted } from "../address.ts";
import { Refusal } from "../refusal.ts";
import { type AddressRules, importedAddress, importedTargets, isMailbox, isOurs, notOurs, splitAddresses } from "./addresses.ts";
import { logicalLines } from "./logical-lines.ts";
import { type FileRecord, type Format, type Meaning, problem } from "./record.ts";
import type { Source } from "./source.ts";

export const virtualFormat = (source: Source, rules: AddressRules): Format => ({
  header: ["entry"],
  remarks: [`${source.path}: ${source.encoding}, virtual(5)`],
  records: (read) => logicalLines(source.text(read)),
  meaning: (record) => Promise.resolve(virtualMeaning(record, rules)),
});

function virtualMeaning(record: FileRecord, rules: AddressRules): Meaning {
  if (record.fault) return problem(record.fault.reason, record.fault.fix);
  const text = record.cells[0] ?? "";
  if (/^(\/|!\/|if\b|endif\b)/.test(text)) return problem("a line of a regexp or pcre table", "write the addresses it stands for");
  const [key = "", ...rest] = splitAddresses(text);
  if (key === '"' || rest.includes('"')) return problem("a quote is opened and never closed", 'close it with "', key);
  if (key.startsWith("@")) return wholeDomain(key.slice(1), rest, rules);
  if (!key.includes("@") && key.includes(".") && rules.domain === null) return declaredDomain(key, rules);
  const address = importedAddress(key, rules);
  if (!isMailbox(address)) return problem(`${address.reason} (in ${quoted(text)})`, address.fix, key);
  if (rest.length === 0) return problem("no targets", "name at least one, or take the line out", address.key);
  const localPart = key.slice(0, key.lastIndexOf("@"));
  const targets = importedTargets(
    rest.map((target) => (target.startsWith("@") ? localPart + target : target)), // virtual(5): @domain keeps the local part
    rules,
    text,
  );
  if ("reason" in targets) return problem(targets.reason, targets.fix, address.key);
  return { kind: "row", row: { address, targets } };
}

/** `@d1 @d2` makes d1 mean d2. `@d1 address` is a catch-all. */
function wholeDomain(from: string, to: readonly string[], rules: AddressRules): Meaning {
  const domain = readDomain(from);
  if (domain === null) return problem(`${quoted(from)} is no domain name`, "write it as in @campus.example", `@${from}`);
  if (rules.within !== undefined)
    return problem(
      `what @${domain} means is decided for the whole domain`,
      "take the line out, or ask somebody who runs this server",
      `@${domain}`,
    );
  if (!rules.ours.has(domain))
    return problem(`${domain} is not one of our domains`, `mailroom domain add ${domain}, or take the line out`, `@${domain}`);
  const [target, ...others] = to;
  const main = target?.startsWith("@") && others.length === 0 ? readDomain(target.slice(1)) : null;
  if (main === null)
    return problem(
      `a catch-all for ${domain}`,
      `take the line out and, if it must be: mailroom domain add ${domain} --catch-all ${target ?? "ADDRESS"}`,
      `@${domain}`,
    );
  if (!rules.ours.has(main))
    return problem(`${main} is not one of our domains`, `mailroom domain add ${main}, or take the line out`, `@${domain}`);
  if (main === domain) return problem(`@${domain} leads to itself`, "take the line out", `@${domain}`);
  return { kind: "domainAlias", domain, aliasOf: main };
}

/** `campus.example anything` says that Postfix takes mail for the domain. */
function declaredDomain(name: string, rules: AddressRules): Meaning {
  const domain = readDomain(name);
  if (domain !== null && isOurs(rules, domain)) return { kind: "nothing" };
  if (domain === null) return problem(`${quoted(name)} is neither address nor domain`, "write it as name@domain", name);
  const { reason, fix } = notOurs(rules, domain);
  return problem(reason, fix, domain);
}

function readDomain(text: string): string | null {
  try {
    return domainOf(text);
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
}
