/**
 * Copies that stayed on this machine, read from the Maildirs below one folder. A name in a request is looked for among what is there and never
 * becomes a path.
 */
import { createHash } from "node:crypto";
import { constants, type Dirent } from "node:fs";
import { open, readdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { simpleParser } from "mailparser";
import { fieldsNamed, fieldText, type Header, readHeader } from "../mail/header.ts";
import { subjectOf } from "../mail/header-facts.ts";

/** A copy by its file. `id` stands for it in requests. */
export type Copy = {
  readonly id: string;
  readonly path: string;
  readonly size: number;
  /** Sorts by arrival: seconds and microseconds. */
  readonly arrived: string;
  readonly arrivedAt: string;
  /** Of the final mailbox, by the folders' names. The domain is not known where all mailboxes are of one. */
  readonly local: string;
  readonly domain: string | null;
};

/** How far below the folder Maildirs are looked for: `elsewhere/domain/local`. */
const DEEPEST = 3;
/** More files than a demo makes; the oldest are left out. */
const MOST_COPIES = 50_000;
const HEADER_OCTETS = 64 * 1024;
/** Larger copies are only downloaded. */
export const READABLE_OCTETS = 10 * 1024 * 1024;

/** All copies, newest first. `localDomain`: of the mailboxes right below the folder, if anybody knows. */
export async function listCopies(root: string, localDomain: string | null = null): Promise<readonly Copy[]> {
  const found: Copy[] = [];
  await collect(root, [], found);
  const copies = found.map((copy) => (copy.domain === null ? { ...copy, domain: localDomain } : copy));
  return copies.sort((a, b) => (a.arrived < b.arrived ? 1 : a.arrived > b.arrived ? -1 : a.id < b.id ? -1 : 1)).slice(0, MOST_COPIES);
}

export async function copyById(root: string, localDomain: string | null, id: string): Promise<Copy | null> {
  return (await listCopies(root, localDomain)).find((copy) => copy.id === id) ?? null;
}

/** Removes these copies; gives how many there were. */
export async function removeCopies(copies: readonly Copy[]): Promise<number> {
  let removed = 0;
  for (const { path } of copies)
    removed += await unlink(path).then(
      () => 1,
      (error: NodeJS.ErrnoException) => (error.code === "ENOENT" ? 0 : Promise.reject(error)),
    );
  return removed;
}

async function collect(folder: string, names: readonly string[], copies: Copy[]): Promise<void> {
  const entries = (await entriesOf(folder)).filter((entry) => entry.isDirectory());
  const isMaildir = ["new", "cur", "tmp"].every((part) => entries.some(({ name }) => name === part));
  if (isMaildir) {
    for (const part of ["new", "cur"])
      for (const entry of await entriesOf(join(folder, part))) if (entry.isFile()) take(folder, part, entry.name, names, copies);
    return;
  }
  if (names.length < DEEPEST) for (const { name } of entries) await collect(join(folder, name), [...names, name], copies);
}

/** Links are not followed: a Dirent tells what the name itself is. */
async function entriesOf(folder: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** As deliver/maildir.ts names them: seconds, microseconds, and the size. */
const NAME = /^(\d{9,11})\.M(\d{6})P\d+Q\d+R[0-9a-f]+\..*?,S=(\d+)(?::2,[A-Za-z]*)?$/;

function take(folder: string, part: string, name: string, names: readonly string[], copies: Copy[]): void {
  const [, seconds, micros = "", size] = NAME.exec(name) ?? [];
  if (seconds === undefined) return;
  const [local = "", domain = null] = names.toReversed().slice(0, 2);
  copies.push({
    id: createHash("sha256")
      .update([...names, name.replace(/:2,.*$/, "")].join("/"))
      .digest("base64url")
      .slice(0, 22),
    path: join(folder, part, name),
    size: Number(size),
    arrived: `${seconds.padStart(11, "0")}${micros}`,
    arrivedAt: new Date(Number(seconds) * 1000 + Number(micros) / 1000).toISOString(),
    local: decoded(local),
    domain: domain === null || !domain.includes(".") ? null : decoded(domain),
  });
}

/** Folders' names as maildirOf() writes them. */
function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

export type CopyFacts = {
  readonly from: string;
  readonly subject: string;
  readonly forward_path: string | null;
  readonly queue_id: string | null;
};

/** What the header says. Null: somebody removed the copy meanwhile. */
export async function factsOf(copy: Copy): Promise<CopyFacts | null> {
  const octets = await readUpTo(copy, HEADER_OCTETS);
  if (octets === null) return null;
  const read = readHeader(octets);
  if (!read.ok) return { from: "", subject: "", forward_path: null, queue_id: null };
  const { header } = read;
  return {
    from: wordsDecoded(first(header, "from")),
    subject: wordsDecoded(subjectOf(header)),
    forward_path: first(header, "delivered-to").replace(/^<|>$/g, "") || null,
    queue_id: /\bid ([0-9A-Za-z]{1,12})\b/.exec(first(header, "received"))?.[1] ?? null,
  };
}

const first = (header: Header, name: string): string => {
  const [field] = fieldsNamed(header, name);
  return field === undefined ? "" : fieldText(field).slice(0, 500);
};

/** Encoded words (RFC 2047) in UTF-8 and Latin letters are read; others stay as they are. */
const wordsDecoded = (text: string): string =>
  text
    .replace(/(=\?[^?\s]+\?[BQ]\?[^?\s]*\?=)\s+(?==\?)/gi, "$1")
    .replace(/=\?(utf-8|us-ascii|iso-8859-1)\?([BQ])\?([^?\s]*)\?=/gi, (_, charset: string, kind: string, word: string) => {
      const octets = kind.toUpperCase() === "B" ? Buffer.from(word, "base64") : quoted(word);
      return octets.toString(charset.toLowerCase() === "iso-8859-1" ? "latin1" : "utf8");
    });

const quoted = (word: string): Buffer =>
  Buffer.from(
    word.replaceAll("_", " ").replace(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    "latin1",
  );

/** At most `most` octets from the beginning; null: it is gone. */
export async function readUpTo({ path }: Copy, most: number): Promise<Buffer<ArrayBuffer> | null> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      const octets = Buffer.alloc(Math.min(most, (await file.stat()).size));
      let at = 0;
      for (let read = 1; read > 0 && at < octets.length; at += read) ({ bytesRead: read } = await file.read(octets, at));
      return octets.subarray(0, at);
    } finally {
      await file.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

export type ParsedCopy = {
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly text: string;
  readonly html: string | null;
  readonly attachments: readonly { readonly name: string; readonly type: string; readonly size: number }[];
};

/** Of a very long text this much is shown. */
const TEXT_CHARACTERS = 200_000;

/** The parts of a message; its header as it came. Rejects with what the parser says of one it cannot read. */
export async function parseCopy(octets: Buffer): Promise<ParsedCopy> {
  const { text, html, attachments } = await simpleParser(octets, { skipHtmlToText: true, skipTextToHtml: true, skipImageLinks: true });
  const read = readHeader(octets);
  return {
    headers: read.ok
      ? read.header.fields.slice(0, 500).map((field) => ({ name: nameOf(field.raw), value: fieldText(field).slice(0, 4000) }))
      : [],
    text: (text ?? "").slice(0, TEXT_CHARACTERS),
    html: typeof html === "string" ? html : null,
    attachments: attachments.slice(0, 100).map(({ filename, contentType, size }) => ({ name: filename ?? "", type: contentType, size })),
  };
}

const nameOf = (raw: Buffer): string => raw.toString("latin1", 0, raw.indexOf(":")).trim();
