/** Under which account Postgres runs: it refuses root. */
import { readFile, stat } from "node:fs/promises";
import { userInfo } from "node:os";
import { EmbeddedFault, OWN_DATABASE } from "./fault.ts";

/** `switchTo` is null when we are that account already. */
export type Account = { readonly name: string; readonly switchTo: { readonly uid: number; readonly gid: number } | null };

/** In this order; never created by us. `nobody` is for trials: its other processes could read the files. */
const CANDIDATES = ["mailroom", "postgres", "nobody"];

/** As an ordinary user: ourselves. As root: the owner of the cluster that exists, else the first candidate of this machine. */
export async function chooseAccount(cluster: string): Promise<Account> {
  const owner = await stat(cluster).then(
    (found) => found.uid,
    () => null,
  );
  const passwd = await readPasswd();
  const ownUid = process.getuid?.() ?? 0;
  if (ownUid !== 0) {
    if (owner !== null && owner !== ownUid)
      throw belongsToAnother(cluster, passwd.find((entry) => entry.uid === owner)?.name ?? `uid ${owner}`);
    return { name: ownName(passwd, ownUid), switchTo: null };
  }
  const found = owner !== null && owner !== 0 ? passwd.find((entry) => entry.uid === owner) : firstCandidate(passwd);
  if (!found) {
    const why =
      owner === null
        ? `root cannot run Postgres, and none of the accounts ${CANDIDATES.join(", ")} exists`
        : `${cluster} belongs to uid ${owner}, which can run no Postgres`;
    throw new EmbeddedFault(why, `create an account (useradd --system mailroom), start as an ordinary user, ${OWN_DATABASE}`);
  }
  return { name: found.name, switchTo: { uid: found.uid, gid: found.gid } };
}

const firstCandidate = (passwd: Entry[]) =>
  CANDIDATES.map((name) => passwd.find((entry) => entry.name === name && entry.uid !== 0)).find(Boolean);

const belongsToAnother = (cluster: string, owner: string) =>
  new EmbeddedFault(
    `${cluster} belongs to ${owner}, and this process runs as ${userInfo().username}`,
    `start as root or as ${owner}, or choose another data_dir`,
  );

/** initdb and peer authentication both ask the system for our name. */
function ownName(passwd: Entry[], uid: number): string {
  try {
    return passwd.find((entry) => entry.uid === uid)?.name ?? userInfo().username;
  } catch (error) {
    throw new EmbeddedFault(
      `uid ${uid} has no name on this machine, and Postgres needs one`,
      `add the account to /etc/passwd, ${OWN_DATABASE}`,
      error,
    );
  }
}

type Entry = { readonly name: string; readonly uid: number; readonly gid: number };

async function readPasswd(): Promise<Entry[]> {
  const text = await readFile("/etc/passwd", "utf8").catch(() => "");
  return text.split("\n").flatMap((line) => {
    const [name, , uid, gid] = line.split(":");
    return name && uid && gid ? [{ name, uid: Number(uid), gid: Number(gid) }] : [];
  });
}
