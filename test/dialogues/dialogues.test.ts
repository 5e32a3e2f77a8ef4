import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type ReplyName, replies } from "../../src/mail/replies.ts";
import { replyLine } from "../../src/mail/reply.ts";
import { parseDialogue, runDialogue } from "./run-dialogue.ts";

const folder = import.meta.dirname;
const dialogues = readdirSync(folder)
  .filter((name) => name.endsWith(".smtp"))
  .map((name) => ({ name: name.slice(0, -5), source: readFileSync(join(folder, name), "utf8") }));

/** These measure time, so nothing runs beside them. */
const timed = dialogues.filter(({ source }) => /^WAIT|^given (?:\w+Timeout|dataRate) is/m.test(source));

describe.concurrent("dialogues", () => {
  test.each(dialogues.filter((one) => !timed.includes(one)))("$name", async ({ source }) => {
    await runDialogue(source);
  });
});

describe("dialogues with deadlines", () => {
  test.each(timed)("$name", async ({ source }) => {
    await runDialogue(source);
  });
});

test("every reply is heard in some dialogue", () => {
  const heard = new Set(
    dialogues.flatMap(({ source }) => parseDialogue(source).filter(({ word }) => word === "S:")).map(({ text }) => text),
  );
  const unheard = (Object.keys(replies) as ReplyName[]).filter((name) => {
    const line = replyLine(replies[name]);
    return ![line, line.replace(" ", " mx.campus.test ")].some((said) => heard.has(said));
  });
  expect(unheard).toEqual([]);
});
