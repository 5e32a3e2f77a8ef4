import type { Socket } from "node:net";
import fc from "fast-check";
import { expect, test } from "vitest";
import { claimed, smtpTo, startDeliverer } from "../support/deliveries.ts";
import { startSink } from "../support/sinks.ts";

/** What a host may do instead of giving the usual reply. */
type Whim = {
  readonly kind: "usual" | "octets" | "reply" | "twice" | "hangUp" | "silence";
  readonly octets: Uint8Array;
  readonly code: number;
  readonly split: boolean;
};

const whim: fc.Arbitrary<Whim> = fc.record({
  kind: fc.oneof(
    { weight: 12, arbitrary: fc.constant("usual" as const) },
    { weight: 3, arbitrary: fc.constantFrom("octets" as const, "reply" as const, "twice" as const) },
    { weight: 1, arbitrary: fc.constantFrom("hangUp" as const, "silence" as const) },
  ),
  octets: fc.uint8Array({ maxLength: 60 }),
  code: fc.integer({ min: 0, max: 999 }),
  split: fc.boolean(),
});

/** Does what the whim says: what is said in place of the usual reply (null: the usual one, "": nothing), and whether it begins like a 2yz. */
function follow({ kind, octets, code, split }: Whim, socket: Socket): { said: string | null; positive: boolean } {
  const say = (text: string) => {
    const whole = Buffer.from(text, "latin1");
    if (!split) socket.write(whole);
    else for (const octet of whole) socket.write(Buffer.from([octet]));
    return { said: "", positive: /^\s*2\d\d/.test(text) };
  };
  const junk = Buffer.from(octets).toString("latin1");
  switch (kind) {
    case "usual":
      return { said: null, positive: true };
    case "octets":
      return say(`${junk}\r\n`);
    case "reply":
      return say(`${String(code).padStart(3, "0")}${split ? "-first\r\n250 " : " "}${junk}\r\n`);
    case "twice":
      return say("250 2.0.0 one\r\n354 two\r\n250 three\r\n");
    case "hangUp":
      socket.destroy();
      return { said: "", positive: false };
    case "silence":
      return { said: "", positive: false };
  }
}

test("whatever a host says, each recipient ends once, and is delivered only if the host took it after the whole message", async () => {
  const anyKind = fc.constantFrom("smtp" as const, "lmtp" as const);
  await fc.assert(
    fc.asyncProperty(fc.array(whim, { minLength: 1, maxLength: 16 }), anyKind, fc.boolean(), async (whims, kind, pipelining) => {
      let next = 0;
      let accepted: string[] = [];
      const took = new Set<string>();
      const turn = (socket: Socket) => follow(whims[next++ % whims.length] as Whim, socket);
      const hop = await startSink({
        lmtp: kind === "lmtp",
        ...(pipelining ? {} : { extensions: ["8BITMIME"] }),
        greeting: (socket) => turn(socket).said,
        answer(line, socket) {
          const { said, positive } = turn(socket);
          if (line.startsWith("MAIL")) accepted = [];
          if (line.startsWith("RCPT") && positive) accepted.push(/<(.*?)>/.exec(line)?.[1] ?? "");
          return said;
        },
        dot(taken, socket) {
          const { said, positive } = turn(socket);
          if (positive && taken.content.includes("the whole body\r\n")) for (const rcpt of accepted) took.add(rcpt);
          return said;
        },
      });
      const trial = startDeliverer(
        { "*": smtpTo(hop.port, kind) },
        { silenceSeconds: 0.2, greetingSeconds: 0.2, attemptSeconds: 0.6, drainSeconds: 0 },
      );
      const to = ["a@x.test", "b@x.test", "c@x.test"];
      trial.deliverer.accept(claimed(to, "Subject: x\r\n\r\nthe whole body\r\n"));
      await trial.until(3);
      expect(trial.settled.map(({ recipient }) => recipient.finalRecipient.key).sort((a, b) => a.localeCompare(b))).toEqual(to);
      for (const { recipient, verdict } of trial.settled) {
        if (verdict.kind === "relayed") expect(took).toContain(recipient.finalRecipient.key);
        expect(verdict.reply.text).toMatch(/^[ -~]{0,512}$/);
        if (verdict.kind === "failed") expect(Math.trunc(verdict.reply.code / 100)).toBe(5);
      }
      await trial.deliverer.drain();
      await hop.close();
    }),
    { numRuns: 150 },
  );
});
