import { randomUUID, X509Certificate } from "node:crypto";
import { link, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Certificate, checkCertificate, type PemFile } from "./check-certificate.ts";
import { SettingsError } from "./fault.ts";
import { type Pair, selfSigned } from "./self-signed.ts";

/** Where the certificate comes from: both files, or none and a self-signed one in `dataDir`/tls/. */
export type CertificateSource = {
  readonly certFile: string | null;
  readonly keyFile: string | null;
  readonly dataDir: string;
  readonly hostname: string;
};

/** No chain comes near; a device or a wrong file is noticed. */
const MOST_OCTETS = 1024 * 1024;
/** When our own is replaced, and somebody else's is warned of. */
export const RENEW_BEFORE_MS = 21 * 86_400_000;

/**
 * The certificate to serve with. Without files one is made at the first start and used again by later ones, until it is nearly
 * expired or we have another name. Throws SettingsError naming the file and what is wrong with it.
 */
export async function ensureCertificate(source: CertificateSource, now: () => Date = () => new Date()): Promise<Certificate> {
  const { certFile, keyFile, dataDir, hostname } = source;
  if (certFile !== null && keyFile !== null) return checkCertificate(await pemFile(certFile), await pemFile(keyFile), now());
  const file = selfSignedFile(dataDir);
  const before = await stored(file);
  if (before && stillGood(before, hostname, now())) return before;
  await store(file, selfSigned(hostname, now()), before !== null);
  // Not ours perhaps: of several processes that start at once one is first, and all take the pair of that one.
  const made = await stored(file);
  if (!made) throw fault(file, "was removed while it was being made", "start again");
  return made;
}

/** The files whose replacement means a new certificate. */
export const certificateFiles = ({ certFile, keyFile, dataDir }: CertificateSource): readonly string[] =>
  certFile !== null && keyFile !== null ? [certFile, keyFile] : [selfSignedFile(dataDir)];

/** Key and certificate are one file, so that no process ever sees the one without the other. */
const selfSignedFile = (dataDir: string): string => join(dataDir, "tls", "self-signed.pem");

const fault = (file: string, what: string, hint: string): SettingsError => new SettingsError([{ where: file, key: null, what, hint }]);
const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? "unknown error";

/** Our own file; null when there is none. Its age is no fault: it is replaced. */
async function stored(file: string): Promise<Certificate | null> {
  const exists = await stat(file).catch((error: unknown) => {
    if (codeOf(error) === "ENOENT") return null;
    throw fault(file, `cannot be read (${codeOf(error)})`, "");
  });
  if (!exists) return null;
  const pem = await pemFile(file);
  return checkCertificate(pem, pem, null);
}

function stillGood({ cert, expiresAt }: Certificate, hostname: string, now: Date): boolean {
  return new X509Certificate(cert).checkHost(hostname) !== undefined && expiresAt.getTime() - now.getTime() > RENEW_BEFORE_MS;
}

/** Puts the pair in place as a whole, under a name that nobody reads until it is all on disk. Without `replace` the first one stays. */
async function store(file: string, { key, cert }: Pair, replace: boolean): Promise<void> {
  const temporary = join(dirname(file), `.${randomUUID()}.tmp`);
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const handle = await open(temporary, "wx", 0o600);
    try {
      await handle.writeFile(key + cert);
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (replace) await rename(temporary, file);
    else await publishFirst(temporary, file);
  } catch (error) {
    throw fault(file, `cannot be made (${codeOf(error)})`, "make data_dir writable, or set tls.cert and tls.key");
  } finally {
    await rm(temporary, { force: true }).catch(() => {}); // a folder that cannot be written has been said already
  }
}

/** link(2) fails when the name is taken, which rename(2) would not. */
async function publishFirst(temporary: string, file: string): Promise<void> {
  try {
    await link(temporary, file);
  } catch (error) {
    if (codeOf(error) === "EEXIST") return;
    if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"].includes(codeOf(error))) throw error;
    await rename(temporary, file); // no hard links here: the last one stays, and watching makes the others take it up
  }
}

async function pemFile(name: string): Promise<PemFile> {
  try {
    const about = await stat(name);
    if (!about.isFile()) throw fault(name, "is not a regular file", "name a PEM file");
    if (about.size > MOST_OCTETS)
      throw fault(name, `has ${about.size} octets, and no certificate or key needs more than ${MOST_OCTETS}`, "name a PEM file");
    const handle = await open(name);
    try {
      return { name, text: await handle.readFile("latin1") };
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof SettingsError) throw error;
    const hint = codeOf(error) === "EACCES" ? "the account that runs mailroom must be able to read it" : "";
    throw fault(name, codeOf(error) === "ENOENT" ? "does not exist" : `cannot be read (${codeOf(error)})`, hint);
  }
}
