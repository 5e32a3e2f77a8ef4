import { setTimeout as pause } from "node:timers/promises";
import { expect, vi } from "vitest";
import type { Limits } from "../../src/receive/limits.ts";
import { type Campus, type CampusOptions, openCampus } from "../receive/campus.ts";
import { Client } from "../receive/client.ts";
import { people } from "../receive/people.ts";

/** One line of a dialogue, for messages. */
type Line = { readonly no: number; readonly word: string; readonly text: string };

/** `\xNN` and its like become octets (as latin1 characters), `{text*n}` is repeated. */
function octets(text: string): string {
  return text
    .replace(/\{([^{}*]+)\*([0-9]+)\}/g, (_, unit: string, times: string) => unit.repeat(Number(times)))
    .replace(/\\(?:x([0-9A-Fa-f]{2})|u\{([0-9A-Fa-f]+)\}|([rnt0\\]))/g, (_, hex?: string, point?: string, letter?: string) => {
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
      if (point !== undefined) return Buffer.from(String.fromCodePoint(Number.parseInt(point, 16))).toString("latin1");
      return { r: "\r", n: "\n", t: "\t", "0": "\0", "\\": "\\" }[letter ?? "\\"] ?? "";
    });
}

export function parseDialogue(source: string): Line[] {
  const lines = source.split("\n").map((line, index) => ({ no: index + 1, line }));
  return lines
    .filter(({ line }) => line.trim() !== "" && !line.startsWith("#"))
    .map(({ no, line }) => {
      const [, word, text] = /^(given|C:|C!|S:|[A-Z]+)(?: (.*))?$/.exec(line) ?? [];
      if (word === undefined) throw new Error(`line ${no}: ${line}`);
      return { no, word, text: text ?? "" };
    });
}

