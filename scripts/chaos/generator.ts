/** Sends messages without pause, whatever happens to the server, and keeps book: intended, acknowledged, refused, unknown. */
import { createHash, randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export type Sent = {
  readonly id: string;
  readonly sha256: string;
  /** acknowledged: 250 was read. unknown: the connection broke after the dot. refused: 4yz or no connection before the dot. */
  outcome: "intended" | "acknowledged" | "refused" | "unknown";
  acknowledgedAt: number | null;
};

export type Generator = { readonly sent: readonly Sent[]; stop(): Promise<void> };

export type GeneratorOptions = {
  readonly port: number;
  readonly sessions: number;
  readonly to: string;
  readonly sizes: readonly number[];
  readonly pauseMs: number;
};

export function startGenerator(options: GeneratorOptions): Generator {
  const sent: Sent[] = [];
  let stopped = false;
  const session = async (number: number): Promise<void> => {
    for (let n = 0; !stopped; n++) {
      const dialogue = await open(options.port).catch(() => null);
      if (dialogue === null) {
        await sleep(100);
        continue;
      }
      while (!stopped && (await send(dialogue, `${number}-${n}-${sent.length}-${randomBytes(4).toString("hex")}`, options, sent))) {
        await sleep(options.pauseMs);
      }
      dialogue.socket.destroy();
    }
  };
  const running = Array.from({ length: options.sessions }, (_, number) => session(number));
  return {
    sent,
    async stop() {
      stopped = true;
      await Promise.all(running);
    },
  };
}

/** One message. False: the connection is of no use any more. */
async function send(dialogue: Dialogue, id: string, options: GeneratorOptions, sent: Sent[]): Promise<boolean> {
  const size = options.sizes[sent.length % options.sizes.length] ?? 4096;
  const body = `X-Chaos-Id: ${id}\r\nSubject: chaos\r\n\r\n${"chaos and order\r\n".repeat(Math.ceil(size / 17))}`;
  const one: Sent = { id, sha256: createHash("sha256").update(body).digest("hex"), outcome: "intended", acknowledgedAt: null };
  sent.push(one);
  let dotSent = false;
  try {
    for (const command of ["MAIL FROM:<chaos@outside.test>", `RCPT TO:<${options.to}>`, "DATA"]) {
      const reply = await dialogue.say(`${command}\r\n`);
      if (!/^[23]/.test(reply)) {
        one.outcome = "refused";
        await dialogue.say("RSET\r\n");
        await sleep(50);
        return !reply.startsWith("421");
      }
    }
    dotSent = true;
    const reply = await dialogue.say(`${body}.\r\n`);
    one.outcome = reply.startsWith("250") ? "acknowledged" : "refused";
    if (one.outcome === "acknowledged") one.acknowledgedAt = Date.now();
    return !reply.startsWith("421");
  } catch {
    one.outcome = dotSent ? "unknown" : "refused";
    return false;
  }
}

type Dialogue = { readonly socket: Socket; say(text: string): Promise<string> };

const REPLY_WITHIN_MS = 30_000;

async function open(port: number): Promise<Dialogue> {
  const socket = connect({ host: "127.0.0.1", port });
  socket.setNoDelay(true);
  let text = "";
  let waiting: { resolve: (line: string) => void; reject: (error: Error) => void } | null = null;
  socket.on("data", (part) => {
    text += part.toString("latin1");
    const line = text.split("\r\n").find((each) => /^\d{3} /.test(each));
    if (line === undefined || waiting === null) return;
    text = "";
    waiting.resolve(line);
    waiting = null;
  });
  const fail = (error?: Error): void => {
    waiting?.reject(error ?? new Error("closed"));
    waiting = null;
  };
  socket.on("error", fail);
  socket.on("close", () => fail());
  socket.setTimeout(REPLY_WITHIN_MS, () => socket.destroy());
  const reply = (): Promise<string> =>
    new Promise((resolve, reject) => {
      if (socket.destroyed) reject(new Error("closed"));
      else waiting = { resolve, reject };
    });
  const say = (line: string): Promise<string> => {
    const answer = reply();
    if (!socket.destroyed) socket.write(line);
    return answer;
  };
  const greeting = await reply();
  if (!greeting.startsWith("220")) throw new Error(greeting);
  await say("EHLO chaos.outside.test\r\n");
  return { socket, say };
}
