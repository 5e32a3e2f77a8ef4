/** What an import reads, before and after it is understood. */
import type { Disabled, Posting } from "../../directory/directory.ts";
import type { Mailbox } from "../../mail/mailbox.ts";

/** One record of the file as it stands there. `line` is its first one, counted from 1; no two records begin on the same. */
export type FileRecord = {
  readonly line: number;
  readonly cells: readonly string[] /** What is wrong with its form. */;
  readonly fault?: Problem;
};

/** Why a record cannot be taken, and what to write instead. */
export type Problem = { readonly reason: string; readonly fix: string };

/** An entry the file asks for. What is undefined is not said by the file: an entry that exists keeps it. */
export type ImportRow = {
  readonly address: Mailbox;
  readonly kind?: "alias" | "list" | undefined;
  readonly targets: readonly Mailbox[];
  readonly owner?: Mailbox | null | undefined;
  readonly expiresAt?: Date | null | undefined;
  readonly note?: string | null | undefined;
  readonly posting?: Posting | undefined;
  readonly startsAt?: Date | null | undefined;
  readonly affiliation?: string | null | undefined;
  readonly disabled?: Disabled | null | undefined;
  readonly moved?: { readonly to: Mailbox; readonly delivers: boolean } | null | undefined;
  readonly ownCopy?: boolean | undefined;
  readonly mayLeave?: boolean | undefined;
  readonly memberLimit?: number | null | undefined;
  readonly senders?: readonly Mailbox[] | undefined;
  readonly excluded?: readonly Mailbox[] | undefined;
};

/** What one record means: an entry, a domain that means another, nothing (a comment, a declaration), or a problem. */
export type Meaning =
  | { readonly kind: "row"; readonly row: ImportRow }
  | { readonly kind: "domainAlias"; readonly domain: string; readonly aliasOf: string }
  | { readonly kind: "nothing" }
  | { readonly kind: "problem"; readonly address: string | null; readonly problem: Problem };

export const problem = (reason: string, fix: string, address: string | null = null): Meaning => ({
  kind: "problem",
  address,
  problem: { reason, fix },
});

/** How one file format is read. */
export type Format = {
  /** Names of the cells, for the file of problem rows. */
  readonly header: readonly string[];
  /** What the reader wants to be seen: the delimiter it guessed, columns it does not know. */
  readonly remarks: readonly string[];
  /** All records from the start, in order of line; `read` hears how many octets were read so far. */
  records(read?: (octets: number) => void): AsyncGenerator<FileRecord>;
  meaning(record: FileRecord): Promise<Meaning>;
};
