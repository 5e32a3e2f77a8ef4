import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addDomain } from "../../../src/actions/domains.ts";
import { type Apply, type ImportInput, type ImportResult, runImport } from "../../../src/actions/import/import.ts";
import type { Db } from "../../../src/db/client.ts";
import type { TestDatabase } from "../../support/database.ts";
import { author, emptied, hastyDatabase } from "../support.ts";

export type Bench = {
  readonly db: Db;
  readonly folder: string;
  /** The domains campus.test and old.test, and nothing else. */
  reset(): Promise<void>;
  file(name: string, content: string | Uint8Array): Promise<string>;
  /** Imports what `content` says; from a file `f.csv` unless it is given another name. */
  run(content: string | Uint8Array, more?: Partial<ImportInput>, apply?: Apply): Promise<ImportResult>;
  /** What the problem file says. */
  readonly problemsPath: string;
  /** address → sorted targets, for all entries. */
  entries(): Promise<Record<string, string>>;
  close(): Promise<void>;
};

export async function importBench(): Promise<Bench> {
  const database: TestDatabase = await hastyDatabase();
  const folder = await mkdtemp(join(tmpdir(), "mailroom-import-"));
  const { db } = database;
  const problemsPath = join(folder, "f.problems.csv");
  const file = async (name: string, content: string | Uint8Array) => {
    const path = join(folder, name);
    await writeFile(path, content);
    return path;
  };
  return {
    db,
    folder,
    problemsPath,
    file,
    reset: async () => {
      await emptied(db);
      await addDomain(db, author, { domain: "campus.test" });
      await addDomain(db, author, { domain: "old.test" });
    },
    run: async (content, more = {}, apply = { ifVersion: null }) => {
      const path = await file("f.csv", content);
      const input: ImportInput = { format: "csv", path, replaces: false, problemsPath, problemsShown: 100, ...more };
      return runImport(db, author, input, apply, () => {});
    },
    entries: async () => {
      const { rows } = await db.query<{ address: string; targets: string[] }>({
        text: "select address, array(select target from targets t where t.address = e.address order by target) as targets from entries e order by address",
      });
      return Object.fromEntries(rows.map((row) => [row.address, row.targets.join(" ")]));
    },
    close: async () => {
      await rm(folder, { recursive: true });
      await database.drop();
    },
  };
}
