import { execFile } from "node:child_process";
import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { connect, createServer } from "node:tls";
import { inspect, promisify } from "node:util";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type CertificateSource, ensureCertificate } from "../../src/config/certificate.ts";
import { SettingsError } from "../../src/config/fault.ts";
import { selfSigned } from "../../src/config/self-signed.ts";

const HOST = "mail.campus.example";
const DAY = 86_400_000;
const NOW = new Date("2026-06-01T12:00:00Z");
const daysFrom = (date: Date, days: number) => new Date(date.getTime() + days * DAY);

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "mailroom-certificate-"));
});
afterEach(() => rmSync(dataDir, { recursive: true }));

const own = (hostname = HOST): CertificateSource => ({ certFile: null, keyFile: null, dataDir, hostname });
const ownFile = () => join(dataDir, "tls", "self-signed.pem");

/** Writes both and reads them as tls.cert and tls.key. */
function given(cert: string | Buffer, key: string | Buffer): CertificateSource {
  writeFileSync(join(dataDir, "cert.pem"), cert);
  writeFileSync(join(dataDir, "key.pem"), key);
  return { certFile: join(dataDir, "cert.pem"), keyFile: join(dataDir, "key.pem"), dataDir, hostname: HOST };
}

/** The faults with the folder taken out of the names. */
async function faults(source: CertificateSource, now = NOW): Promise<string> {
  try {
    await ensureCertificate(source, () => now);
    return "none";
  } catch (error) {
    if (error instanceof SettingsError) return error.message.replaceAll(`${dataDir}/`, "");
    throw error;
  }
}

/** What a client that trusts `ca` alone sees. */
async function handshake(cert: string, key: string, servername: string, ca: string) {
  const server = createServer({ cert, key, minVersion: "TLSv1.2" }, (socket) => socket.end("hello"));
  server.on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const socket = connect({ port: (server.address() as AddressInfo).port, host: "127.0.0.1", servername, ca });
    const [octets] = (await Promise.race([
      once(socket, "data"),
      once(socket, "error").then(([error]) => Promise.reject(error as Error)),
    ])) as [Buffer];
    const protocol = socket.getProtocol();
    socket.destroy();
    return { hello: octets.toString(), protocol };
  } finally {
    server.close();
  }
}

