/** A directory server that says what a test wants, for what slapd never does: ranges of values, empty pages, references, nonsense. */
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { BerReader, BerWriter, SearchRequest } from "ldapts";

export type FakeEntry = { readonly dn: string; readonly attributes: Readonly<Record<string, readonly (string | Buffer)[]>> };
export type FakeAnswer = {
  readonly entries?: readonly FakeEntry[];
  readonly references?: readonly string[];
  readonly status?: number;
  /** Of the control of paged results; undefined: none is sent. */
  readonly cookie?: string;
  /** Octets instead of everything else. */
  readonly raw?: Buffer;
  /** Closes the connection instead of an answer. */
  readonly hangUp?: boolean;
};
type Question = { readonly base: string; readonly filter: string; readonly attributes: readonly string[]; readonly cookie: string | null };
export type FakeLdap = { readonly url: string; readonly questions: readonly Question[]; close(): Promise<void> };

const SEARCH = 0x63;
const PAGED = "1.2.840.113556.1.4.319";

/** `answer` decides on each search; binds and StartTLS succeed. `afterStartTls`: octets sent in clear right behind that success. */
export async function startFakeLdap(
  answer: (question: Question, count: number) => FakeAnswer,
  afterStartTls = Buffer.alloc(0),
): Promise<FakeLdap> {
  const questions: Question[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let waiting = Buffer.alloc(0);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (octets: Buffer) => {
      waiting = Buffer.concat([waiting, octets]);
      for (let message = take(); message !== null; message = take()) respond(message);
    });
    const take = (): BerReader | null => {
      const reader = new BerReader(waiting);
      if (reader.readSequence() === null || reader.remain < reader.length) return null;
      const end = reader.offset + reader.length;
      const message = new BerReader(waiting.subarray(0, end));
      waiting = waiting.subarray(end);
      message.readSequence();
      return message;
    };
    const respond = (reader: BerReader): void => {
      const id = reader.readInt() ?? 0;
      const operation = reader.readSequence();
      if (operation === 0x60) socket.write(result(id, 0x61, 0)); // bind
      if (operation === 0x77) socket.write(Buffer.concat([result(id, 0x78, 0), afterStartTls])); // extended
      if (operation !== SEARCH) return;
      const request = new SearchRequest({ messageId: id } as ConstructorParameters<typeof SearchRequest>[0]);
      request.parse(reader, []);
      const paged = request.controls?.[0] as { value?: { cookie?: Buffer } } | undefined;
      const question = {
        base: request.baseDN,
        filter: request.filter.toString(),
        attributes: request.attributes,
        cookie: paged ? String(paged.value?.cookie ?? "") : null,
      };
      questions.push(question);
      const { entries = [], references = [], status = 0, cookie, raw, hangUp } = answer(question, questions.length);
      if (hangUp) socket.destroy();
      else
        socket.write(
          raw ??
            Buffer.concat([
              ...entries.map((one) => entryMessage(id, one)),
              ...references.map((uri) => reference(id, uri)),
              result(id, 0x65, status, cookie),
            ]),
        );
    };
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `ldap://127.0.0.1:${(server.address() as AddressInfo).port}`,
    questions,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

function message(id: number, operation: number, write: (writer: BerWriter) => void, control?: (writer: BerWriter) => void): Buffer {
  const writer = new BerWriter();
  writer.startSequence();
  writer.writeInt(id);
  writer.startSequence(operation);
  write(writer);
  writer.endSequence();
  control?.(writer);
  writer.endSequence();
  return writer.buffer;
}

function result(id: number, operation: number, status: number, cookie?: string): Buffer {
  const control = (writer: BerWriter): void => {
    const value = new BerWriter();
    value.startSequence();
    value.writeInt(0);
    value.writeString(cookie ?? "");
    value.endSequence();
    writer.startSequence(0xa0);
    writer.startSequence();
    writer.writeString(PAGED);
    writer.writeBuffer(value.buffer, 0x04);
    writer.endSequence();
    writer.endSequence();
  };
  const write = (writer: BerWriter): void => {
    writer.writeEnumeration(status);
    writer.writeString("");
    writer.writeString("");
  };
  return message(id, operation, write, cookie === undefined ? undefined : control);
}

const reference = (id: number, uri: string): Buffer => message(id, 0x73, (writer) => writer.writeString(uri));

const entryMessage = (id: number, { dn, attributes }: FakeEntry): Buffer =>
  message(id, 0x64, (writer) => {
    writer.writeString(dn);
    writer.startSequence();
    for (const [name, values] of Object.entries(attributes)) {
      writer.startSequence();
      writer.writeString(name);
      writer.startSequence(0x31);
      for (const value of values) writer.writeBuffer(Buffer.from(value as string), 0x04);
      writer.endSequence();
      writer.endSequence();
    }
    writer.endSequence();
  });
