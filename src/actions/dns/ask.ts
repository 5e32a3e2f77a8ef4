/** Questions to DNS in the three answers of every lookup: what is not there, and what nobody can tell now. */
import { absent, type Lookup, unavailable } from "../../mail/lookup.ts";

/** What of dns.promises.Resolver is asked. Errors carry the codes of node:dns. */
export type DnsResolver = {
  resolveMx(name: string): Promise<readonly { readonly exchange: string; readonly priority: number }[]>;
  resolve4(name: string): Promise<readonly string[]>;
  resolve6(name: string): Promise<readonly string[]>;
  resolveTxt(name: string): Promise<readonly (readonly string[])[]>;
  resolvePtr(name: string): Promise<readonly string[]>;
};

/** `noName`: nothing at all is at that name nor below it (NXDOMAIN, RFC 8020); else it lacks such records. */
export type NotThere = { readonly kind: "absent"; readonly noName: boolean };
export type DnsAnswer<T> = Exclude<Lookup<readonly T[]>, typeof absent> | NotThere;

const found = <T>(value: readonly T[]): DnsAnswer<T> => ({ kind: "found", value });

export async function ask<T>(question: () => Promise<readonly T[]>): Promise<DnsAnswer<T>> {
  try {
    const values = await question();
    return values.length === 0 ? { ...absent, noName: false } : found(values);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOTFOUND") return { ...absent, noName: true };
    if (code === "ENODATA") return { ...absent, noName: false };
    return unavailable(error);
  }
}

/** Texts of one name that begin with a tag, as in `v=spf1`; the strings of a record joined (RFC 7208 §3.3). */
export async function textsOf(dns: DnsResolver, name: string, tag: RegExp): Promise<DnsAnswer<string>> {
  const answer = await ask(() => dns.resolveTxt(name));
  if (answer.kind !== "found") return answer;
  const texts = answer.value.map((strings) => strings.join("")).filter((text) => tag.test(text));
  return texts.length === 0 ? { kind: "absent", noName: false } : found(texts);
}

/** IPv4 and IPv6 addresses of a name. */
export async function addressesOf(dns: DnsResolver, name: string): Promise<DnsAnswer<string>> {
  const answers = await Promise.all([ask(() => dns.resolve4(name)), ask(() => dns.resolve6(name))]);
  const all = answers.flatMap((answer) => (answer.kind === "found" ? answer.value : []));
  if (all.length > 0) return found(all);
  const [four, six] = answers;
  if (four?.kind === "unavailable") return four;
  if (six?.kind === "unavailable") return six;
  return { kind: "absent", noName: false };
}