describe("a certificate of our own", () => {
  test("is X.509 v3 for our name, and a client that trusts it completes a handshake", async () => {
    const { cert, key } = selfSigned(HOST, new Date());
    const x509 = new X509Certificate(cert);
    expect([x509.subject, x509.issuer, x509.subjectAltName, x509.ca]).toEqual([`CN=${HOST}`, `CN=${HOST}`, `DNS:${HOST}`, false]);
    expect([x509.checkHost(HOST), x509.checkHost("other.campus.example"), x509.keyUsage]).toEqual([HOST, undefined, ["1.3.6.1.5.5.7.3.1"]]);
    expect(x509.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: "prime256v1" });
    expect(x509.verify(x509.publicKey)).toBe(true);
    // The handshake is checked by the real clock, so this certificate is of now.
    expect(await handshake(cert, key, HOST, cert)).toEqual({ hello: "hello", protocol: "TLSv1.3" });
    await expect(handshake(cert, key, "other.campus.example", cert)).rejects.toThrow(/altnames/);
    await expect(handshake(cert, key, HOST, selfSigned(HOST, new Date()).cert)).rejects.toThrow(/self-signed|signature/);
  });

  test("for every host name and every date", () => {
    const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
    const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) =>
      labels
        .join(".")
        .slice(0, 250)
        .replace(/[-.]+$/, ""),
    );
    const date = fc.date({ min: new Date("1970-01-03"), max: new Date("2240-01-01"), noInvalidDate: true });
    fc.assert(
      fc.property(name, date, (hostname, at) => {
        const x509 = new X509Certificate(selfSigned(hostname, at).cert);
        const seconds = (when: Date) => Math.trunc(when.getTime() / 1000);
        return (
          x509.subjectAltName === `DNS:${hostname}` &&
          x509.verify(x509.publicKey) &&
          seconds(new Date(x509.validFrom)) === seconds(daysFrom(at, -1)) &&
          seconds(new Date(x509.validTo)) === seconds(daysFrom(at, 3650)) &&
          /^[0-9A-F]{32}$/.test(x509.serialNumber) // 16 octets, not negative, not padded
        );
      }),
      { numRuns: 100 },
    );
  });

  test("is made at the first start, for this account alone, and used again", async () => {
    const first = await ensureCertificate(own());
    expect(statSync(ownFile()).mode & 0o777).toBe(0o600);
    expect(statSync(join(dataDir, "tls")).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(dataDir, "tls"))).toEqual(["self-signed.pem"]);
    expect(first.selfSigned).toBe(true);
    const again = await ensureCertificate(own());
    expect([again.cert, again.key.reveal()]).toEqual([first.cert, first.key.reveal()]);
    expect(inspect(again, { depth: 9 })).not.toContain("PRIVATE KEY");
  });

  test("is made anew for another name, and 21 days before its end", async () => {
    const first = await ensureCertificate(own(), () => NOW);
    const end = first.expiresAt;
    expect((await ensureCertificate(own(), () => daysFrom(end, -21.001))).cert).toBe(first.cert);
    const second = await ensureCertificate(own(), () => daysFrom(end, -21));
    expect(second.cert).not.toBe(first.cert);
    const third = await ensureCertificate(own("mx.campus.example"), () => NOW);
    expect(new X509Certificate(third.cert).subjectAltName).toBe("DNS:mx.campus.example");
    expect(readdirSync(join(dataDir, "tls"))).toEqual(["self-signed.pem"]);
  });

  test("is one and the same for processes that start at once", async () => {
    const script = `
      import { ensureCertificate } from ${JSON.stringify(resolve("src/config/certificate.ts"))};
      const source = { certFile: null, keyFile: null, dataDir: process.argv[1], hostname: "${HOST}" };
      const all = await Promise.all(Array.from({ length: 8 }, () => ensureCertificate(source)));
      console.log(JSON.stringify([...new Set(all.map((each) => each.cert + each.key.reveal()))]));`;
    const start = () => promisify(execFile)(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script, dataDir]);
    const outputs = await Promise.all([start(), start(), start()]);
    const made = new Set(outputs.flatMap(({ stdout }) => JSON.parse(stdout) as string[]));
    expect(made.size).toBe(1);
    expect(readdirSync(join(dataDir, "tls"))).toEqual(["self-signed.pem"]);
  });

  test("that is damaged is a fault; nobody's file is overwritten", async () => {
    const { cert, key } = selfSigned(HOST, NOW);
    mkdirSync(join(dataDir, "tls"));
    for (const [text, said] of [
      [
        "",
        "tls/self-signed.pem: holds no certificate; it must be PEM: -----BEGIN CERTIFICATE-----\ntls/self-signed.pem: holds no private key; it must be PEM: -----BEGIN PRIVATE KEY-----",
      ],
      [key, "tls/self-signed.pem: holds no certificate; it must be PEM: -----BEGIN CERTIFICATE-----"],
      [cert, "tls/self-signed.pem: holds no private key; it must be PEM: -----BEGIN PRIVATE KEY-----"],
      [
        key + selfSigned(HOST, NOW).cert,
        "tls/self-signed.pem: the key is not the one of the certificate; it must belong to tls/self-signed.pem",
      ],
    ] as const) {
      writeFileSync(ownFile(), text);
      expect(await faults(own())).toBe(said);
      expect(readFileSync(ownFile(), "utf8")).toBe(text);
    }
  });

  test("where nothing can be written the file is named", async () => {
    writeFileSync(join(dataDir, "tls"), "");
    expect(await faults(own())).toBe("tls/self-signed.pem: cannot be read (ENOTDIR)");
    expect(await faults({ ...own(), dataDir: "/sys/none" })).toMatch(
      /^\/sys\/none\/tls\/self-signed.pem: cannot be made \((?:EPERM|EACCES|EROFS)\); make data_dir writable, or set tls.cert and tls.key$/,
    );
  });
});

