/**
 * One Postgres for the whole run, started when the first test file asks for it: the embedded one under our own supervisor,
 * or the one TEST_DATABASE_URL names. Test files reach it through database.ts.
 */
import { createServer } from "node:http";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { type Connection, parseDatabaseUrl } from "../../src/db/connection.ts";
import { type Embedded, startEmbedded } from "../../src/db/embedded/embedded.ts";
import { migrate } from "../../src/db/migrate.ts";
import { testDirectory } from "./directory.ts";
import { runSql, silentLog } from "./sql.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Socket on which the set-up answers with the connection to the cluster and the name of the migrated template. */
    databaseDesk: string;
  }
}

export type Cluster = { readonly connection: Connection; readonly template: string };

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = await testDirectory();
  let embedded: Embedded | undefined;
  const start = async (): Promise<Cluster> => {
    const url = process.env["TEST_DATABASE_URL"];
    if (!url) embedded = await startEmbedded({ dataDir: directory.path, log: silentLog });
    const connection = url ? parseDatabaseUrl(url) : (embedded as Embedded).connection;
    const template = `mailroom_template_${process.pid}`;
    await runSql(connection, `create database ${template}`);
    await migrate({ ...connection, database: template }, silentLog);
    return { connection, template };
  };

  let cluster: Promise<Cluster> | undefined;
  const desk = createServer((_request, response) => {
    cluster ??= start();
    cluster.then(
      (answer) => response.end(JSON.stringify(answer)),
      (error: Error) => response.writeHead(500).end(String(error.stack)),
    );
  });
  const socket = join(directory.path, "desk");
  await new Promise<void>((resolve) => desk.listen(socket, resolve));
  project.provide("databaseDesk", socket);

  return async () => {
    desk.close();
    desk.closeAllConnections();
    const started = await cluster?.catch(() => undefined);
    if (started && !embedded) await runSql(started.connection, `drop database if exists ${started.template}`);
    await embedded?.stop();
    await directory.remove();
  };
}
