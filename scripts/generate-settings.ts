/** Writes docs/settings.md from the list of settings. */
import { writeFileSync } from "node:fs";
import { environmentName, type Setting } from "../src/config/setting.ts";
import { settingsList } from "../src/config/settings.ts";

const INTRODUCTION = `# Settings

<!-- Written by scripts/generate-settings.ts from src/config/settings.ts: change it there, then \`npm run generate\`. -->

Mailroom runs without any settings. They come from one YAML file and from the environment; where both give one, the environment wins.

- **File**: \`--config FILE\`, else \`MAILROOM_CONFIG\`, else \`mailroom.yaml\` in the folder the process is started in, if it is there.
  Keys with dots may be written nested or in one piece: \`smtp.size: 50 MiB\` is the same as \`smtp:\` with \`size: 50 MiB\` below it.
- **Environment**: each setting as the table says. A variable that is set but empty counts as not set; only for lists that may be empty
  it means the empty list. Unknown \`MAILROOM_\` variables are faults, but for those Kubernetes makes of a Service named mailroom.
- **Secrets** can stand in a file of their own: in the settings file as the key with \`_file\` (\`database.url_file: /run/secrets/database\`), in the
  environment with \`_FILE\` (\`MAILROOM_DATABASE_URL_FILE\`). They are shown as \`***\` everywhere.
- **Faults** are reported all at once, each with its line or variable and what to write instead; the exit code is then 78.
  \`mailroom config check\` does only that. \`mailroom config print --origin\` shows every value and where it comes from.
- Settings are read at the start. A replaced certificate is taken up while running; everything else needs a restart.

| type | how it is written |
| --- | --- |
| duration | a whole number and \`ms\`, \`s\`, \`m\`, \`h\` or \`d\`: \`30s\`, \`4d\` |
| size | a whole number of octets, or one with \`B\`, \`KiB\`, \`MiB\`, \`GiB\` (of 1024) or \`kB\`, \`MB\`, \`GB\` (of 1000): \`50 MiB\` |
| share | a whole number and \`%\`: \`25%\` |
| list | separated by commas; in the file also a YAML sequence |
| address with port | \`127.0.0.1:2525\`, \`[::1]:2525\` (in quotes in YAML); port 0 is any free one; \`off\` is none. \`[::]:25\` is IPv6 alone: for everything write \`"0.0.0.0:25,[::]:25"\` |
| network | \`192.0.2.0/24\`, \`2001:db8::/32\`, or one address |
| path | relative names start at the folder of the settings file; in the environment and by default where the process is started |
`;

/** Settings in groups by the first part of their key; those without a dot come first. */
function groups(list: readonly [string, Setting<unknown>][]): Map<string, [string, Setting<unknown>][]> {
  const found = new Map<string, [string, Setting<unknown>][]>();
  for (const [key, setting] of list) {
    const name = key.includes(".") ? (key.split(".")[0] ?? "") : "general";
    found.set(name, [...(found.get(name) ?? []), [key, setting]]);
  }
  return found;
}

function row([key, setting]: [string, Setting<unknown>]): string {
  const { type, fallback, sentence } = setting;
  const variable = type.structured ? "in the file only" : `\`${environmentName(key)}\`${type.secret ? ", `…_FILE`" : ""}`;
  const standard = typeof fallback !== "string" ? fallback.phrase : fallback === "" ? "empty" : `\`${fallback}\``;
  return `| \`${key}\` | ${variable} | ${type.name} | ${standard} | ${sentence} |`;
}

const HEAD = "| setting | environment | type | default | meaning |\n| --- | --- | --- | --- | --- |";

const all: [string, Setting<unknown>][] = Object.entries(settingsList);
const sections = [...groups(all.filter(([, setting]) => !setting.notYet))].map(
  ([name, rows]) => `## ${name}\n\n${HEAD}\n${rows.map(row).join("\n")}\n`,
);
const later = `## Not available yet\n\nThese names are kept. Any value but the default is refused.\n\n${HEAD}\n${all
  .filter(([, setting]) => setting.notYet)
  .map(row)
  .join("\n")}\n`;
writeFileSync(new URL("../docs/settings.md", import.meta.url), [INTRODUCTION, ...sections, later].join("\n"));
