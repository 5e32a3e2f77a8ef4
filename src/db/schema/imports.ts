/**
 * Files that somebody uploaded to import, what came of reading them, and how far that is: kept for a day, so that a closed tab, another node
 * and a server that was started anew find them again.
 */
import { sql } from "drizzle-orm";
import {
  bigint,
  bigserial,
  boolean,
  check,
  customType,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  real,
  text,
  timestamp,
} from "drizzle-orm/pg-core";

const key = customType<{ data: string }>({ dataType: () => 'text collate "C"' });
const octets = customType<{ data: Buffer }>({ dataType: () => "bytea" });
const moment = (name: string) => timestamp(name, { withTimezone: true, mode: "date" });

/** One upload with one preview of it. Another preview of the same file replaces what the one before found. */
export const importUploads = pgTable(
  "import_uploads",
  {
    uploadNo: bigserial("upload_no", { mode: "number" }).primaryKey(),
    principal: key("principal").notNull(), // who uploaded it
    domains: text("domains").array(), // where its rows may lie; null: everywhere
    name: text("name").notNull(),
    format: text("format").notNull(),
    domain: text("domain"),
    delimiter: text("delimiter"),
    encoding: text("encoding"),
    replaces: boolean("replaces").notNull(),
    skipProblems: boolean("skip_problems").notNull(),
    size: bigint("size", { mode: "number" }).notNull(),
    state: text("state").notNull().default("waiting"),
    progress: real("progress").notNull().default(0),
    doing: text("doing").notNull().default(""),
    round: integer("round").notNull().default(0), // counts the runs: one that was taken over writes nothing any more
    madeAt: moment("made_at").notNull().defaultNow(),
    touchedAt: moment("touched_at").notNull().defaultNow(), // its run is alive: written every second
    found: jsonb("found"), // counts, warnings, remarks, header and reach of the preview
    directoryVersion: bigint("directory_version", { mode: "number" }), // of the preview: what is applied is what was looked at
    failure: jsonb("failure"), // why the last run ended without a result: message and hint
    changeNo: bigint("change_no", { mode: "number" }), // written by the transaction that applied it
  },
  (t) => [
    check("known_import_state", sql`state in ('waiting', 'reading', 'ready', 'applying', 'applied', 'failed')`),
    index("import_uploads_by_age").on(t.madeAt),
  ],
);

/** The file. */
export const importChunks = pgTable(
  "import_chunks",
  {
    uploadNo: bigint("upload_no", { mode: "number" })
      .notNull()
      .references(() => importUploads.uploadNo, { onDelete: "cascade" }),
    chunkNo: integer("chunk_no").notNull(),
    octets: octets("octets").notNull(),
  },
  (t) => [primaryKey({ columns: [t.uploadNo, t.chunkNo] })],
);

/** Rows that a preview shows: all with problems, and the first of those that are new, changed or removed. */
export const importLines = pgTable(
  "import_lines",
  {
    uploadNo: bigint("upload_no", { mode: "number" })
      .notNull()
      .references(() => importUploads.uploadNo, { onDelete: "cascade" }),
    state: text("state").notNull(),
    line: integer("line").notNull(), // of a removed entry: its place among them
    address: text("address"),
    before: jsonb("before"),
    after: jsonb("after"),
    problem: text("problem"),
    fix: text("fix"),
    cells: text("cells").array(), // of a problem: the record as it stands in the file
  },
  (t) => [primaryKey({ columns: [t.uploadNo, t.state, t.line] })],
);
