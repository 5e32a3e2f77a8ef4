import { csvLine } from "./cell.ts";

/** A file to begin with: the columns, and one row of each kind. */
export async function* templateCsv(domain: string): AsyncGenerator<string> {
  yield csvLine(["address", "targets", "kind", "owner", "expires", "note"]);
  yield csvLine([`sample.help@${domain}`, `ann@mbx.${domain} raj@mbx.${domain}`, "alias", `ann@mbx.${domain}`, "", "Two people answer"]);
  yield csvLine([`sample.guest@${domain}`, `guest@elsewhere.example`, "alias", `ann@mbx.${domain}`, "2127-06-30", "Until the end of June"]);
  yield csvLine([`sample.news@${domain}`, `ann@mbx.${domain}`, "list", `ann@mbx.${domain}`, "", "A list with one member"]);
}
