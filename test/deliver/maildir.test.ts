import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { maildirOf } from "../../src/deliver/maildir.ts";
import type { Mailbox } from "../../src/mail/mailbox.ts";
import { claimed, fromDatabase, mailbox, startDeliverer, type Trial } from "../support/deliveries.ts";

let root = "";
let trial: Trial;
const toMaildir = (path = `${root}/{domain}/{local}`): Trial => {
  trial = startDeliverer({ "*": { kind: "maildir", path, url: `maildir:${path}` } });
  return trial;
};
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "maildir-"));
});
afterEach(async () => {
  await trial.deliverer.drain();
  await rm(root, { recursive: true, force: true });
});

/** The copies in a Maildir, and what lies in tmp. */
async function inside(dir: string): Promise<{ copies: string[]; leftOvers: string[] }> {
  const names = await readdir(join(root, dir, "new"));
  return {
    copies: await Promise.all(names.map((name) => readFile(join(root, dir, "new", name), "latin1"))),
    leftOvers: await readdir(join(root, dir, "tmp")),
  };
}
const local = "deferred local";
const ends = () => trial.settled.map(({ verdict }) => (verdict.kind === "relayed" ? verdict.kind : `${verdict.kind} ${verdict.scope}`));

test("a copy lies in new, whole, private, and nothing in tmp", async () => {
  const { deliverer, until } = toMaildir();
  const content = "Subject: x\r\n\r\n.dot\r\n";
  deliverer.accept(claimed(["bob@x.test", "eve@y.test"], content));
  deliverer.accept(
    claimed(["fritz@x.test"], content, { from: null, content: fromDatabase([...Buffer.from(content)].map((o) => Buffer.from([o]))) }),
  );
  await until(3);
  for (const [dir, from] of [
    ["x.test/bob", "ann@campus.test"],
    ["y.test/eve", "ann@campus.test"],
    ["x.test/fritz", ""],
  ] as const) {
    expect(await inside(dir)).toEqual({ copies: [`Return-Path: <${from}>\r\nReceived: from here\r\n${content}`], leftOvers: [] });
    const [name = ""] = await readdir(join(root, dir, "new"));
    expect(name).toMatch(/^\d{10}\.M\d{6}P\d+Q\d+R[0-9a-f]{8}\.[^/:,]+,S=\d+$/);
    const { size, mode } = await stat(join(root, dir, "new", name));
    expect([name.endsWith(`,S=${size}`), mode & 0o777]).toEqual([true, 0o600]);
    expect((await stat(join(root, dir, "cur"))).mode & 0o777).toBe(0o700);
  }
  expect(ends()).toEqual(["relayed", "relayed", "relayed"]);
});

test("many at once into one Maildir keep apart", async () => {
  const { deliverer, until } = toMaildir(`${root}/all`);
  for (let n = 0; n < 100; n++) deliverer.accept(claimed([`m${n}@x.test`, `m${n}@y.test`], `N: ${n}\r\n\r\n`));
  await until(200);
  const { copies, leftOvers } = await inside("all");
  expect(new Set(copies).size).toBe(100);
  expect([copies.length, leftOvers.length]).toEqual([200, 0]);
});

