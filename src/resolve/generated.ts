/** The addresses that every list has without an entry of their own: `LIST-bounces`, `LIST-owner`, `owner-LIST`, `LIST-request` (RFC 2142 §6). */

export const BOUNCES = "-bounces";

/** What a local part is to a list: where its copies bounce to, or its owner. */
export type ListAddress = { readonly localPart: string; readonly ofList: "bounces" | "listOwner" };

const FORMS: readonly { readonly before: string; readonly behind: string; readonly ofList: ListAddress["ofList"] }[] = [
  { before: "", behind: BOUNCES, ofList: "bounces" },
  { before: "", behind: "-owner", ofList: "listOwner" },
  { before: "", behind: "-request", ofList: "listOwner" },
  { before: "owner-", behind: "", ofList: "listOwner" },
];

/** The lists, by local part, whose own address this would be; most local parts are none's. */
export function listsAnsweredFor(localPart: string): readonly ListAddress[] {
  const lists: ListAddress[] = [];
  for (const { before, behind, ofList } of FORMS) {
    if (localPart.length > before.length + behind.length && localPart.startsWith(before) && localPart.endsWith(behind))
      lists.push({ localPart: localPart.slice(before.length, localPart.length - behind.length), ofList });
  }
  return lists;
}

/** The local parts that a list takes for itself. */
export const generatedOf = (list: string): readonly string[] => FORMS.map(({ before, behind }) => `${before}${list}${behind}`);
