/** A client that sends many messages over a few sessions, as a busy server does, and measures each final dot to its reply. */
import { connect, type Socket } from "node:net";

export type Load = {
  readonly port: number;
  readonly messages: number;
  readonly sessions: number;
  /** Octets of each message. */
  readonly size: number;
  readonly to: (n: number) => string;
  /** Messages a second in all; null: as fast as they are taken. */
  readonly rate: number | null;
};

export type LoadResult = { readonly seconds: number; readonly p50: number; readonly p99: number; readonly refused: number };

/** Sends and waits for every reply. Times in milliseconds, from the final dot to its reply. */
export async function sendLoad(load: Load): Promise<LoadResult> {
  const content = contentOf(load.size);
  const times: number[] = [];
  let next = 0;
  let refused = 0;
  const started = performance.now();
  const session = async (): Promise<void> => {
    const dialogue = await openDialogue(load.port);
    for (let n = next++; n < load.messages; n = next++) {
      if (load.rate !== null) await until(started + (n / load.rate) * 1000);
      await dialogue.say(`MAIL FROM:<sender@outside.test>\r\nRCPT TO:<${load.to(n)}>\r\nDATA\r\n`, 3);
      const dot = performance.now();
      const [answer] = await dialogue.say(content, 1);
      times.push(performance.now() - dot);
      if (!answer?.startsWith("250")) refused++;
    }
    dialogue.end();
  };
  await Promise.all(Array.from({ length: load.sessions }, session));
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  return { seconds: (performance.now() - started) / 1000, p50: at(0.5), p99: at(0.99), refused };
}

function contentOf(size: number): Buffer {
  const header = "From: sender@outside.test\r\nSubject: load\r\nMessage-ID: <load@outside.test>\r\n\r\n";
  const line = `${"x".repeat(70)}\r\n`;
  return Buffer.from(`${header}${line.repeat(Math.max(1, Math.round((size - header.length) / line.length)))}.\r\n`);
}

const until = (time: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.max(0, time - performance.now())));

export type Dialogue = { say(octets: string | Buffer, replies: number): Promise<string[]>; end(): void };

/** Connected and greeted. `say` waits for so many replies and gives their last lines. */
export async function openDialogue(port: number): Promise<Dialogue> {
  const socket: Socket = connect({ host: "127.0.0.1", port });
  socket.setNoDelay(true);
  let text = "";
  let wanted: { count: number; resolve: (lines: string[]) => void; reject: (error: Error) => void } | null = null;
  socket.on("error", (error) => wanted?.reject(error));
  const take = (): void => {
    const lines = text.split("\r\n");
    const finals = lines.slice(0, -1).filter((line) => line[3] !== "-");
    if (wanted === null || finals.length < wanted.count) return;
    text = "";
    const { resolve } = wanted;
    wanted = null;
    resolve(finals);
  };
  socket.on("data", (part) => {
    text += part.toString("latin1");
    take();
  });
  const replies = (count: number): Promise<string[]> =>
    new Promise((resolve, reject) => {
      wanted = { count, resolve, reject };
      take();
    });
  await replies(1);
  const say = (octets: string | Buffer, count: number): Promise<string[]> => {
    const answer = replies(count);
    socket.write(octets);
    return answer;
  };
  await say("EHLO load.outside.test\r\n", 1);
  return { say, end: () => void socket.end("QUIT\r\n") };
}