describe("trouble keeps the mail, and leaves nothing half written", () => {
  test("content that breaks off", async () => {
    const { deliverer, until } = toMaildir();
    const pieces = [Buffer.from("A: b\r\n\r\nfirst\r\n"), Buffer.from("second\r\n")];
    deliverer.accept(
      claimed(["bob@x.test"], Buffer.concat(pieces), { content: fromDatabase(pieces, () => Promise.reject(new Error("damaged"))) }),
    );
    await until(1);
    expect(ends()).toEqual([local]);
    expect(await inside("x.test/bob")).toEqual({ copies: [], leftOvers: [] });
  });

  test("a file where a folder should be", async () => {
    await writeFile(join(root, "x.test"), "");
    const { deliverer, until } = toMaildir();
    deliverer.accept(claimed(["bob@x.test", "eve@y.test"]));
    await until(2);
    const [bob, eve] = ["bob@x.test", "eve@y.test"].map(
      (to) => trial.settled.find(({ recipient }) => recipient.finalRecipient.key === to)?.verdict,
    );
    expect(bob).toMatchObject({
      kind: "deferred",
      scope: "local",
      reply: { code: 451, enhancedStatus: "4.3.0", text: expect.stringContaining("ENOTDIR") },
    });
    expect(eve?.kind).toBe("relayed");
  });

  test("no right to write", async () => {
    const asRoot = process.geteuid?.() === 0;
    await mkdir(join(root, "x.test"), { mode: 0o500 });
    const path = asRoot ? "/proc/{domain}/{local}" : `${root}/{domain}/{local}`; // root may write anywhere but there
    const { deliverer, until } = toMaildir(path);
    deliverer.accept(claimed(["bob@x.test"]));
    await until(1);
    expect(ends()).toEqual([local]);
  });

  test.skipIf(process.geteuid?.() !== 0)("a full disk (needs root, to mount a small one)", async () => {
    const disk = join(root, "disk");
    await mkdir(disk);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=128k", "tmpfs", disk]);
    try {
      const { deliverer, until } = toMaildir(`${disk}/{local}`);
      deliverer.accept(claimed(["bob@x.test"], Buffer.from("0123456789abcdef\r\n".repeat(20_000))));
      await until(1);
      expect(trial.settled[0]?.verdict).toMatchObject({ kind: "deferred", scope: "local", reply: { code: 452, enhancedStatus: "4.3.1" } });
      expect(await inside("disk/bob")).toEqual({ copies: [], leftOvers: [] });
      deliverer.accept(claimed(["bob@x.test"])); // the space is free again
      await until(2);
      expect(trial.settled[1]?.verdict.kind).toBe("relayed");
    } finally {
      execFileSync("umount", [disk]);
    }
  });
});

describe("names", () => {
  const at = (localPart: string): string => maildirOf("/m/{domain}/{local}", { localPart, domain: "x.test", key: "" });
  beforeEach(() => toMaildir());

  test.each([
    ["ann", "/m/x.test/ann"],
    ["ann+tag.x_y=z", "/m/x.test/ann+tag.x_y=z"],
    ["../../etc/passwd", "/m/x.test/%2E.%2F..%2Fetc%2Fpasswd"],
    ["..", "/m/x.test/%2E."],
    [".hidden", "/m/x.test/%2Ehidden"],
    ["a\0b", "/m/x.test/a%00b"],
    ["a b\\c", "/m/x.test/a%20b%5Cc"],
    ["\u00fc", "/m/x.test/%C3%BC"],
    ["{domain}", "/m/x.test/%7Bdomain%7D"],
    ["$&", "/m/x.test/%24%26"],
    ["%2E", "/m/x.test/%252E"],
  ])("%j becomes %s", (localPart, expected) => expect(at(localPart)).toBe(expected));

  test("no local part leaves its place, and no two share one", () => {
    const part = fc.oneof(
      fc.string({ unit: "binary", maxLength: 64 }),
      fc.string({ unit: fc.constantFrom(".", "/", "%", "2", "E", "\0", "a"), maxLength: 12 }),
    );
    fc.assert(
      fc.property(part, part, (one, other) => {
        const path = at(one);
        expect(dirname(path)).toBe("/m/x.test");
        expect(basename(path)).toMatch(/^[^./\0][^/\0]*$/);
        const same = Buffer.from(one).equals(Buffer.from(other));
        expect(path === at(other)).toBe(same);
      }),
      { numRuns: 2000 },
    );
  });

  test("hostile recipients stay inside the root, end to end", async () => {
    const evil = (localPart: string): Mailbox => ({ localPart, domain: "x.test", key: `${localPart}@x.test` });
    const { deliverer, until } = toMaildir(`${root}/{local}`);
    const parts = ["../escape", "..", ".", "a/b", "/abs", "x".repeat(64), "\u00fc".repeat(32)];
    for (const part of parts) deliverer.accept(claimed(["a@x.test"], undefined, { recipient: () => ({ finalRecipient: evil(part) }) }));
    await until(parts.length);
    expect(new Set(ends())).toEqual(new Set(["relayed"]));
    expect(await readdir(root)).toHaveLength(parts.length);
    expect(await readdir(dirname(root))).not.toContain("escape");
  });

  test("the mailbox of an alias's target is used as it is", () => {
    expect(maildirOf("/m/{local}", mailbox("Ann@x.test"))).toBe("/m/Ann");
  });
});