describe("a certificate from files", () => {
  const { cert, key } = selfSigned(HOST, NOW);
  const other = selfSigned(HOST, NOW);

  test("a good pair, with a chain, with words around it, with CRLF", async () => {
    expect(await ensureCertificate(given(cert, key), () => NOW)).toMatchObject({ cert, selfSigned: true });
    const chain = await ensureCertificate(given(`for mail\n${cert}${other.cert}`, key), () => NOW);
    expect(new X509Certificate(chain.cert).raw).toEqual(new X509Certificate(cert).raw);
    expect(await faults(given(cert.replaceAll("\n", "\r\n"), key.replaceAll("\n", "\r\n")))).toBe("none");
  });

  test("both files' faults are said together", async () => {
    expect(await faults(given("", ""))).toBe(
      "cert.pem: holds no certificate; it must be PEM: -----BEGIN CERTIFICATE-----\nkey.pem: holds no private key; it must be PEM: -----BEGIN PRIVATE KEY-----",
    );
  });

  test("a key that does not belong, a chain in the wrong order", async () => {
    expect(await faults(given(cert, other.key))).toBe("key.pem: the key is not the one of the certificate; it must belong to cert.pem");
    expect(await faults(given(other.cert + cert, key))).toBe(
      "cert.pem: our own certificate is not the first of the chain; put it above those of the authorities",
    );
    expect(await faults(given(key, cert))).toBe(
      "cert.pem: holds no certificate; it must be PEM: -----BEGIN CERTIFICATE-----\nkey.pem: holds no private key; it must be PEM: -----BEGIN PRIVATE KEY-----",
    );
  });

  test("at the very ends of its time", async () => {
    const x509 = new X509Certificate(cert);
    const [from, to] = [new Date(x509.validFrom), new Date(x509.validTo)];
    const second = 1000;
    expect(await faults(given(cert, key), new Date(to.getTime() - second))).toBe("none");
    expect(await faults(given(cert, key), to)).toBe("cert.pem: the certificate expired at 2036-05-29 12:00 UTC; renew it");
    expect(await faults(given(cert, key), from)).toBe("none");
    expect(await faults(given(cert, key), new Date(from.getTime() - second))).toBe(
      "cert.pem: the certificate is not valid before 2026-05-31 12:00 UTC; is this machine's clock right?",
    );
  });

  test("damaged, encrypted, too weak", async () => {
    const cut = (pem: string) => pem.replace(/\n.{20}/, "\n");
    expect(await faults(given(cut(cert), key))).toBe("cert.pem: certificate 1 of 1 is damaged");
    expect(await faults(given(cert + cut(other.cert), key))).toBe("cert.pem: certificate 2 of 2 is damaged");
    expect(await faults(given(cert, cut(key)))).toBe("key.pem: the private key is damaged");
    const encrypted = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({
      type: "pkcs8",
      format: "pem",
      cipher: "aes-256-cbc",
      passphrase: "hunter2",
    });
    expect(await faults(given(cert, encrypted))).toBe(
      "key.pem: the key is encrypted, and nobody can be asked for its password; store it without one, readable by this account only",
    );
    expect(await faults(given(WEAK_CERTIFICATE, WEAK_KEY), new Date("2030-01-01"))).toBe(
      "cert.pem: cannot be used for TLS (ee key too small)",
    );
  });

  test("files that are none", async () => {
    expect(await faults(given(Buffer.alloc(1_048_577), key))).toBe(
      "cert.pem: has 1048577 octets, and no certificate or key needs more than 1048576; name a PEM file",
    );
    expect(await faults({ ...given(cert, key), certFile: "/dev/zero" })).toBe("/dev/zero: is not a regular file; name a PEM file");
    expect(await faults({ ...given(cert, key), keyFile: dataDir })).toMatch(/is not a regular file/);
    expect(await faults({ ...given(cert, key), keyFile: join(dataDir, "none.pem") })).toBe("none.pem: does not exist");
  });

  test("whatever the files hold, the answer is a certificate or a SettingsError", async () => {
    const piece = fc.constantFrom(
      "-----BEGIN CERTIFICATE-----\n",
      "-----END CERTIFICATE-----\n",
      "-----BEGIN PRIVATE KEY-----\n",
      "-----END PRIVATE KEY-----\n",
      cert,
      key,
      "MIIB",
      "\0",
      "é",
    );
    const text = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(""));
    await fc.assert(
      fc.asyncProperty(text, text, async (a, b) => typeof (await faults(given(a, b))) === "string"),
      { numRuns: 100 },
    );
  });

  test("a file this account may not read", async () => {
    if (process.getuid?.() === 0) {
      expect(await faults(given(cert, key))).toBe("none"); // root may read everything: nothing to see here
      return;
    }
    const source = given(cert, key);
    chmodSync(join(dataDir, "key.pem"), 0);
    expect(await faults(source)).toBe("key.pem: cannot be read (EACCES); the account that runs mailroom must be able to read it");
  });
});

