import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, mkdir, open, rename, unlink } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import type { Mailbox } from "../mail/mailbox.ts";

const TOGETHER = 65_536;

/** A folder name may hold these as they are. All else, and a dot in front, is written %XX; as `%` itself is, no two mailboxes share a folder. */
const SAFE = /[A-Za-z0-9_=@+.~-]/;

/**
 * The Maildir of a mailbox: `{local}` and `{domain}` in the path of a route stand for its halves, made safe for a file name:
 * no slash, no `..`, no NUL, nothing hidden. A path without them is one Maildir for all; a relative one starts where the process does.
 */
export function maildirOf(pattern: string, mailbox: Mailbox): string {
  return pattern.replace(/\{(local|domain)\}/g, (_, half) => safeName(half === "local" ? mailbox.localPart : mailbox.domain));
}

function safeName(text: string): string {
  let name = "";
  for (const octet of Buffer.from(text, "utf8")) {
    const letter = String.fromCharCode(octet);
    const plain = SAFE.test(letter) && !(letter === "." && name === "");
    name += plain ? letter : `%${octet.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return name === "" ? "%" : name;
}

let sequence = 0;
const host = hostname().replace(/[/:,]/g, (letter) => `\\${letter.charCodeAt(0).toString(8).padStart(3, "0")}`);

/** Maildir's unique name: time, microseconds, process, a count, chance, the host; and the size, which Dovecot reads from it. `now` in ms since 1970. */
function uniqueName(now: number, size: number): string {
  const micros = String(Math.trunc((now % 1000) * 1000)).padStart(6, "0");
  const chance = randomBytes(4).toString("hex"); // containers may share a host name, a process number and a disk
  return `${Math.trunc(now / 1000)}.M${micros}P${process.pid}Q${++sequence}R${chance}.${host},S=${size}`;
}

/**
 * Writes one message into a Maildir so that it is there whole or not at all, whatever dies: tmp, write, fsync, rename into new, fsync
 * of new. Folders are made on first use, 0700; the file is 0600. Rejects with the system's error (its `code`) or the content's.
 */
export async function writeMaildir(
  dir: string,
  prefix: Buffer,
  content: AsyncIterable<Buffer> | readonly Buffer[],
  size: number,
  now: number,
): Promise<void> {
  const name = uniqueName(now, prefix.length + size);
  const temporary = join(dir, "tmp", name);
  const file = await openNew(dir, temporary);
  try {
    try {
      await writeAll(file, prefix, content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, join(dir, "new", name));
  } catch (error) {
    await unlink(temporary).catch(() => undefined); // left there it is harmless: readers remove it after 36 hours
    throw error;
  }
  await syncFolder(join(dir, "new"));
}

/** Small pieces go together: most messages are one write. */
async function writeAll(file: FileHandle, prefix: Buffer, content: AsyncIterable<Buffer> | readonly Buffer[]): Promise<void> {
  let waiting = prefix;
  for await (const piece of content) {
    if (waiting.length + piece.length <= TOGETHER) waiting = Buffer.concat([waiting, piece]);
    else {
      await write(file, waiting);
      waiting = piece;
    }
  }
  await write(file, waiting);
}

async function write(file: FileHandle, octets: Buffer): Promise<void> {
  for (let at = 0; at < octets.length; ) at += (await file.write(octets, at)).bytesWritten;
}

async function openNew(dir: string, path: string): Promise<FileHandle> {
  const create = () => open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    return await create();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  for (const folder of ["tmp", "new", "cur"]) await makeFolder(join(dir, folder));
  return create();
}

/**
 * A folder and what is missing above it, each made durable by the one above. Not mkdir's `recursive`: where a parent is there and yet
 * refuses with ENOENT, as /proc does, that never returns and keeps a thread busy.
 */
async function makeFolder(path: string): Promise<void> {
  const make = () =>
    mkdir(path, 0o700).catch((error: NodeJS.ErrnoException) => (error.code === "EEXIST" ? undefined : Promise.reject(error)));
  try {
    await make();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || dirname(path) === path) throw error;
    await makeFolder(dirname(path));
    await make();
  }
  await syncFolder(dirname(path));
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