/** What can be given before the connection, by its words. */
const settings: readonly [RegExp, (...found: string[]) => CampusOptions][] = [
  [/^(\w+) is (\d+)$/, (name, value) => ({ limits: { [name as keyof Limits]: Number(value) } })],
  [/^the client's network is trusted$/, () => ({ trustedNetworks: ["127.0.0.0/8"] })],
  [/^everybody is a stranger$/, () => ({ uncountedNetworks: [] })],
  [/^people sign in$/, () => ({ sending: people() })],
  [/^postmaster is (\S+)$/, (address) => ({ postmaster: address ?? null })],
];

/** What can be given at any time. */
const circumstances: readonly [RegExp, (campus: Campus, ...found: string[]) => void][] = [
  [/^the directory (?:is )?(up|down|hangs|throws)$/, (campus, how) => set(campus, { directory: how as Campus["directory"] })],
  [/^the queue (?:is )?(up|down|hangs|refuses content)$/, (campus, how) => set(campus, { queue: how as Campus["queue"] })],
  [/^lists answer (go|tooFast|storm)$/, (campus, brake) => set(campus, { brake: brake as Campus["brake"] })],
  [/^intake is paused$/, (campus) => set(campus, { accepting: false })],
  [/^space is low$/, (campus) => set(campus, { spaceLow: true })],
  [/^a commit takes (\d+) ms$/, (campus, ms) => set(campus, { commitDelay: Number(ms) })],
  [/^the server stops$/, (campus) => void campus.receiver.close()],
];
const set = (campus: Campus, what: Partial<Campus>): void => void Object.assign(campus, what);

/** How far the client is when the dialogue begins. */
const starts: Readonly<Record<string, readonly string[]>> = {
  "a greeting": [],
  "an EHLO": ["EHLO client.test"],
  "a HELO": ["HELO client.test"],
  "a transaction": ["EHLO client.test", "MAIL FROM:<a@evil.test>", "RCPT TO:<u@campus.test>"],
  "a DATA": ["EHLO client.test", "MAIL FROM:<a@evil.test>", "RCPT TO:<u@campus.test>", "DATA"],
};

export async function runDialogue(source: string): Promise<void> {
  const lines = parseDialogue(source);
  const options: CampusOptions & { limits: Partial<Limits> } = { limits: {} };
  for (const { word, text } of lines) {
    if (word !== "given") continue;
    for (const [form, make] of settings) {
      const found = form.exec(text);
      if (found === null) continue;
      const { limits, ...others } = make(...found.slice(1));
      Object.assign(options, others, { limits: { ...options.limits, ...limits } });
    }
  }
  const campus = await openCampus(options);
  try {
    await new Player(campus).play(lines);
  } finally {
    await campus.receiver.close();
  }
}

class Player {
  readonly #campus: Campus;
  #client: Client | null = null;
  #unsent = "";

  constructor(campus: Campus) {
    this.#campus = campus;
  }

  async play(lines: readonly Line[]): Promise<void> {
    for (const line of lines) {
      try {
        await this.#step(line);
      } catch (error) {
        const where = `line ${line.no}: ${line.word} ${line.text}`;
        if (error instanceof Error) error.message = `${where}\n${error.message}`;
        throw error;
      }
    }
    this.#client?.close();
  }

  async #step({ word, text }: Line): Promise<void> {
    if (word === "given") return this.#given(text);
    if (word === "C:" || word === "C!") {
      await this.#connected();
      this.#unsent += octets(text) + (word === "C:" ? "\r\n" : "");
      return;
    }
    const client = await this.#connected();
    await this.#flush(client);
    await this.#expect(client, word, text);
  }

  async #given(text: string): Promise<void> {
    if (text === "TLS" || text === "a sign-in") return this.#secure(text === "a sign-in");
    if (text === "the client sends before the greeting") {
      this.#client = await Client.connect(this.#campus.port, "127.0.0.1", "EHLO early.test\r\n");
      return;
    }
    const start = starts[text];
    if (start !== undefined) {
      const client = await this.#connected();
      expect(await client.hear()).toMatch(/^220 /);
      for (const line of start) expect(await client.ask(line)).toMatch(/^[23]/);
      return;
    }
    for (const [form, act] of circumstances) {
      const found = form.exec(text);
      if (found !== null) return act(this.#campus, ...found.slice(1));
    }
    if (!settings.some(([form]) => form.test(text))) throw new Error("nobody knows how to give this");
  }

  async #secure(signIn: boolean): Promise<void> {
    await this.#given("an EHLO");
    const client = await this.#connected();
    expect(await client.ask("STARTTLS")).toMatch(/^220 /);
    await client.startTls();
    expect(await client.ask("EHLO client.test")).toMatch(/^250/);
    if (signIn) expect(await client.ask("AUTH PLAIN AGFubgByaWdodA==")).toBe("235 2.7.0 Signed in");
  }

  async #connected(): Promise<Client> {
    this.#client ??= await Client.connect(this.#campus.submissionPort || this.#campus.port);
    return this.#client;
  }

  async #flush(client: Client): Promise<void> {
    if (this.#unsent !== "") client.send(this.#unsent);
    this.#unsent = "";
  }

  #reply: string[] = [];

  async #expect(client: Client, word: string, text: string): Promise<void> {
    const { stored } = this.#campus;
    switch (word) {
      case "S:":
        if (this.#reply.length === 0) this.#reply = (await client.hear()).split("\r\n");
        expect(this.#reply.shift()?.replace(/queued as \S+$/, "queued as <QUEUEID>")).toBe(text);
        return;
      case "CLOSED":
        expect([...this.#reply, await client.hear()]).toEqual(["closed"]);
        return;
      case "SILENCE":
        expect(await client.silent(150)).toBe(true);
        return;
      case "CUT":
        await pause(15); // long enough to be a segment of its own, and to be read
        return;
      case "WAIT":
        await pause(Number(text));
        return;
      case "TLS":
        await client.startTls();
        return;
      case "FIN":
        client.end();
        return;
      case "RST":
        client.reset();
        return;
      case "STORED":
        await vi.waitFor(() => expect(stored.length).toBe(Number(text)));
        return;
      case "COMMITS":
        await vi.waitFor(() => expect(this.#campus.commits).toBe(Number(text)));
        return;
      case "ABORTED":
        await vi.waitFor(() => expect(this.#campus.aborted).toBe(Number(text)));
        return;
      case "CONTENT":
        expect(stored.at(-1)?.content.toString("latin1")).toBe(octets(text));
        return;
      case "RECIPIENT":
        expect(stored.at(-1)?.message.recipients.map((one) => `${one.finalRecipient.key} from <${one.reversePath?.key ?? ""}>`)).toContain(
          text,
        );
        return;
      case "RECIPIENTS":
        expect(stored.at(-1)?.message.recipients.length).toBe(Number(text));
        return;
      case "SENDER":
        expect(stored.at(-1)?.message.authenticatedAs).toBe(text);
        return;
      case "PREFIX":
        expect(stored.at(-1)?.message.prefix).toMatch(new RegExp(text));
        return;
      case "HELD":
        expect(stored.at(-1)?.message.recipients[0]?.held).toBe(text);
        return;
      default:
        throw new Error(`nobody knows ${word}`);
    }
  }
}
