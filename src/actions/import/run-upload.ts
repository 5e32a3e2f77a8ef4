/** Reading or applying an upload while nobody waits: how far it is stands in the database, and so does what came of it. */
import type { Db, Queryable } from "../../db/client.ts";
import { faultFields } from "../../db/faults.ts";
import type { Directory } from "../../directory/directory.ts";
import type { Log } from "../../log/log.ts";
import { type Author, changeOfThis } from "../change.ts";
import { type Preview, previewChange } from "../preview.ts";
import { Refusal } from "../refusal.ts";
import { AFTER, BEFORE } from "./apply.ts";
import { type ImportInput, type ImportResult, type Progress, runImport } from "./import.ts";
import { problemCells } from "./problems.ts";
import type { Format } from "./record.ts";
import { contentOf, type Found, takeUpload, type UploadView, updateRun } from "./uploads.ts";

export type RunDeps = {
  /** For progress, and for the imports themselves: their statements take long. */
  readonly db: Db;
  readonly slow: Db;
  readonly log: Log;
  readonly people: Directory["people"];
};

/** Rows that somebody may import who looks after some domains only: as many as a bulk change. */
const MOST_OF_A_DEPARTMENT = 5_000;
/** Up to so many changes it is looked at what they do to mail; that holds the directory for the time of a rehearsal. */
const MOST_LOOKED_AT = 5_000;
/** Rows of each state kept to be shown, and all with problems. */
const SHOWN = 1_000;
const EVERY_MS = 1_000;

/** A run that was begun; `done` is for who waits for its end. */
export type Run = { readonly done: Promise<void> };

/** Begins to read an upload and to compare it with the directory. Null: another run is under way. */
export async function previewUpload(deps: RunDeps, upload: UploadView): Promise<Run | null> {
  const round = await takeUpload(deps.db, upload.id, "reading", upload);
  return round === null ? null : { done: attempt(deps, upload, round, (input, progress) => preview(deps, upload, round, input, progress)) };
}

/** Begins to apply what was previewed, if the directory is still as it was then. Null: there is no preview to apply. */
export async function applyUpload(deps: RunDeps, author: Author, upload: UploadView): Promise<Run | null> {
  const round = await takeUpload(deps.db, upload.id, "applying", upload);
  if (round === null) return null;
  const work = async (input: ImportInput, progress: Progress): Promise<void> => {
    const finish = async (tx: Queryable, { applied }: ImportResult): Promise<void> => {
      if (!applied) throw new Refusal("refused", "rows have problems now that had none", "Nothing was imported. Look at a new preview.");
      // With the change itself: whoever finds it applied finds the change, and the other way round.
      const stillOurs = await updateRun(tx, upload.id, round, { state: "applied", progress: 1, change_no: await changeOfThis(tx) });
      if (!stillOurs) throw new TakenOver();
    };
    await runImport(deps.slow, author, { ...input, finish }, { ifVersion: upload.directory_version }, progress);
  };
  return { done: attempt(deps, upload, round, work) };
}

/** Another run has this upload now. */
class TakenOver extends Error {}

async function attempt(
  { db, log }: RunDeps,
  upload: UploadView,
  round: number,
  work: (input: ImportInput, progress: Progress) => Promise<void>,
): Promise<void> {
  let now = { progress: 0, doing: "" };
  const tell = (): void => void updateRun(db, upload.id, round, now).catch(() => undefined); // told again in a second
  const timer = setInterval(tell, EVERY_MS);
  try {
    const octets = await contentOf(db, upload.id);
    await work(inputOf(upload, octets), (share, doing) => {
      now = { progress: share, doing };
    });
  } catch (error) {
    if (error instanceof TakenOver) return;
    if (!(error instanceof Refusal)) log.error("an import failed", { import: upload.id, ...faultFields(error) });
    const failure =
      error instanceof Refusal
        ? { message: error.message, hint: error.hint }
        : { message: "the import broke off; the log of the server says more", hint: "Nothing was changed. Try it again." };
    // Not told: after half a minute it counts as broken off.
    await updateRun(db, upload.id, round, { state: "failed", failure }).catch((again: unknown) =>
      log.warn("that an import failed could not be noted", { import: upload.id, ...faultFields(again) }),
    );
  } finally {
    clearInterval(timer);
  }
}

