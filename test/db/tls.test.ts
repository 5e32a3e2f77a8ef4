import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { selfSigned } from "../../src/config/self-signed.ts";
import { openDatabase } from "../../src/db/client.ts";
import { parseDatabaseUrl } from "../../src/db/connection.ts";
import { faultFields, isUnavailable } from "../../src/db/faults.ts";
import { testDirectory } from "../support/directory.ts";
import { type PrivatePostgres, startPostgres } from "../support/private-postgres.ts";
import { silentLog } from "../support/sql.ts";

let postgres: PrivatePostgres;
let directory: Awaited<ReturnType<typeof testDirectory>>;
let ours: string;
let anothers: string;
beforeAll(async () => {
  directory = await testDirectory();
  ours = join(directory.path, "ours.pem");
  anothers = join(directory.path, "anothers.pem");
  const pair = selfSigned("localhost", new Date());
  await writeFile(ours, pair.cert);
  await writeFile(anothers, selfSigned("localhost", new Date()).cert);
  postgres = await startPostgres({ tls: pair });
});
afterAll(async () => {
  await postgres.stop();
  await directory.remove();
});

/** Whether the session is encrypted, or why there is none. */
async function connectWith(parameters: string, host = "localhost"): Promise<unknown> {
  const url = `postgres://mailroom@${host}:${postgres.connection.hosts[0]?.port}/postgres?${parameters}`;
  const db = openDatabase(JSON.parse(JSON.stringify(parseDatabaseUrl(url))), { applicationName: "tls", max: 1, log: silentLog });
  try {
    return (await db.query<{ ssl: boolean }>({ text: "select ssl from pg_stat_ssl where pid = pg_backend_pid()" })).rows[0]?.ssl;
  } catch (error) {
    expect(isUnavailable(error)).toBe(true); // a wrong certificate never bounces mail
    return faultFields(error)["code"];
  } finally {
    await db.close();
  }
}

test.each([
  ["", false],
  ["sslmode=disable", false],
  ["sslmode=require", true],
  ["sslmode=verify-full", "DEPTH_ZERO_SELF_SIGNED_CERT"],
])("%s → %s", async (parameters, expected) => {
  expect(await connectWith(parameters)).toBe(expected);
});

test("the authority of the URL is the only one: sslrootcert alone verifies, another's certificate is refused", async () => {
  expect(await connectWith(`sslrootcert=${ours}`)).toBe(true);
  expect(await connectWith(`sslmode=verify-full&sslrootcert=${ours}`)).toBe(true);
  expect(await connectWith(`sslmode=verify-full&sslrootcert=${anothers}`)).toBe("DEPTH_ZERO_SELF_SIGNED_CERT");
  expect(await connectWith(`sslmode=verify-ca&sslrootcert=${anothers}`)).toBe("DEPTH_ZERO_SELF_SIGNED_CERT");
});

test("a host that the certificate does not name: refused by verify-full, not by verify-ca; the connection survives a hand-over as JSON", async () => {
  expect(await connectWith(`sslmode=verify-full&sslrootcert=${ours}`, "127.0.0.1")).toBe("ERR_TLS_CERT_ALTNAME_INVALID");
  expect(await connectWith(`sslmode=verify-ca&sslrootcert=${ours}`, "127.0.0.1")).toBe(true);
});
