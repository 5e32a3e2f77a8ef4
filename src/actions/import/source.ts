/** The file an import reads: opened once, its encoding guessed from all of it, its octets given in pieces. */
import { constants, type FileHandle, open } from "node:fs/promises";
import { Refusal } from "../refusal.ts";

export const ENCODINGS = ["utf-8", "utf-16le", "utf-16be", "windows-1252"] as const;
export type Encoding = (typeof ENCODINGS)[number];

export type Source = {
  readonly path: string;
  /** Octets. */
  readonly size: number;
  readonly encoding: Encoding;
  /** The first characters, for guessing what is in it. */
  readonly beginning: string;
  /** The whole text in pieces, from the start, as often as it is asked for; `read` hears how many octets were read so far. */
  text(read?: (octets: number) => void): AsyncGenerator<string>;
  close(): Promise<void>;
};

/** Read at a time. 256 KiB: larger pieces gain nothing and only cost memory. */
const PIECE = 256 * 1024;

/** Octets at hand: a file's, or those of an upload. */
type Octets = {
  readonly size: number;
  readonly read: (position: number, length: number) => Promise<Buffer>;
  readonly close: () => Promise<void>;
};

/**
 * Opens a file to import. Refuses what is no regular file (a pipe cannot be read twice, a device never ends) and what is no text.
 * Node's own errors (no such file, not allowed) come through as they are.
 */
export async function openSource(path: string, encoding?: Encoding): Promise<Source> {
  // Without O_NONBLOCK opening a FIFO that nobody writes to would wait for ever.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error) => Promise.reject(withPath(error, path)));
  try {
    const stat = await file.stat();
    if (stat.isDirectory()) throw new Refusal("badData", `${path} is a directory`, "Name a file.");
    if (!stat.isFile()) throw new Refusal("badData", `${path} is no regular file`, "Save what it gives in a file and import that.");
    return await sourceOf(octetsOf(file, stat.size), path, encoding);
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** The same of an upload, by the name it had. */
export const uploadSource = (octets: Buffer, name: string, encoding?: Encoding): Promise<Source> =>
  sourceOf(
    {
      size: octets.length,
      read: async (position, length) => octets.subarray(position, position + length),
      close: async () => undefined,
    },
    name,
    encoding,
  );

async function sourceOf(octets: Octets, path: string, encoding?: Encoding): Promise<Source> {
  const guessed = await guessEncoding(octets, path);
  const decided = encoding ?? guessed;
  const first = await piecesOf(octets, 0, Math.min(octets.size, PIECE)).next();
  const beginning = first.done ? "" : new TextDecoder(decided).decode(first.value);
  return { path, size: octets.size, encoding: decided, beginning, text: (read) => textOf(octets, decided, read), close: octets.close };
}

const octetsOf = (file: FileHandle, size: number): Octets => ({
  size,
  read: async (position, length) => {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(length), 0, undefined, position);
    return buffer.subarray(0, bytesRead);
  },
  close: () => file.close(),
});

const withPath = (error: unknown, path: string): unknown => (error instanceof Error ? Object.assign(error, { path }) : error);

/** The file's octets; the size is the one it had when it was opened, so that one that grows is not read for ever. */
async function* piecesOf(octets: Octets, from: number, to: number): AsyncGenerator<Buffer> {
  for (let position = from; position < to; ) {
    const piece = await octets.read(position, Math.min(PIECE, to - position));
    if (piece.length === 0) return;
    position += piece.length;
    yield piece;
  }
}

async function* textOf(source: Octets, encoding: Encoding, read?: (octets: number) => void): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding); // takes a byte order mark away
  let octets = 0;
  for await (const piece of piecesOf(source, 0, source.size)) {
    octets += piece.length;
    const text = decoder.decode(piece, { stream: true });
    if (text !== "") yield text;
    read?.(octets);
  }
  const rest = decoder.decode();
  if (rest !== "") yield rest;
}

/** By its byte order mark, by where its NULs are, by whether all of it is UTF-8; else Windows-1252, which Excel writes in the West. */
async function guessEncoding(source: Octets, path: string): Promise<Encoding> {
  const utf8 = new TextDecoder("utf-8", { fatal: true });
  let isFirst = true;
  try {
    for await (const piece of piecesOf(source, 0, source.size)) {
      if (isFirst) {
        const byStart = encodingOfStart(piece, path);
        if (byStart) return byStart;
        isFirst = false;
      }
      utf8.decode(piece, { stream: true });
    }
    utf8.decode();
    return "utf-8";
  } catch (error) {
    if (error instanceof TypeError) return "windows-1252"; // what a fatal decoder throws
    throw error;
  }
}

function encodingOfStart(piece: Buffer, path: string): Encoding | null {
  if (piece[0] === 0xff && piece[1] === 0xfe) return "utf-16le";
  if (piece[0] === 0xfe && piece[1] === 0xff) return "utf-16be";
  const nuls = [0, 0];
  let controls = 0;
  for (let i = 0; i < piece.length; i++) {
    const octet = piece[i] as number;
    if (octet === 0) nuls[i % 2] = (nuls[i % 2] as number) + 1;
    else if (octet < 0x20 && octet !== 0x09 && octet !== 0x0a && octet !== 0x0d) controls++;
  }
  const [even = 0, odd = 0] = nuls;
  if (odd > piece.length * 0.3 && even < piece.length * 0.05) return "utf-16le";
  if (even > piece.length * 0.3 && odd < piece.length * 0.05) return "utf-16be";
  // A stray NUL is the fault of one row; a file full of them is no text.
  if (controls + even + odd > piece.length * 0.05)
    throw new Refusal("badData", `${path} is no text file`, "Save the table as CSV (UTF-8) and import that.");
  return null;
}
