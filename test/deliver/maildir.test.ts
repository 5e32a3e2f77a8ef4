import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { maildirOf } from "../../src/deliver/maildir.ts";
import { claimed, mailbox, startDeliverer } from "../support/deliveries.ts";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "maildir-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

test("a copy lies in new, whole, and nothing in tmp", async () => {
  const { deliverer, settled, until } = startDeliverer({ "*": { kind: "maildir", path: `${root}/{domain}/{local}`, url: "maildir:" } });
  deliverer.accept(claimed(["bob@x.test", "eve@y.test"], "Subject: x\r\n\r\n.dot\r\n"));
  await until(2);
  for (const dir of ["x.test/bob", "y.test/eve"]) {
    const [name = ""] = await readdir(join(root, dir, "new"));
    const text = await readFile(join(root, dir, "new", name), "latin1");
    expect(text).toBe("Return-Path: <ann@campus.test>\r\nReceived: from here\r\nSubject: x\r\n\r\n.dot\r\n");
    expect((await stat(join(root, dir, "new", name))).mode & 0o777).toBe(0o600);
    expect(await readdir(join(root, dir, "tmp"))).toEqual([]);
  }
  expect(settled.map((s) => s.verdict.kind)).toEqual(["relayed", "relayed"]);
  await deliverer.drain();
});

test("no local part leads out of the pattern", () => {
  const at = (localPart: string) => maildirOf("/m/{domain}/{local}", { localPart, domain: "x.test", key: "" });
  expect(at("../../etc/passwd")).toBe("/m/x.test/%2E.%2F..%2Fetc%2Fpasswd");
  expect(at("..")).toBe("/m/x.test/%2E.");
  expect(at("a\0b")).toBe("/m/x.test/a%00b");
  expect(at("{domain}")).toBe("/m/x.test/%7Bdomain%7D");
  expect(at("%2E")).toBe("/m/x.test/%252E");
  expect(maildirOf("/m/{local}", mailbox("ann+tag@x.test"))).toBe("/m/ann+tag");
});
