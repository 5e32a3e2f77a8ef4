/** Temporary tables in which an import stands before it is compared with the directory. They end with the transaction. */
import type { Queryable } from "../../db/client.ts";
import type { ImportRow, Problem } from "./record.ts";

/**
 * One row of import_rows for each record that says something; `problem` is null in those that can be taken. `says` names the
 * properties the file speaks of: others stay as they are. `state` is decided by plan.ts.
 */
export async function createStaging(tx: Queryable): Promise<void> {
  await tx.query({
    text: `create temp table import_rows (
             line int primary key, address text collate "C", domain text collate "C", kind text, owner text collate "C", expires_at timestamptz,
             note text, posting text, own_copy boolean, may_leave boolean, member_limit int, starts_at timestamptz, affiliation text, disabled text,
             disabled_text text, moved_to text collate "C", moved_delivers boolean not null default false, says text[] not null default '{}',
             problem text, fix text, state text) on commit drop`,
  });
  await tx.query({ text: `create temp table import_targets (line int not null, target text collate "C" not null) on commit drop` });
  await tx.query({
    text: `create temp table import_roles (line int not null, role text not null, mailbox text collate "C" not null) on commit drop`,
  });
  await tx.query({
    text: `create temp table import_domains (line int primary key, domain text collate "C", alias_of text collate "C", problem text, fix text, state text)
           on commit drop`,
  });
}

/** Rows and targets are sent this many at a time: 5,000 rows in one statement cost a tenth of 5,000 statements, 20,000 gain no more. */
const ROWS = 5_000;
const TARGETS = 20_000;

/** Collects rows and sends them in large statements (unnest), never one by one. */
export class Stager {
  readonly #tx: Queryable;
  #rows: StagedRow[] = [];
  #lines: number[] = [];
  #targets: string[] = [];
  #roles: { readonly line: number; readonly role: string; readonly mailbox: string }[] = [];

  constructor(tx: Queryable) {
    this.#tx = tx;
  }

  async row(line: number, row: ImportRow): Promise<void> {
    this.#rows.push(stagedRow(line, row));
    for (const target of row.targets) {
      this.#lines.push(line);
      this.#targets.push(target.key);
    }
    for (const [role, mailboxes] of [
      ["sender", row.senders],
      ["excluded", row.excluded],
    ] as const)
      for (const { key } of mailboxes ?? []) this.#roles.push({ line, role, mailbox: key });
    if (this.#rows.length >= ROWS || this.#targets.length >= TARGETS) await this.flush();
  }

  async problem(line: number, address: string | null, { reason, fix }: Problem): Promise<void> {
    this.#rows.push({
      ...NOTHING,
      line,
      address: address === null ? null : storable(address),
      problem: storable(reason),
      fix: storable(fix),
    });
    if (this.#rows.length >= ROWS) await this.flush();
  }

  async domainAlias(line: number, domain: string, aliasOf: string): Promise<void> {
    await this.#tx.query({
      text: "insert into import_domains (line, domain, alias_of) values ($1, $2, $3)",
      values: [line, domain, aliasOf],
    });
  }

  async flush(): Promise<void> {
    const column = (name: keyof StagedRow) => this.#rows.map((row) => row[name]);
    await this.#tx.query({
      text: `insert into import_rows (line, address, domain, kind, owner, expires_at, note, posting, own_copy, may_leave, member_limit, says, problem, fix,
                                      starts_at, affiliation, disabled, disabled_text, moved_to, moved_delivers)
             select line, address, domain, kind, owner, expires_at, note, posting, own_copy, may_leave, member_limit, string_to_array(says, ' '), problem, fix,
                    starts_at, affiliation, disabled, disabled_text, moved_to, moved_delivers
               from unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::text[], $8::text[], $9::boolean[], $10::boolean[], $11::int[],
                           $12::text[], $13::text[], $14::text[], $15::timestamptz[], $16::text[], $17::text[], $18::text[], $19::text[], $20::boolean[])
                 as r(line, address, domain, kind, owner, expires_at, note, posting, own_copy, may_leave, member_limit, says, problem, fix,
                      starts_at, affiliation, disabled, disabled_text, moved_to, moved_delivers)`,
      values: COLUMNS.map(column),
    });
    if (this.#targets.length > 0) {
      await this.#tx.query({
        text: "insert into import_targets (line, target) select * from unnest($1::int[], $2::text[])",
        values: [this.#lines, this.#targets],
      });
    }
    if (this.#roles.length > 0) {
      await this.#tx.query({
        text: "insert into import_roles (line, role, mailbox) select * from unnest($1::int[], $2::text[], $3::text[])",
        values: [this.#roles.map(({ line }) => line), this.#roles.map(({ role }) => role), this.#roles.map(({ mailbox }) => mailbox)],
      });
    }
    this.#roles = [];
    this.#rows = [];
    this.#lines = [];
    this.#targets = [];
  }
}

// biome-ignore format: in the order of the parameters
const COLUMNS = [
  "line", "address", "domain", "kind", "owner", "expiresAt", "note", "posting", "ownCopy", "mayLeave", "memberLimit", "says", "problem", "fix",
  "startsAt", "affiliation", "disabled", "disabledText", "movedTo", "movedDelivers",
] as const;
type StagedRow = Record<(typeof COLUMNS)[number], string | number | boolean | null>;

const NOTHING: StagedRow = {
  line: 0,
  address: null,
  domain: null,
  kind: null,
  owner: null,
  expiresAt: null,
  note: null,
  posting: null,
  ownCopy: null,
  mayLeave: null,
  memberLimit: null,
  says: "",
  problem: null,
  fix: null,
  startsAt: null,
  affiliation: null,
  disabled: null,
  disabledText: null,
  movedTo: null,
  movedDelivers: 0,
};

function stagedRow(line: number, row: ImportRow): StagedRow {
  const named = [
    "owner",
    "expiresAt",
    "note",
    "startsAt",
    "affiliation",
    "disabled",
    "moved",
    "memberLimit",
    "senders",
    "excluded",
  ] as const;
  const says = named.filter((name) => row[name] !== undefined);
  return {
    ...NOTHING,
    line,
    address: row.address.key,
    domain: row.address.domain,
    kind: row.kind ?? null,
    owner: row.owner?.key ?? null,
    expiresAt: row.expiresAt?.toISOString() ?? null,
    note: row.note ?? null,
    posting: row.posting ?? null,
    ownCopy: row.ownCopy ?? null,
    mayLeave: row.mayLeave ?? null,
    memberLimit: row.memberLimit ?? null,
    startsAt: row.startsAt?.toISOString() ?? null,
    affiliation: row.affiliation ?? null,
    disabled: row.disabled?.answer ?? null,
    disabledText: row.disabled?.answer === "text" ? row.disabled.text : null,
    movedTo: row.moved?.to.key ?? null,
    movedDelivers: row.moved?.delivers === true,
    says: says.join(" "),
  };
}

/** Postgres text holds no NUL, and JSON and CSV no half of a surrogate pair. */
const storable = (text: string): string => text.replaceAll("\u0000", "\\0").replace(/\p{Surrogate}/gu, "\ufffd");