const inputOf = (upload: UploadView, octets: Buffer): ImportInput => ({
  format: upload.format,
  path: upload.name,
  octets,
  domain: upload.domain ?? undefined,
  delimiter: upload.delimiter ?? undefined,
  encoding: upload.encoding ?? undefined,
  replaces: upload.replaces,
  skipProblems: upload.skip_problems,
  problemsPath: null,
  problemsShown: 0,
  ...(upload.domains !== null && { within: upload.domains, most: MOST_OF_A_DEPARTMENT }),
});

const NOBODY: Author = { actor: "preview", why: null };

async function preview(deps: RunDeps, upload: UploadView, round: number, input: ImportInput, progress: Progress): Promise<void> {
  let header: readonly string[] = [];
  const finish = async (tx: Queryable, _: ImportResult, format: Format): Promise<void> => {
    header = format.header;
    await keepLines(tx, upload.id, format, upload.replaces);
  };
  const { counts, warnings, remarks, directoryVersion } = await runImport(deps.slow, NOBODY, { ...input, finish }, false, (share, doing) =>
    progress(share * 0.8, doing),
  );
  progress(0.8, "looking at what it does to mail");
  const changes = counts.new + counts.changed + counts.removed;
  const isClean = counts.problems === 0 || upload.skip_problems;
  const reach = isClean && changes > 0 && changes <= MOST_LOOKED_AT ? await reachOf(deps, input) : null;
  const found: Found = { counts, warnings, remarks, header, reach };
  await updateRun(deps.db, upload.id, round, { state: "ready", progress: 1, doing: "", found, directory_version: directoryVersion });
}

async function reachOf({ slow, people }: RunDeps, input: ImportInput): Promise<Preview> {
  const { preview } = await previewChange(slow, (on) => runImport(on, NOBODY, input, { ifVersion: null }, () => undefined), { people });
  return preview;
}

/** Keeps what a preview shows. In a preview everything else of its transaction is temporary. */
async function keepLines(tx: Queryable, id: number, format: Format, replaces: boolean): Promise<void> {
  await tx.query({ text: "delete from import_lines where upload_no = $1", values: [id] });
  for (const state of ["new", "changed"])
    await tx.query({
      text: `insert into import_lines (upload_no, state, line, address, before, after)
             select $1, $2, r.line, r.address, case when e.address is not null then ${BEFORE} end, ${AFTER}
               from (select * from import_rows where state = $2 order by line limit ${SHOWN}) r left join entries e on e.address = r.address`,
      values: [id, state],
    });
  if (replaces)
    await tx.query({
      text: `insert into import_lines (upload_no, state, line, address, before)
             select $1, 'removed', row_number() over (order by e.address), e.address, ${BEFORE}
               from (select address from import_removed order by address limit ${SHOWN}) g join entries e using (address)`,
      values: [id],
    });
  let batch: { line: number; address: string | null; problem: string; fix: string; cells: readonly string[] }[] = [];
  const flush = async (): Promise<void> => {
    await tx.query({
      text: `insert into import_lines (upload_no, state, line, address, problem, fix, cells)
             select $1, 'problem', line, address, problem, fix, array(select jsonb_array_elements_text(cells))
               from jsonb_to_recordset($2::jsonb) as p(line int, address text, problem text, fix text, cells jsonb)`,
      values: [id, JSON.stringify(batch)],
    });
    batch = [];
  };
  for await (const row of problemCells(tx, format)) {
    batch.push({ ...row, cells: row.cells.map(storable) });
    if (batch.length >= 500) await flush();
  }
  if (batch.length > 0) await flush();
}

/** Postgres text holds no NUL, and JSON no half of a surrogate pair. */
const storable = (text: string): string => text.replaceAll("\u0000", "\\0").replace(/\p{Surrogate}/gu, "\ufffd");
