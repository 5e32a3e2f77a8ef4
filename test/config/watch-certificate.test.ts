import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type CertificateSource, ensureCertificate } from "../../src/config/certificate.ts";
import type { Certificate } from "../../src/config/check-certificate.ts";
import { type Pair, selfSigned } from "../../src/config/self-signed.ts";
import { watchCertificate } from "../../src/config/watch-certificate.ts";
import type { Fields, Log } from "../../src/log/log.ts";

const HOST = "mail.campus.example";
const DAY = 86_400_000;
const LOOK = 20;

let dir: string;
let lines: string[];
let taken: Certificate[];
let watch: { close(): Promise<void> } | undefined;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "mailroom-watch-"));
  [lines, taken] = [[], []];
});
afterEach(async () => {
  await watch?.close();
  rmSync(dir, { recursive: true });
});

const note =
  (level: string) =>
  (event: string, fields: Fields = {}): void => {
    lines.push(
      [level, event, fields["fault"] ?? fields["days"]]
        .filter((part) => part !== undefined)
        .join(": ")
        .replaceAll(`${dir}/`, ""),
    );
  };
const log: Log = { debug: note("debug"), info: note("info"), warn: note("warn"), error: note("error"), line: () => {} };

const files = (): CertificateSource => ({ certFile: join(dir, "cert.pem"), keyFile: join(dir, "key.pem"), dataDir: dir, hostname: HOST });
const own = (): CertificateSource => ({ certFile: null, keyFile: null, dataDir: dir, hostname: HOST });
const put = (name: string, text: string): void => {
  writeFileSync(join(dir, `${name}.new`), text);
  renameSync(join(dir, `${name}.new`), join(dir, name));
};
const putPair = ({ cert, key }: Pair): void => {
  put("cert.pem", cert);
  put("key.pem", key);
};
const looks = (count: number) => new Promise((resolve) => setTimeout(resolve, LOOK * (count + 2)));
const pair = (now = new Date()): Pair => selfSigned(HOST, now);

async function start(source: CertificateSource, now: () => Date = () => new Date(), current?: Certificate): Promise<Certificate> {
  const first = current ?? (await ensureCertificate(source, now));
  watch = watchCertificate(source, first, { log, now, lookMs: LOOK, onChange: (certificate) => taken.push(certificate) });
  return first;
}

describe("watching the certificate's files", () => {
  test("hands over a replaced pair once, and says so", async () => {
    putPair(pair());
    await start(files());
    await looks(3);
    expect(taken).toEqual([]);
    const second = pair();
    putPair(second);
    await vi.waitFor(() => expect(taken).toHaveLength(1));
    expect([taken[0]?.cert, taken[0]?.key.reveal()]).toEqual([second.cert, second.key]);
    await looks(3);
    expect(lines).toEqual(["info: the certificate was replaced"]);
  });

  test("takes up what was replaced between reading and watching", async () => {
    putPair(pair());
    const first = await ensureCertificate(files());
    putPair(pair());
    await start(files(), undefined, first);
    await vi.waitFor(() => expect(taken).toHaveLength(1));
  });

  test("the same octets anew are nothing new", async () => {
    const same = pair();
    putPair(same);
    await start(files());
    putPair(same);
    await looks(4);
    expect([taken, lines]).toEqual([[], []]);
  });

  test("links that lead elsewhere, as certbot leaves them", async () => {
    for (const [n, each] of [pair(), pair()].entries()) {
      mkdirSync(join(dir, String(n)));
      writeFileSync(join(dir, `${n}/cert.pem`), each.cert);
      writeFileSync(join(dir, `${n}/key.pem`), each.key);
    }
    const lead = (n: number) => {
      for (const name of ["cert.pem", "key.pem"]) {
        symlinkSync(`${n}/${name}`, join(dir, "link"));
        renameSync(join(dir, "link"), join(dir, name));
      }
    };
    lead(0);
    await start(files());
    lead(1);
    await vi.waitFor(() => expect(taken).toHaveLength(1));
  });

  test("a broken pair is said once and leaves the old one in use; a mended one is taken up", async () => {
    putPair(pair());
    await start(files());
    put("cert.pem", pair().cert);
    await vi.waitFor(() => expect(lines).toHaveLength(1));
    await looks(4);
    expect(lines).toEqual([
      "error: a new certificate is broken, the old one stays in use: key.pem: the key is not the one of the certificate; it must belong to cert.pem",
    ]);
    unlinkSync(join(dir, "cert.pem"));
    await vi.waitFor(() => expect(lines).toHaveLength(2));
    expect(lines[1]).toBe("error: a new certificate is broken, the old one stays in use: cert.pem: does not exist");
    expect(taken).toEqual([]);
    putPair(pair());
    await vi.waitFor(() => expect(taken).toHaveLength(1));
  });

  test("an expired one is not taken up", async () => {
    putPair(pair());
    await start(files());
    putPair(pair(new Date("2001-01-01")));
    await vi.waitFor(() => expect(lines.join("\n")).toContain("cert.pem: the certificate expired at 2010-12-30 00:00 UTC; renew it"));
    expect(taken).toEqual([]);
  });

  test("a receiver that fails keeps the old one", async () => {
    putPair(pair());
    const first = await ensureCertificate(files());
    let calls = 0;
    const onChange = () => {
      calls++;
      throw new Error("no such server");
    };
    watch = watchCertificate(files(), first, { log, lookMs: LOOK, onChange });
    putPair(pair());
    await vi.waitFor(() => expect(lines).toHaveLength(1));
    expect(lines[0]).toContain("no such server");
    const asked = calls; // twice; a look between the two files adds one
    await looks(4);
    expect(calls).toBe(asked); // and not again before the files change
    putPair(pair());
    await vi.waitFor(() => expect(calls).toBeGreaterThan(asked));
  });

  test("warns once a day from 21 days before the end", async () => {
    putPair(pair());
    let now = new Date();
    const { expiresAt } = await start(files(), () => now);
    const at = async (days: number) => {
      now = new Date(expiresAt.getTime() - days * DAY);
      await looks(3);
    };
    await at(21.01);
    expect(lines).toEqual([]);
    await at(21);
    await vi.waitFor(() => expect(lines).toEqual(["warn: the certificate expires soon: 21"]));
    await at(20.5);
    expect(lines).toHaveLength(1);
    await at(19.9);
    await vi.waitFor(() => expect(lines.slice(1)).toEqual(["warn: the certificate expires soon: 19"]));
    await at(-1);
    await vi.waitFor(() => expect(lines.slice(2)).toEqual(["error: the certificate has expired"]));
  });

  test("our own is made anew before its end, and when somebody removes it", async () => {
    let now = new Date();
    const { expiresAt } = await start(own(), () => now);
    unlinkSync(join(dir, "tls/self-signed.pem"));
    await vi.waitFor(() => expect(taken).toHaveLength(1));
    now = new Date(expiresAt.getTime() - 20 * DAY);
    await vi.waitFor(() => expect(taken).toHaveLength(2));
    await looks(3);
    expect(taken).toHaveLength(2);
    expect(lines).toEqual(["info: the certificate was replaced", "info: the certificate was replaced"]);
  });

  test("stops when it is closed", async () => {
    putPair(pair());
    await start(files());
    await looks(1);
    await watch?.close();
    putPair(pair());
    await looks(4);
    expect(taken).toEqual([]);
  });
});
