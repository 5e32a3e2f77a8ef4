/** A setting that nothing reads would be believed in: each one, when changed, changes what a stage is told, or is read by name. */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { loadSettings } from "../../src/config/load-settings.ts";
import { environmentName } from "../../src/config/setting.ts";
import { settingsList } from "../../src/config/settings.ts";
import type { Settings } from "../../src/config/settings-tree.ts";
import { delivererSettings, queueSettings, receiveSettings, resolveLimits, sendingLimits } from "../../src/stage-settings.ts";

const load = (env: NodeJS.ProcessEnv): Settings =>
  loadSettings({ env, cwd: "/nonexistent", machine: { hostname: "mail.campus.example", cores: 2 } }).settings;
const told = (settings: Settings): string =>
  JSON.stringify([
    queueSettings(settings),
    receiveSettings(settings, { cert: "", key: "" }),
    delivererSettings(settings),
    resolveLimits(settings),
    sendingLimits(settings),
  ]);
const standard = told(load({}));

/** Another good value of the type, for each type that a stage is told of. */
const OTHERS: readonly (readonly [type: RegExp, text: string])[] = [
  [/^duration|^list of durations/, "77s"],
  [/^size/, "77777 B"],
  [/^number/, "233"],
  [/^share/, "33%"],
  [/^addresses with ports/, "127.0.0.7:777"],
  [/^networks/, "192.0.2.0/27"],
  [/^host name/, "mx.other.example"],
  [/^words/, "tutor"],
  [/^web address/, "https://lists.other.example"],
  [/^mailbox/, "it@other.example"],
];
const WITHIN: Readonly<Record<string, string>> = {
  "smtp.received_fields": "77",
  "smtp.command_length": "777 B",
  "smtp.bad_lines": "7",
  "smtp.long_lines": "7",
  "smtp.lookup_timeout": "7s",
  "smtp.refusal_delay": "7s",
  "queue.memory": "77 MiB",
  "resolve.depth": "7",
  "deliver.first_concurrency": "7",
  "deliver.mx_hosts": "7",
};

/** These are read where the parts are put together, not handed to a stage. */
const src = resolve(import.meta.dirname, "../../src");
const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts") && !name.startsWith("config/"));
const code = files.map((name) => readFileSync(join(src, name), "utf8")).join("\n");
/** "trace.retention" is `settings.trace.retention`; log/ gets its own part of the settings. */
const inCode = (key: string) => key.replace(/^log\./, "").replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
const READ_BY_NAME =
  /^(data_dir|services|workers|database\..*|tls\..*|trace\..*|http\.listen|metrics\..*|dns\..*|log\..*|autoconfig\..*|deliver\.capture|oidc\..*|ldap|ldap_cache\..*)$/;

for (const [key, { type, notYet }] of Object.entries(settingsList)) {
  if (notYet) continue;
  test(key, () => {
    const other = WITHIN[key] ?? OTHERS.find(([name]) => name.test(type.name))?.[1] ?? "";
    if (READ_BY_NAME.test(key)) expect(code.includes(`settings.${inCode(key)}`)).toBe(true);
    else expect(told(load({ [environmentName(key)]: other })) === standard).toBe(false);
  });
}
