/** Names every package of the production tree whose licence is not one we may use. `node --import tsx scripts/licences.ts [LOCKFILE]` */
import { readFileSync } from "node:fs";

type Locked = { readonly dev?: boolean; readonly link?: boolean; readonly license?: string };

/** Permissive licences, read and accepted. Another one is a decision: add it here with the commit that says why. */
const ACCEPTED = ["0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BlueOak-1.0.0", "ISC", "MIT", "MIT-0"];
/** Offered under a choice of licences, of which we take an accepted one. */
const CHOICES = ["(MIT OR EUPL-1.1+)"];

const lockfile = process.argv[2] ?? "package-lock.json";
const { packages } = JSON.parse(readFileSync(lockfile, "utf8")) as { readonly packages: Readonly<Record<string, Locked>> };
const production = Object.entries(packages).filter(([path, locked]) => path !== "" && locked.dev !== true && locked.link !== true);
const refused = production.filter(([, locked]) => ![...ACCEPTED, ...CHOICES].includes(locked.license ?? ""));
for (const [path, locked] of refused) console.error(`${path}: licence ${locked.license ?? "not stated"} is not accepted`);
console.log(`${production.length} packages of the production tree, ${refused.length} with a licence that is not accepted`);
process.exitCode = Math.min(refused.length, 1);
