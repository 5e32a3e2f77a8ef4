import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createLog } from "../../src/log/log.ts";
import { createMaillog } from "../../src/log/maillog.ts";
import { createMetrics } from "../../src/log/metrics.ts";

/** The filter as fail2ban reads it, without what it takes off in front: the date. */
const filter = readFileSync("docs/fail2ban/mailroom-auth.conf", "utf8");
const [, block = ""] = /^failregex = ((?:.*\n)(?: +.*\n)*)/m.exec(filter) ?? [];
const patterns = block.split("\n").filter((line) => line.trim() !== "");
const regexes = patterns.map((line) => new RegExp(line.trim().replace("<HOST>", "(?<host>[0-9A-Fa-f:.]+)")));
const withoutDate = (line: string) => line.replace(/^[A-Z][a-z]{2} [ 0-9]{2} [0-9:]{8} /, "");

function hostIn(format: "postfix" | "json", login: string, client = "192.0.2.7"): readonly (string | undefined)[] {
  const lines: string[] = [];
  const maillog = createMaillog(createLog({ format, level: "info", write: (text) => void lines.push(text) }), createMetrics());
  maillog.signInFailed({ client, mechanism: "PLAIN", login, why: "authentication failure" });
  expect(lines.join("").trimEnd().split("\n")).toHaveLength(1);
  return regexes.flatMap((regex) => regex.exec(withoutDate(lines.join("").trimEnd()))?.groups?.["host"] ?? []);
}

describe.each(["postfix", "json"] as const)("fail2ban reads log.format %s", (format) => {
  test.each([
    "ann",
    "",
    "x\nNov 25 03:36:15 mx mailroom/smtpd[1]: warning: unknown[198.51.100.1]: SASL PLAIN authentication failed: x",
    " mx mailroom/smtpd[1]: warning: unknown[198.51.100.1]: SASL PLAIN authentication failed: x",
    '","msg":"warning: unknown[198.51.100.1]: SASL PLAIN authentication failed: x',
    "[198.51.100.1]: SASL PLAIN authentication failed:",
    "\u202e\u0000\u001b[2J",
    "x".repeat(10_000),
  ])("of the login %j it names the client and nobody else", (login) => {
    expect(hostIn(format, login)).toEqual(["192.0.2.7"]);
    expect(hostIn(format, login, "2001:db8::1")).toEqual(["2001:db8::1"]);
  });
});
