/** A real slapd on a free port of loopback, run by an ordinary account, with whatever schema and entries a test wants. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { freePort } from "../../scripts/free-port.ts";
import type { LdapSourceSettings } from "../../src/directory/ldap/settings.ts";
import { pathOf } from "./debian.ts";
import { testDirectory } from "./directory.ts";

export const SUFFIX = "dc=campus,dc=test";
export const ADMIN = { dn: `cn=admin,${SUFFIX}`, password: "secret" };

export type Slapd = {
  readonly url: string;
  readonly ldapsUrl: string | null;
  readonly folder: string;
  /** Adds entries (LDIF) to the running server. */
  add(ldif: string): void;
  modify(ldif: string): void;
  signal(name: NodeJS.Signals): void;
  /** SIGTERM or the given signal, and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** On the same port, with the same data. */
  start(): Promise<void>;
  remove(): Promise<void>;
};

/** Settings of a source at this server, without people or groups, asked for campus.test as nobody. */
export const sourceAt = (slapd: Slapd): LdapSourceSettings => ({
  name: "campus",
  urls: [slapd.url],
  starttls: false,
  ca: null,
  bind: null,
  domains: ["campus.test"],
  people: null,
  groups: null,
  connectTimeout: 2000,
  queryTimeout: 3000,
  connections: 4,
});

export type SlapdOptions = {
  /** Lines of slapd.conf before and within the database. */
  readonly global?: string;
  readonly database?: string;
  /** Attributes and classes as slapd.conf has them. */
  readonly schema?: string;
  readonly ldif: string;
  readonly tls?: { readonly cert: string; readonly key: string };
};

const ROOT_LDIF = `dn: ${SUFFIX}
objectClass: dcObject
objectClass: organization
o: campus
dc: campus

dn: ou=people,${SUFFIX}
objectClass: organizationalUnit
ou: people

dn: ou=groups,${SUFFIX}
objectClass: organizationalUnit
ou: groups
`;

export async function startSlapd({ global = "", database = "", schema = "", ldif, tls }: SlapdOptions): Promise<Slapd> {
  const { path: folder, remove } = await testDirectory();
  const account = process.getuid?.() === 0 ? accountIds("nobody") : null;
  mkdirSync(join(folder, "db"));
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text, { mode: 0o644 });
    return join(folder, name);
  };
  const certificate = tls && `TLSCertificateFile ${file("cert.pem", tls.cert)}\nTLSCertificateKeyFile ${file("key.pem", tls.key)}\n`;
  const conf = file(
    "slapd.conf",
    `${["core", "cosine", "inetorgperson", "nis", "misc"].map((name) => `include /etc/ldap/schema/${name}.schema`).join("\n")}
${schema === "" ? "" : `include ${file("own.schema", schema)}`}
pidfile ${join(folder, "slapd.pid")}
modulepath /usr/lib/ldap
moduleload back_mdb
${certificate ?? ""}${global}
database mdb
maxsize 1073741824
suffix "${SUFFIX}"
rootdn "${ADMIN.dn}"
rootpw ${ADMIN.password}
directory ${join(folder, "db")}
dbnosync
index objectClass,uid,mail,cn eq
${database}
`,
  );
  execFileSync("/usr/sbin/slapadd", ["-q", "-f", conf], { input: tidy(`${ROOT_LDIF}\n${ldif}`), stdio: ["pipe", "ignore", "inherit"] });
  if (account !== null) execFileSync("chown", ["-R", `${account.uid}:${account.gid}`, folder]);
  if (account !== null) chownSync(folder, account.uid, account.gid);
  chmodSync(folder, 0o755);
  const port = await freePort();
  const securePort = tls === undefined ? null : await freePort();
  const urls = [`ldap://127.0.0.1:${port}`, ...(securePort === null ? [] : [`ldaps://127.0.0.1:${securePort}`])];
  let child: ChildProcess | null = null;
  const client = (tool: "ldapadd" | "ldapmodify", input: string): void => {
    execFileSync(tool, ["-x", "-H", urls[0] ?? "", "-D", ADMIN.dn, "-w", ADMIN.password], { input, stdio: ["pipe", "ignore", "pipe"] });
  };
  const slapd: Slapd = {
    url: urls[0] ?? "",
    ldapsUrl: urls[1] ?? null,
    folder,
    add: (text) => client("ldapadd", text),
    modify: (text) => client("ldapmodify", text),
    signal: (name) => void child?.kill(name),
    async stop(signal = "SIGTERM") {
      const ending = child;
      if (ending === null || ending.exitCode !== null || ending.signalCode !== null) return;
      const ended = new Promise((resolve) => ending.once("exit", resolve));
      ending.kill(signal);
      if (signal !== "SIGKILL") ending.kill("SIGCONT");
      await ended;
    },
    async start() {
      child = spawn(pathOf("slapd") ?? "slapd", ["-f", conf, "-h", urls.join(" "), "-d", "0"], { stdio: "ignore", ...account });
      await listening(port);
    },
    async remove() {
      await slapd.stop("SIGKILL");
      await remove();
    },
  };
  await slapd.start();
  return slapd;
}

/** slapadd wants the values of an attribute to stand together. */
function tidy(ldif: string): string {
  const entries = ldif.split(/\n\n+/).filter((entry) => entry.trim() !== "");
  return entries
    .map((entry) => {
      const [dn = "", ...lines] = entry.trim().split("\n");
      const attributes = lines.map((line) => line.slice(0, line.indexOf(":")));
      const sorted = [...new Set(attributes)].flatMap((name) => lines.filter((_, i) => attributes[i] === name));
      return [dn, ...sorted].join("\n");
    })
    .join("\n\n");
}

function accountIds(name: string): { readonly uid: number; readonly gid: number } {
  const id = (which: string) => Number(execFileSync("id", [which, name], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

async function listening(port: number): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    const answers = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => resolve(true));
      socket.once("error", () => resolve(false));
      socket.once("connect", () => socket.destroy());
    });
    if (answers) return;
    await new Promise((wake) => setTimeout(wake, 20));
  }
  throw new Error("slapd did not begin to listen");
}
