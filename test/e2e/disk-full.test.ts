/** The volume of the data directory runs full while mail comes in: nobody is told 250 for what is not stored, and all of it goes on with room. */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Client } from "../receive/client.ts";
import { testDirectory } from "../support/directory.ts";
import { eventually } from "../support/eventually.ts";
import { mailsIn } from "../support/maildir.ts";
import { type Mailroom, startMailroom } from "../support/mailroom.ts";

const folder = await testDirectory();
const volume = join(folder.path, "volume");
mkdirSync(volume);
const mounted = mount(volume);
if (!mounted) await folder.remove(); // nothing below runs then

/** A volume of its own, small enough to fill. */
function mount(path: string): boolean {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=256m,mode=755", "tmpfs", path], { stdio: "pipe" });
    return true;
  } catch {
    return false;
  }
}

/** Zeroes up to the last octet; the server may have taken some of the room meanwhile. */
function fill(path: string): void {
  const { bavail, bsize } = statfsSync(volume);
  try {
    writeFileSync(path, Buffer.alloc(bavail * bsize));
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe("ENOSPC");
  }
}

const content = (subject: string, size: number) => `Subject: ${subject}\r\n\r\n${"full to the brim\r\n".repeat(Math.ceil(size / 18))}.\r\n`;

/** One message after the other, each on a new connection, until `stop`: which were acknowledged, and every other answer. */
function startStream(port: () => number, name: string, size: number) {
  const acknowledged: string[] = [];
  const refusals: string[] = [];
  let stopped = false;
  const send = async (subject: string): Promise<void> => {
    const client = await Client.greeted(port());
    const reply = await client.transact(content(subject, size), "ann@campus.example", "out@elsewhere.example");
    if (reply.startsWith("250")) acknowledged.push(subject);
    else refusals.push(reply);
    client.close();
  };
  const running = (async () => {
    for (let n = 0; !stopped; n++) await send(`${name}-${n}`);
  })();
  const stop = () => {
    stopped = true;
    return running;
  };
  return { acknowledged, refusals, stop };
}

describe.skipIf(!mounted).each([
  ["that the server sees coming", "2 GiB"],
  ["that comes as a surprise", "0 B"],
])("a full disk %s (needs root, who can mount a small volume)", (_, freeSpace) => {
  let mailroom: Mailroom;
  const maildir = join(folder.path, `mail-${freeSpace.length}`);
  const arrived = () => new Set(mailsIn(join(maildir, "ann")).map((copy) => /^Subject: (\S+)/m.exec(copy.toString("latin1"))?.[1]));

  beforeAll(async () => {
    mkdirSync(maildir);
    chmodSync(maildir, 0o777);
    const env = { MAILROOM_DATA_DIR: join(volume, "data"), MAILROOM_QUEUE_RETRY: "1s", MAILROOM_DATABASE_FREE_SPACE: freeSpace };
    mailroom = await startMailroom({ env });
    for (const args of [
      ["domain", "add", "campus.example"],
      ["alias", "set", "ann@campus.example", "--to", "ann@mbx.campus.example"],
      ["route", "set", "mbx.campus.example", `maildir:${maildir}/{local}`],
    ]) {
      const { code, output } = await mailroom.cli(...args);
      expect(code, output).toBe(0);
    }
  }, 120_000);
  afterAll(async () => {
    await mailroom?.remove();
    rmSync(join(volume, "data"), { recursive: true, force: true });
  }, 60_000);

  it("acknowledges nothing that it cannot store, and goes on by itself when there is room", async () => {
    const streams = [startStream(() => mailroom.smtpPort, "small", 300), startStream(() => mailroom.smtpPort, "large", 400_000)];
    await eventually(() => expect(arrived().size).toBeGreaterThan(5));
    fill(join(volume, "ballast"));
    await eventually(() => expect(streams.map(({ refusals }) => refusals.length > 3)).toEqual([true, true]));
    expect((await fetch(`${mailroom.http}/livez`)).status).toBe(200);

    rmSync(join(volume, "ballast"));
    const before = streams.map(({ acknowledged }) => acknowledged.length);
    await eventually(() => expect(streams.map(({ acknowledged }, i) => acknowledged.length > (before[i] ?? 0))).toEqual([true, true]));
    await Promise.all(streams.map(({ stop }) => stop()));
    const refusals = streams.flatMap((stream) => stream.refusals);
    for (const reply of refusals) expect(reply).toMatch(/^(452 4\.3\.1|451 4\.3\.[02]|421 4\.3\.[02]) /); // Postgres may stop when its log has no room
    expect(refusals.join("\n")).toMatch(/^452 4\.3\.1 /m);
    await eventually(() => expect(arrived()).toEqual(new Set(streams.flatMap(({ acknowledged }) => acknowledged))));
  }, 120_000);
});

afterAll(async () => {
  execFileSync("umount", [volume]);
  await folder.remove();
});
