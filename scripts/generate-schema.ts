/** Writes test/schema.sql: what the migrations make of an empty database. */
import { writeFileSync } from "node:fs";
import { startEmbedded } from "../src/db/embedded/embedded.ts";
import { migrate } from "../src/db/migrate.ts";
import { testDirectory } from "../test/support/directory.ts";
import { dumpSchema } from "../test/support/schema-dump.ts";
import { silentLog } from "../test/support/sql.ts";

const directory = await testDirectory();
const server = await startEmbedded({ dataDir: directory.path, log: silentLog });
try {
  await migrate(server.connection, silentLog);
  writeFileSync("test/schema.sql", await dumpSchema(server.connection));
} finally {
  await server.stop();
  await directory.remove();
}
