/** Prints docs/replies.md from the reply table. Run by `npm run generate`; the check compares. */
import { writeFileSync } from "node:fs";
import { queuedAs, replyTable } from "../src/mail/replies.ts";
import { type Reply, replyLine } from "../src/mail/reply.ts";

const cell = (text: string): string => text.replace(/[|<>]/g, (c) => ({ "|": "\\|", "<": "&lt;", ">": "&gt;" })[c] ?? c);

const line = (reply: Reply, when: string, advice: string): string =>
  `| \`${replyLine(reply).replace(/\|/g, "\\|")}\` | ${cell(when)} | ${cell(advice)} |`;

const rows = Object.values(replyTable).map((row) => line(row.reply, row.when, row.advice));

const page = `# Replies

Every reply the server can give, printed from \`src/mail/replies.ts\` by \`scripts/generate-replies.ts\`: change it there.
2yz and 3yz: go on. 4yz: temporary, a sending server keeps the message and tries again by itself. 5yz: final.
The second number is the enhanced status code (RFC 3463); its first digit is always that of the first.
Replies repeat nothing the client sent. Those that say "closing" end the connection, and so does every 421.

| reply | when | what the sender should do |
| --- | --- | --- |
${rows.join("\n")}
${line(queuedAs("QUEUEID"), "the message is committed to the queue: it is now ours to deliver or to report", "Forget your copy. The queue id stands in every log line of the message.")}

The greeting is \`220 HOSTNAME ESMTP Mailroom\`; the answer to EHLO lists the extensions.
`;

writeFileSync(new URL("../docs/replies.md", import.meta.url), page);
