/** Uploaded files and what came of them, in the database: any node can read them, and a server that was started anew. */
import type { Db, Queryable } from "../../db/client.ts";
import type { Preview } from "../preview.ts";
import { Refusal } from "../refusal.ts";
import type { ImportInput } from "./import.ts";
import type { Counts } from "./plan.ts";
import { type ProblemCells, problemLines } from "./problems.ts";
import type { Encoding } from "./source.ts";

/** Who asks: all uploads are theirs to see, or those of their own that keep to these domains (a token may reach less than its owner). */
export type Uploader = { readonly principal: string; readonly all: boolean; readonly domains: readonly string[] };

const SEEN = "($1 or (principal = $2 and domains <@ $3::text[]))";

/** How the file is to be read; another preview may be asked for with others. */
export type Reading = {
  readonly format: ImportInput["format"];
  readonly domain: string | null;
  readonly delimiter: string | null;
  readonly encoding: Encoding | null;
  readonly replaces: boolean;
  readonly skip_problems: boolean;
};

export type UploadState = "waiting" | "reading" | "ready" | "applying" | "applied" | "failed" | "broken-off";

/** What a preview found. */
export type Found = {
  readonly counts: Counts;
  readonly warnings: readonly string[];
  readonly remarks: readonly string[];
  /** Names of the file's columns. */
  readonly header: readonly string[];
  /** What it would do to mail; null: it is not looked at, since rows have problems or there are too many. */
  readonly reach: Preview | null;
};

export type UploadView = Reading & {
  readonly id: number;
  readonly name: string;
  readonly by: string;
  readonly size: number;
  /** `broken-off`: the server that was at it is gone. Nothing was changed; another preview begins anew. */
  readonly state: UploadState;
  /** Between 0 and 1, and what is being done. */
  readonly progress: number;
  readonly doing: string;
  readonly made_at: string;
  readonly touched_at: string;
  readonly found: Found | null;
  readonly directory_version: number | null;
  readonly failure: { readonly message: string; readonly hint: string | null } | null;
  readonly change_no: number | null;
  readonly domains: readonly string[] | null;
};

/** Octets of one row. */
const CHUNK = 1024 * 1024;
/** Uploads of one person that are kept; the oldest go first. */
const KEPT = 20;
/** A run says every second that it lives. One that has not for this long is gone with its server. */
const ALIVE_SECONDS = 30;

/** Keeps a file, and gives its number. `domains`: where its rows may lie; null: everywhere. */
export async function storeUpload(
  db: Db,
  principal: string,
  file: { readonly name: string; readonly octets: Buffer; readonly domains: readonly string[] | null },
  reading: Reading,
): Promise<number> {
  return db.transaction(async (tx) => {
    const { rows } = await tx.query<{ n: number }>({
      text: `insert into import_uploads (principal, domains, name, size, format, domain, delimiter, encoding, replaces, skip_problems)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning upload_no::float8 as n`,
      values: [principal, file.domains, file.name, file.octets.length, ...valuesOf(reading)],
    });
    const no = rows[0]?.n ?? 0;
    for (let from = 0; from < file.octets.length; from += CHUNK)
      await tx.query({
        text: "insert into import_chunks (upload_no, chunk_no, octets) values ($1, $2, $3)",
        values: [no, from / CHUNK, file.octets.subarray(from, from + CHUNK)],
      });
    await tx.query({
      text: `delete from import_uploads where principal = $1 and state not in ('reading', 'applying') and upload_no in
               (select upload_no from import_uploads where principal = $1 order by upload_no desc offset ${KEPT})`,
      values: [principal],
    });
    return no;
  });
}

const valuesOf = ({ format, domain, delimiter, encoding, replaces, skip_problems }: Reading): readonly unknown[] => [
  format,
  domain,
  delimiter,
  encoding,
  replaces,
  skip_problems,
];

const COLUMNS = `upload_no::float8 as id, name, principal as by, size::float8 as size, format, domain, delimiter, encoding, replaces, skip_problems,
  case when state in ('waiting', 'reading', 'applying') and touched_at < now() - interval '${ALIVE_SECONDS} seconds' then 'broken-off' else state end as state,
  progress, doing, made_at, touched_at, found, directory_version::float8 as directory_version, failure, change_no::float8 as change_no, domains`;

type Raw = Omit<UploadView, "made_at" | "touched_at"> & { readonly made_at: Date; readonly touched_at: Date };
const view = (raw: Raw): UploadView => ({ ...raw, made_at: raw.made_at.toISOString(), touched_at: raw.touched_at.toISOString() });

