import { stat } from "node:fs/promises";
import type { Log } from "../log/log.ts";
import { type CertificateSource, certificateFiles, ensureCertificate, RENEW_BEFORE_MS } from "./certificate.ts";
import type { Certificate } from "./check-certificate.ts";
import { SettingsError } from "./fault.ts";

/** A change shows at the first look after it, a broken one at the second: within 40 s. */
const LOOK_MS = 20_000;
const DAY_MS = 86_400_000;

export type WatchOptions = {
  readonly log: Log;
  /** Gets each new certificate once it is checked; until then the old one stays in use. */
  readonly onChange: (certificate: Certificate) => void;
  readonly now?: () => Date;
  readonly lookMs?: number;
};

/**
 * Looks again and again whether the certificate's files were replaced, and hands a new pair over. A broken one is said and
 * leaves the old one in use. Once a day it warns of a certificate that expires within 21 days; one of our own is made anew.
 */
export function watchCertificate(source: CertificateSource, current: Certificate, options: WatchOptions): { close(): Promise<void> } {
  const { log, onChange, now = () => new Date(), lookMs = LOOK_MS } = options;
  const files = certificateFiles(source);
  let inUse = current;
  let known = ""; // state of the files that needs no more attention: taken up, or said to be broken
  let suspect = ""; // state that was broken at the last look; perhaps the second file had yet to come
  let warnedAt = Number.NEGATIVE_INFINITY;

  const takeUp = async (state: string): Promise<void> => {
    try {
      const found = await ensureCertificate(source, now);
      if (found.cert !== inUse.cert || found.key.reveal() !== inUse.key.reveal()) {
        onChange(found);
        inUse = found;
        log.info("the certificate was replaced", { file: files[0], expiresAt: found.expiresAt.toISOString() });
      }
      known = state;
    } catch (error) {
      if (state === suspect) {
        known = state;
        log.error("a new certificate is broken, the old one stays in use", { fault: said(error) });
      }
      suspect = state;
    }
  };
  const warn = (): void => {
    const left = inUse.expiresAt.getTime() - now().getTime();
    if (left > RENEW_BEFORE_MS || now().getTime() - warnedAt < DAY_MS) return;
    warnedAt = now().getTime();
    const fields = { file: files[0], expiresAt: inUse.expiresAt.toISOString() };
    if (left > 0) log.warn("the certificate expires soon", { ...fields, days: Math.floor(left / DAY_MS) });
    else log.error("the certificate has expired", fields);
  };
  const isDue = (): boolean => source.certFile === null && inUse.expiresAt.getTime() - now().getTime() <= RENEW_BEFORE_MS;
  const look = async (): Promise<void> => {
    const state = await stateOf(files);
    if (state !== known || isDue()) await takeUp(state);
    warn();
  };
  return every(lookMs, look);
}

/** Changes whenever a file is replaced, by writing or by renaming, and whatever a link leads to. */
async function stateOf(files: readonly string[]): Promise<string> {
  const states = files.map((file) =>
    stat(file, { bigint: true }).then(
      ({ ino, size, mtimeNs, ctimeNs }) => [ino, size, mtimeNs, ctimeNs].join(),
      (error: NodeJS.ErrnoException) => error.code,
    ),
  );
  return (await Promise.all(states)).join(";");
}

const said = (error: unknown): string => (error instanceof SettingsError ? error.message : String(error)).replaceAll("\n", "; ");

/** One after the other, the first at once; keeps no process alive. Once close() has resolved nothing happens any more. */
function every(ms: number, work: () => Promise<void>): { close(): Promise<void> } {
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  let turn: Promise<void>;
  const next = async (): Promise<void> => {
    await work();
    if (closed) return;
    timer = setTimeout(() => {
      turn = next();
    }, ms).unref();
  };
  turn = next();
  return {
    close: () => {
      closed = true;
      clearTimeout(timer);
      return turn;
    },
  };
}
