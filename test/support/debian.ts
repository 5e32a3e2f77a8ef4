/** The programs of other people that tests call: where each is looked for, the Debian package that brings it, and what for. */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

export type Program = { readonly program: string; readonly package: string; readonly why: string };

export const programs = {
  swaks: { program: "swaks", package: "swaks", why: "sends mail as a person at a terminal would" },
  "swaks with TLS": { program: "/usr/share/doc/libnet-ssleay-perl", package: "libnet-ssleay-perl", why: "lets swaks speak TLS" },
  hydra: { program: "hydra", package: "hydra", why: "guesses passwords, which must be slow" },
  curl: { program: "curl", package: "curl", why: "sends mail with a second, independent client; reads the HTTP endpoints" },
  python3: { program: "python3", package: "python3", why: "its smtplib signs in and submits mail" },
  nmap: { program: "nmap", package: "nmap", why: "its smtp-open-relay script is an outside judge of the relay decision" },
  openssl: { program: "openssl", package: "openssl", why: "makes certificates with faults, for the tests of TLS" },
  "smtp-sink": { program: "smtp-sink", package: "postfix", why: "Postfix's test sink as a next hop" },
  slapd: { program: "slapd", package: "slapd", why: "the directory of people and groups" },
  ldapmodify: { program: "ldapmodify", package: "ldap-utils", why: "changes entries of that directory" },
  chromium: { program: "chromium", package: "chromium", why: "shows the panel as people see it" },
  fonts: { program: "/usr/share/fonts/truetype/dejavu", package: "fonts-dejavu-core", why: "letters for its pages" },
  postgres15: {
    program: "/usr/lib/postgresql/15/bin/postgres",
    package: "postgresql-15",
    why: "the oldest Postgres that database.url may name",
  },
} as const satisfies Record<string, Program>;

export type Need = keyof typeof programs;

const FOLDERS = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"]; // Debian keeps some out of a user's PATH

/** The program's full path, or null when it is not installed. */
export function pathOf(need: Need): string | null {
  const { program } = programs[need];
  const candidates = program.startsWith("/") ? [program] : FOLDERS.map((folder) => join(folder, program));
  return candidates.find(isExecutable) ?? null;
}

/** All that is not installed. */
export const missing = (): Need[] => (Object.keys(programs) as Need[]).filter((need) => pathOf(need) === null);

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
