/**
 * Compiles src/ into dist/, and the panel of admin-ui/ into dist/panel/. The new tree is made beside the old one and takes its place by renaming, so that two builds at once, or
 * a build under a starting server, never show half a tree. `--if-stale`: only when dist/ was made from other sources.
 */
import { createHash } from "node:crypto";
import { chmodSync, existsSync, lstatSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { capture, run } from "./run.ts";

const COMMAND = "cli/mailroom.js";
const STAMP = ".built-from"; // in dist/: the hash of what it was compiled from

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();

/** SHA-256 over the names and octets of all that tsc and Vite read of ours. */
function hashOfSources(): string {
  const sources = filesIn("src").filter((name) => name.endsWith(".ts"));
  const hash = createHash("sha256");
  for (const name of [...sources, ...filesIn("admin-ui"), "tsconfig.json", "tsconfig.build.json", "package-lock.json"]) {
    hash.update(`${name}\0`).update(readFileSync(name));
  }
  return hash.digest("hex");
}

/** Puts `fresh` in the place of dist/. Another build may be doing the same at this moment: whichever comes last stays. */
function swap(fresh: string): void {
  for (let attempt = 1; attempt <= 100; attempt++) {
    const old = `${fresh}.old`;
    renamed("dist", old);
    const done = renamed(fresh, "dist");
    rmSync(old, { recursive: true, force: true });
    if (done) return;
  }
  throw new Error(`${fresh} could not be renamed to dist`);
}

/** False when `from` is not there, or something stands at `to`. */
function renamed(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if (["ENOENT", "ENOTEMPTY", "EEXIST"].includes((error as NodeJS.ErrnoException).code ?? "")) return false;
    throw error;
  }
}

async function build(): Promise<number> {
  const hash = hashOfSources();
  const fresh = `dist.${process.pid}`;
  try {
    const code = await run("node_modules/.bin/tsc", ["-p", "tsconfig.build.json", "--outDir", fresh]);
    if (code !== 0) return code;
    const panel = await buildPanel(join(fresh, "panel"));
    if (panel !== 0) return panel;
    if (existsSync(join(fresh, COMMAND))) chmodSync(join(fresh, COMMAND), 0o755);
    writeFileSync(join(fresh, STAMP), hash);
    swap(fresh);
    linkCommand();
    return 0;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

/** What Vite has to say is shown only when it fails. */
async function buildPanel(folder: string): Promise<number> {
  const args = ["build", "--config", "admin-ui/vite.config.ts", "--logLevel", "warn"];
  const { code, output } = await capture("node_modules/.bin/vite", args, { ...process.env, PANEL_OUT_DIR: resolve(folder) });
  if (code !== 0) console.error(output);
  return code;
}

/** So that `npx mailroom` finds the command at once, without asking a registry or filling a cache. */
function linkCommand(): void {
  if (lstatSync("node_modules").isSymbolicLink()) return; // shared with another work tree, whose command it would become
  rmSync("node_modules/.bin/mailroom", { force: true });
  try {
    symlinkSync(join("..", "..", "dist", COMMAND), "node_modules/.bin/mailroom");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error; // another build was faster
  }
}

const isFresh = () => existsSync(join("dist", STAMP)) && readFileSync(join("dist", STAMP), "utf8") === hashOfSources();
process.exitCode = process.argv.includes("--if-stale") && isFresh() ? 0 : await build();
