/** Settings files that nobody wrote in good faith, or that are none. Each ends in a SettingsError or in settings, soon and in little memory. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SettingsError } from "../../src/config/fault.ts";
import { loadSettings } from "../../src/config/load-settings.ts";

let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), "mailroom-hostile-"));
});
afterAll(() => rmSync(cwd, { recursive: true }));

function reading(content: string | Buffer): string {
  writeFileSync(join(cwd, "mailroom.yaml"), content);
  return named("mailroom.yaml");
}

function named(configFile: string, env: NodeJS.ProcessEnv = {}): string {
  try {
    loadSettings({ configFile, env, cwd, machine: { hostname: "mail.campus.example", cores: 1 } });
    return "good";
  } catch (error) {
    if (error instanceof SettingsError) return error.message;
    throw error;
  }
}

describe("files that are none", () => {
  test("too large, by one octet and by much", () => {
    const line = "# x\n";
    expect(reading(line.repeat(16_384))).toBe("good"); // 64 KiB exactly
    expect(reading(`${line.repeat(16_384)}\n`)).toBe(
      "mailroom.yaml: has 65537 octets, and settings never need more than 65536; name a settings file",
    );
    expect(reading(Buffer.alloc(10 * 1024 * 1024, "x"))).toMatch(/^mailroom.yaml: has 10485760 octets/);
  });

  test("devices, pipes and folders are not opened", () => {
    execFileSync("mkfifo", [join(cwd, "pipe")]);
    for (const name of ["pipe", "/dev/zero", "."]) expect(named(name)).toBe(`${name}: is not a regular file; name a YAML file`);
  });

  test("binary, UTF-16, Latin-1, control characters", () => {
    expect(reading(Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0xff]))).toBe("mailroom.yaml: is not UTF-8 text; save it as UTF-8");
    expect(reading(Buffer.from("\ufeffworkers: 1\n", "utf16le"))).toBe("mailroom.yaml: is not UTF-8 text; save it as UTF-8");
    expect(reading(Buffer.from("hostname: müller.example\n", "latin1"))).toBe("mailroom.yaml: is not UTF-8 text; save it as UTF-8");
    expect(reading("workers: 1\nhostname: a\0b\n")).toBe(
      'mailroom.yaml: holds the control character "\\u0000" in line 2; write plain text',
    );
    expect(reading("hostname: \x1b[31m\n")).toBe('mailroom.yaml: holds the control character "\\u001b" in line 1; write plain text');
  });

  test("a byte order mark and CRLF are fine, an empty file too", () => {
    expect(reading("\ufeffworkers: 1\r\nsmtp:\r\n  size: 1 MiB\r\n")).toBe("good");
    expect([reading(""), reading("\n"), reading("# only a comment"), reading("---\n"), reading("---\nworkers: 1\n...\n")]).toEqual([
      "good",
      "good",
      "good",
      "good",
      "good",
    ]);
    expect(reading("\ufeffworkers: 1\r\nworkers: 0\r\n")).toBe(
      "mailroom.yaml:2 workers: is given twice, first at mailroom.yaml:1; keep one",
    );
  });
});

describe("YAML that is an attack", () => {
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${Array.from({ length: 25 }, (_, i) => `k${i}: &k${i} [${Array.from({ length: 9 }, () => `*${i === 0 ? "a" : `k${i - 1}`}`).join(",")}]`).join("\n")}\n`;
  const cases: readonly (readonly [string, string])[] = [
    ["a thousand million laughs", bomb],
    ["an alias to itself", "a: &a [*a]\nb: *a\n"],
    ["deep brackets", `a: ${"[".repeat(65_000)}`],
    ["deep braces", "{a: ".repeat(16_000)],
    ["deep sequences", "- ".repeat(32_000)],
    ["deep indentation", Array.from({ length: 350 }, (_, i) => `${" ".repeat(i)}a:`).join("\n")],
    ["many keys", Array.from({ length: 6_000 }, (_, i) => `k${i}: 1`).join("\n")],
    ["the same key often", "workers: 1\n".repeat(5_900)],
    ["many items", `services: [${"receive,".repeat(8_000)}]`],
    ["many commas", `services: ${",".repeat(65_000)}`],
    ["one long key", `${"k".repeat(65_000)}: 1`],
    ["one long value", `hostname: ${"a.".repeat(32_000)}`],
    ["a long quoted value of many lines", `hostname: "${"a\n ".repeat(21_000)}"`],
    ["anchors only", `a: ${"&a ".repeat(21_000)}`],
    ["tags only", `a: ${"!a ".repeat(21_000)}`],
    ["question marks", "? ".repeat(32_000)],
    ["documents", "---\n".repeat(16_000)],
    ["directives", `${"%TAG ! tag:example,2000:\n".repeat(2_600)}---\na: 1\n`],
    ["line ends", "\n".repeat(65_536)],
  ];

  test.each(cases)("%s", (_name, content) => {
    const before = process.memoryUsage().rss;
    const start = performance.now();
    const said = reading(content);
    expect(performance.now() - start).toBeLessThan(10_000); // two loaded cores; alone each takes under one second
    expect(process.memoryUsage().rss - before).toBeLessThan(400 * 1024 * 1024);
    expect(said.length).toBeLessThan(100_000);
    expect(said === "good").toBe(content.trim() === "");
  });

  test("of very many faults the first hundred are said", () => {
    const keys = (count: number) => Array.from({ length: count }, (_, i) => `k${i}: 1`).join("\n");
    expect(reading(keys(99)).split("\n")).toHaveLength(99);
    expect(reading(keys(1000)).split("\n")).toHaveLength(101);
    expect(reading(keys(1000))).toMatch(/\nmailroom.yaml: has 100 faults or more; the rest was not read$/);
  });

  test("keys of objects mean nothing", () => {
    for (const key of ["__proto__", "constructor", "toString", "smtp.__proto__", "hasOwnProperty.call"])
      expect(reading(`${key}: 1\n`)).toContain("unknown key");
    expect(reading("__proto__:\n  workers: 1\nsmtp:\n  __proto__: { size: 1 }\n")).toMatch(
      /^mailroom.yaml:1 .*unknown key.*\nmailroom.yaml:4 .*unknown key/,
    );
    expect(({} as Record<string, unknown>)["workers"]).toBeUndefined();
  });

  test("of a long bad list the first twenty are said", () => {
    const list = (count: number) =>
      named("mailroom.yaml", { MAILROOM_DNS_SERVERS: "x,".repeat(count) })
        .split("\n")
        .filter((line) => line.startsWith("MAILROOM_DNS"));
    writeFileSync(join(cwd, "mailroom.yaml"), "");
    expect([list(18).length, list(19).length, list(20).length, list(30_000).length]).toEqual([19, 20, 20, 20]);
  });

  test("names of variables mean nothing either", () => {
    expect(named("mailroom.yaml", { MAILROOM___PROTO__: "1", MAILROOM_: "1" })).toContain("MAILROOM_: unknown setting");
    expect(named("mailroom.yaml", { [`MAILROOM_${"X".repeat(100_000)}`]: "1" }).length).toBeLessThan(2000);
  });

  test("whatever stands in the file, the answer is settings or a SettingsError", () => {
    const piece = fc.constantFrom(
      "smtp:",
      "  ",
      "\n",
      "listen",
      ": ",
      "- ",
      "[",
      "]",
      "{",
      "}",
      "&a ",
      "*a",
      "!x ",
      "|",
      ">",
      "'",
      '"',
      "#",
      "? ",
      "\t",
      ",",
      "%",
      "---",
      "size",
      "127.0.0.1:25",
      "\u2028",
      "<<",
    );
    fc.assert(
      fc.property(
        fc.array(fc.oneof(piece, fc.string({ maxLength: 4 })), { maxLength: 40 }),
        (pieces) => typeof reading(pieces.join("")) === "string",
      ),
      { numRuns: 400 },
    );
  });
});