/** The uploads of the last day, newest first. */
export async function uploadsOf(db: Queryable, { principal, all, domains }: Uploader, limit: number): Promise<readonly UploadView[]> {
  const { rows } = await db.query<Raw>({
    text: `select ${COLUMNS} from import_uploads where ${SEEN} order by upload_no desc limit $4`,
    values: [all, principal, domains, limit],
  });
  return rows.map(view);
}

/** One of them. Somebody else's is not there. */
export async function readUpload(db: Queryable, { principal, all, domains }: Uploader, id: number): Promise<UploadView> {
  const { rows } = await db.query<Raw>({
    text: `select ${COLUMNS} from import_uploads where upload_no = $4 and ${SEEN}`,
    values: [all, principal, domains, id],
  });
  const [row] = rows;
  if (row === undefined) throw new Refusal("notFound", `there is no import ${id}`, "Files are kept for a day. Upload it again.");
  return view(row);
}

export async function contentOf(db: Queryable, id: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (;;) {
    const { rows } = await db.query<{ octets: Buffer }>({
      text: "select octets from import_chunks where upload_no = $1 and chunk_no = $2",
      values: [id, chunks.length],
    });
    if (rows[0] === undefined) return Buffer.concat(chunks);
    chunks.push(rows[0].octets);
  }
}

/**
 * Takes an upload for a run, to read it or to apply it; nobody else can until that ends or is gone. Gives the number of the run; null: another
 * one is under way, or there is nothing to apply.
 */
export async function takeUpload(db: Queryable, id: number, what: "reading" | "applying", reading: Reading): Promise<number | null> {
  const free = `state not in ('reading', 'applying') or touched_at < now() - interval '${ALIVE_SECONDS} seconds'`;
  const { rows } = await db.query<{ round: number }>({
    text: `update import_uploads set state = $2, round = round + 1, progress = 0, doing = '', touched_at = now(), failure = null,${what === "reading" ? " found = null, directory_version = null," : ""}
                  format = $3, domain = $4, delimiter = $5, encoding = $6, replaces = $7, skip_problems = $8
            where upload_no = $1 and (${what === "applying" ? "state = 'ready'" : `state <> 'applied' and (${free})`}) returning round`,
    values: [id, what, ...valuesOf(reading)],
  });
  return rows[0]?.round ?? null;
}

/** What a run says of itself. False: it was taken over. */
export async function updateRun(
  db: Queryable,
  id: number,
  round: number,
  set: Readonly<Partial<Record<"progress" | "doing" | "state" | "found" | "directory_version" | "failure" | "change_no", unknown>>>,
): Promise<boolean> {
  const names = Object.keys(set);
  const { rowCount } = await db.query({
    text: `update import_uploads set touched_at = now()${names.map((name, i) => `, ${name} = $${i + 3}`).join("")} where upload_no = $1 and round = $2`,
    values: [
      id,
      round,
      ...Object.values(set).map((value) => (typeof value === "object" && value !== null ? JSON.stringify(value) : value)),
    ],
  });
  return rowCount === 1;
}

export const LINE_STATES = ["problem", "new", "changed", "removed"] as const;
export type LineState = (typeof LINE_STATES)[number];
export type LineView = {
  readonly line: number;
  readonly address: string | null;
  readonly before: unknown;
  readonly after: unknown;
  readonly problem: string | null;
  readonly fix: string | null;
};

/** One page of a preview's rows in this state, in order of line. */
export async function uploadLines(db: Queryable, id: number, state: LineState, after: number, limit: number): Promise<readonly LineView[]> {
  const { rows } = await db.query<LineView>({
    text: `select line, address, before, after, problem, fix from import_lines where upload_no = $1 and state = $2 and line > $3 order by line limit $4`,
    values: [id, state, after, limit],
  });
  return rows;
}

/** The problem rows as a file in which they can be mended. */
export const uploadProblems = (db: Queryable, { id, found }: UploadView): AsyncGenerator<string> =>
  problemLines(found?.header ?? [], storedProblems(db, id));

async function* storedProblems(db: Queryable, id: number): AsyncGenerator<ProblemCells> {
  for (let after = 0; ; ) {
    const { rows } = await db.query<ProblemCells>({
      text: "select line, address, problem, fix, cells from import_lines where upload_no = $1 and state = 'problem' and line > $2 order by line limit 500",
      values: [id, after],
    });
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.line;
  }
}

/** Takes away what was uploaded a day ago. What was applied stands in the log of changes. */
export async function forgetUploads(db: Queryable): Promise<void> {
  await db.query({ text: "delete from import_uploads where made_at < now() - interval '24 hours'" });
}
