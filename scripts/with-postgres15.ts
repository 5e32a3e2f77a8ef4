/**
 * Runs a command with TEST_DATABASE_URL naming a private Postgres 15 (Debian's postgresql-15), which is stopped and
 * removed afterwards: `node --import tsx scripts/with-postgres15.ts npx vitest run`. 69 when it is not installed.
 */
import { postgres15, startPostgres } from "../test/support/private-postgres.ts";
import { run } from "./run.ts";

const [command, ...args] = process.argv.slice(2);
const bin = postgres15();
if (!command) {
  console.error("usage: with-postgres15.ts COMMAND [ARGUMENT…]");
  process.exitCode = 64;
} else if (!bin) {
  console.error("Postgres 15 is not installed: apt-get install postgresql-15");
  process.exitCode = 69;
} else {
  const postgres = await startPostgres({ bin });
  try {
    process.exitCode = await run(command, args, { ...process.env, TEST_DATABASE_URL: postgres.url });
  } finally {
    await postgres.stop();
  }
}