/** RSA of 512 bits, until 2126, made for this test. */
const WEAK_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBlTCCAT+gAwIBAgIUDfm9SMTIPGL0CNpnxtwTDYz+PaEwDQYJKoZIhvcNAQEL
BQAwHjEcMBoGA1UEAwwTbWFpbC5jYW1wdXMuZXhhbXBsZTAgFw0yNjExMjUwNDI1
MTJaGA8yMTI2MTEwMTA0MjUxMlowHjEcMBoGA1UEAwwTbWFpbC5jYW1wdXMuZXhh
bXBsZTBcMA0GCSqGSIb3DQEBAQUAA0sAMEgCQQD3WDvUcDJ1fJeOO8TjOD349o36
kwkTh8hvQiiAG09pHFNtsXi7FRVP5s8KvLdfWcZcJei6FWh3O/Ehr2TCU3K/AgMB
AAGjUzBRMB0GA1UdDgQWBBRX+nhsEJnaPfObK65zxCTM2UsT2DAfBgNVHSMEGDAW
gBRX+nhsEJnaPfObK65zxCTM2UsT2DAPBgNVHRMBAf8EBTADAQH/MA0GCSqGSIb3
DQEBCwUAA0EA4AqjHlvlvy93HztUO7tdtJbri96tJmiUZ5rPXmEcZp/h7pnhYxG8
9t+VmStdpNGhzGO/6HmDbX+yQmXX+kScMA==
-----END CERTIFICATE-----
`;
const WEAK_KEY = `-----BEGIN PRIVATE KEY-----
MIIBVgIBADANBgkqhkiG9w0BAQEFAASCAUAwggE8AgEAAkEA91g71HAydXyXjjvE
4zg9+PaN+pMJE4fIb0IogBtPaRxTbbF4uxUVT+bPCry3X1nGXCXouhVodzvxIa9k
wlNyvwIDAQABAkEAmUNqJ1OyYIxoWLD+ahEyjW8xQMAVUq3Da/VhpSfHCAhWbGPd
AqBgWc+SCXu49pn8IY8GbdFimKXnYUY3Q+0eIQIhAPw+7itXRapvLfE1/fjufWJ8
jiFlwYVopWgPrDChTcMvAiEA+wahM4pRrXjqEGbMVSLuUGwNQqzEmai327pBvHI9
pXECIE7r/abP2ns16AD1bK4rKE3dPLcUWFU+ZapGZRCeF29/AiEA5hvRsZld/hMV
HSveqzx2ESq7jR8qqWDMCZPXppNih0ECIQD4sx3TT/Z1i0ouKNcenecnEettTAjA
0T38aPhtPs1s7g==
-----END PRIVATE KEY-----
`;
