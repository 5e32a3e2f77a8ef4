/** Where the database is and who we are there: the URL of the settings taken apart. */
import { readFileSync } from "node:fs";
import { userInfo } from "node:os";

/** `host` starting with `/` is the directory of a socket. Several hosts: the first that accepts writes is used (failover). */
export type Connection = {
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  readonly user: string;
  /** Null: none is ever sent (peer or trust). */
  readonly password: string | null;
  readonly database: string;
  /** Plain data, so that a connection can be handed to another process. Null: clear text. */
  readonly tls: Tls | null;
  /** Server options for the session, as libpq's `options`. */
  readonly options?: string;
};

/** `verify`: nothing (encrypted, to whomever), the certificate's chain, or the host's name in it as well. PEM texts. */
export type Tls = { readonly verify: "nothing" | "chain" | "host"; readonly ca?: string; readonly cert?: string; readonly key?: string };

/** A database URL we cannot use; the message names the part, never the password. */
export class BadDatabaseUrl extends Error {
  override readonly name = "BadDatabaseUrl";
}

const PARAMETERS = new Set(["host", "port", "user", "password", "dbname", "sslmode", "sslrootcert", "sslcert", "sslkey", "options"]);
const IGNORED = new Set(["application_name", "connect_timeout", "target_session_attrs"]); // ours are used; of several hosts only one that writes will do

/**
 * Reads `postgres://user:password@host:port,host:port/database?sslmode=…`. Sockets: `postgres://user@/db?host=/run/postgresql`.
 * Without sslmode the connection is in clear text, which the start gate reports unless it stays on this machine.
 * Throws BadDatabaseUrl.
 */
export function parseDatabaseUrl(url: string): Connection {
  // WHATWG URLs know one host only, so the authority is taken out first.
  const parts = /^postgres(?:ql)?:\/\/(?:([^@/?#]*)@)?([^@/?#]*)(?:\/([^@?#]*))?(?:\?([^#]*))?$/.exec(url);
  if (!parts)
    throw new BadDatabaseUrl(
      "not of the form postgres://user:password@host:port/database (a @ : / ? # in the password is written %40 %3A %2F %3F %23)",
    );
  const [, login = "", authority = "", path = "", search = ""] = parts;
  const query = new URLSearchParams(search);
  for (const key of query.keys()) {
    if (!PARAMETERS.has(key) && !IGNORED.has(key))
      throw new BadDatabaseUrl(`unknown parameter ${key}; known are ${[...PARAMETERS].join(", ")}`);
  }
  const colon = login.indexOf(":");
  const user = query.get("user") ?? (decode("user", colon < 0 ? login : login.slice(0, colon)) || userInfo().username);
  const password = query.get("password") ?? (colon < 0 ? null : decode("password", login.slice(colon + 1)));
  const options = query.get("options");
  return {
    hosts: hostsOf(query.get("host") ?? decode("host", authority), query.get("port")),
    user,
    password,
    database: query.get("dbname") ?? (decode("database", path) || user),
    tls: tlsOf(query),
    ...(options ? { options } : {}),
  };
}

function decode(part: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new BadDatabaseUrl(`the ${part} has a % that starts no %XX`);
  }
}

function hostsOf(authority: string, ports: string | null): Connection["hosts"] {
  const portList = ports === null ? [] : ports.split(",");
  return (authority || "localhost").split(",").map((text, i) => {
    if (text.startsWith("/")) return { host: text, port: portOf(portList[i] ?? portList[0] ?? "5432") };
    const parts = /^(?:\[([0-9a-fA-F:.%]+)\]|([^:[\]\s]+))(?::(\d+))?$/.exec(text);
    const host = parts?.[1] ?? parts?.[2];
    if (!parts || host === undefined) throw new BadDatabaseUrl(`the host ${JSON.stringify(text)} is not host, host:port or [IPv6]:port`);
    return { host, port: portOf(parts[3] ?? portList[i] ?? portList[0] ?? "5432") };
  });
}

function portOf(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65535) throw new BadDatabaseUrl(`the port ${JSON.stringify(text)} is not a number from 1 to 65535`);
  return port;
}

const VERIFY: Record<string, Tls["verify"]> = { require: "nothing", "verify-ca": "chain", "verify-full": "host" };

/** libpq's meaning of sslmode, but for `allow` and `prefer`: they fall back to clear text for whoever can cut the handshake. */
function tlsOf(query: URLSearchParams): Tls | null {
  const mode = query.get("sslmode") ?? (query.has("sslrootcert") ? "verify-full" : "disable");
  if (mode === "disable") return null;
  const verify = VERIFY[mode];
  if (!verify) throw new BadDatabaseUrl(`sslmode ${JSON.stringify(mode)} is not one of disable, ${Object.keys(VERIFY).join(", ")}`);
  return { verify, ...pem(query, "sslrootcert", "ca"), ...pem(query, "sslcert", "cert"), ...pem(query, "sslkey", "key") };
}

function pem(query: URLSearchParams, parameter: string, as: "ca" | "cert" | "key"): Partial<Tls> {
  const file = query.get(parameter);
  if (file === null) return {};
  try {
    return { [as]: readFileSync(file, "utf8") };
  } catch (error) {
    throw new BadDatabaseUrl(`${parameter}: cannot read ${file} (${(error as NodeJS.ErrnoException).code ?? "?"})`);
  }
}
