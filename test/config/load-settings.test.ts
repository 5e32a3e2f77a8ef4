import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { faultText, SettingsError } from "../../src/config/fault.ts";
import { type LoadedSettings, loadSettings } from "../../src/config/load-settings.ts";
import { printedSettings, settingsLines } from "../../src/config/print-settings.ts";
import { Secret } from "../../src/config/secret.ts";
import { environmentName } from "../../src/config/setting.ts";
import { settingsList } from "../../src/config/settings.ts";

const machine = { hostname: "mail.campus.example", cores: 4 };
let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "mailroom-settings-"));
});
afterEach(() => rmSync(cwd, { recursive: true }));

const write = (name: string, text: string | Buffer, mode = 0o600): void => {
  writeFileSync(join(cwd, name), text);
  chmodSync(join(cwd, name), mode);
};
const load = (env: NodeJS.ProcessEnv = {}, configFile?: string): LoadedSettings => loadSettings({ env, cwd, machine, configFile });
const originOf = (loaded: LoadedSettings, key: string) => loaded.origins.get(key)?.origin;

function faults(env: NodeJS.ProcessEnv = {}, configFile?: string): string {
  try {
    load(env, configFile);
    return "";
  } catch (error) {
    if (error instanceof SettingsError) return error.message;
    throw error;
  }
}

describe("the list", () => {
  test("every default is a value of its own type, every name is free", () => {
    const { settings, origins } = load();
    expect([...origins.keys()]).toEqual(Object.keys(settingsList));
    expect(settings.workers).toBe(4);
    const names = Object.entries(settingsList).flatMap(([key, { type }]) => [
      environmentName(key),
      ...(type.secret ? [environmentName(`${key}_file`)] : []),
    ]);
    expect(new Set([...names, "MAILROOM_CONFIG"]).size).toBe(names.length + 1);
    expect(environmentName("queue.delay_warning")).toBe("MAILROOM_QUEUE_DELAY_WARNING");
  });

  test("each sentence is one, and RFC sections are cited in full", () => {
    for (const [key, { sentence }] of Object.entries(settingsList)) {
      expect(sentence, key).toMatch(/^[A-Z/`].*\.$/s);
      expect(sentence, key).not.toMatch(/\||RFC [0-9]+ [0-9]/);
    }
  });

  test("the contract's defaults", () => {
    const { settings } = load();
    expect(settings.smtp.listen).toEqual([{ host: "127.0.0.1", port: 2525 }]);
    expect(settings.http.listen).toEqual([{ host: "127.0.0.1", port: 8025 }]);
    expect([settings.submission.listen, settings.submissions.listen, settings.metrics.listen]).toEqual([[], [], []]);
    expect([settings.database.url, settings.tls.cert, settings.tls.key, settings.postmaster]).toEqual([null, null, null, null]);
    expect(settings.smtp.size).toBe(52_428_800);
    expect(settings.queue.retry).toEqual([1, 5, 15, 30, 60, 120, 240].map((minutes) => minutes * 60_000));
    expect([settings.queue.lifetime, settings.queue.delayWarning]).toEqual([345_600_000, 14_400_000]);
    expect(settings.services).toEqual(["receive", "deliver", "admin"]);
    expect(settings.relay.trustedNetworks).toEqual([]);
    expect(settings.dataDir).toBe(join(cwd, "data"));
    expect(settings.hostname).toBe("mail.campus.example");
  });
});

describe("where settings come from", () => {
  test("the environment before the file, the file before the default", () => {
    write("mailroom.yaml", "smtp:\n  size: 1 MiB\n  recipients: 200\n");
    const loaded = load({ MAILROOM_SMTP_SIZE: "2 MiB" });
    expect([loaded.settings.smtp.size, loaded.settings.smtp.recipients, loaded.settings.smtp.receivedFields]).toEqual([2_097_152, 200, 50]);
    expect(originOf(loaded, "smtp.size")).toBe("environment MAILROOM_SMTP_SIZE");
    expect(originOf(loaded, "smtp.recipients")).toBe("mailroom.yaml:3");
    expect(originOf(loaded, "smtp.received_fields")).toBe("default");
    expect(loaded.file).toBe("mailroom.yaml");
  });

  test("--config before MAILROOM_CONFIG before mailroom.yaml here", () => {
    write("mailroom.yaml", "workers: 1\n");
    write("two.yaml", "workers: 2\n");
    write("three.yaml", "workers: 3\n");
    expect(load().settings.workers).toBe(1);
    expect(load({ MAILROOM_CONFIG: "two.yaml" }).settings.workers).toBe(2);
    expect(load({ MAILROOM_CONFIG: "two.yaml" }, "three.yaml").settings.workers).toBe(3);
    expect(load({ MAILROOM_CONFIG: "" }).settings.workers).toBe(1);
    expect(load({}, join(cwd, "two.yaml")).settings.workers).toBe(2);
    expect(faults({ MAILROOM_CONFIG: "two.yaml" }, "four.yaml")).toBe("four.yaml: does not exist");
    expect(faults({}, "mailroom.yaml/x")).toBe("mailroom.yaml/x: does not exist");
  });

  test("relative paths start at the file's folder, in the environment where the process runs", () => {
    write("mailroom.yaml", "data_dir: state\n");
    const elsewhere = {
      env: { MAILROOM_TLS_CERT: "c.pem", MAILROOM_TLS_KEY: "k.pem" },
      cwd: "/",
      machine,
      configFile: join(cwd, "mailroom.yaml"),
    };
    const { settings } = loadSettings(elsewhere);
    expect([settings.dataDir, settings.tls.cert]).toEqual([join(cwd, "state"), "/c.pem"]);
  });

  test("an empty variable counts as not set, but empties a list that may be empty", () => {
    write("mailroom.yaml", "relay.trusted_networks: [192.0.2.0/24]\nsmtp.listen: 127.0.0.1:25\nworkers: 3\n");
    const { settings } = load({
      MAILROOM_RELAY_TRUSTED_NETWORKS: "",
      MAILROOM_SMTP_LISTEN: "",
      MAILROOM_WORKERS: "",
      MAILROOM_DATABASE_URL: "",
    });
    expect(settings.relay.trustedNetworks).toEqual([]);
    expect([settings.smtp.listen, settings.workers, settings.database.url]).toEqual([[{ host: "127.0.0.1", port: 25 }], 3, null]);
  });

  test("lists: commas, YAML sequences, blanks", () => {
    write(
      "mailroom.yaml",
      'services: [receive, deliver]\nsmtp:\n  listen:\n    - 127.0.0.1:25\n    - "[::1]:25"\nqueue.retry: " 1m , 2m "\n',
    );
    const { settings } = load({ MAILROOM_HTTP_LISTEN: "127.0.0.1:8025, [::1]:8025" });
    expect(settings.services).toEqual(["receive", "deliver"]);
    expect([settings.smtp.listen.length, settings.http.listen.length]).toEqual([2, 2]);
    expect(settings.queue.retry).toEqual([60_000, 120_000]);
  });

  test("what is not available yet may be written out as it is", () => {
    write("mailroom.yaml", "ldap: []\nqueue.delay_warning: 4h\nsubmission:\n  listen: off\n");
    expect(load({ MAILROOM_SUBMISSIONS_LISTEN: "off" }).settings.submission.listen).toEqual([]);
  });

  test("a machine whose name is no host name is called localhost, and that is said", () => {
    const loaded = loadSettings({ env: {}, cwd, machine: { hostname: "Bob's_Laptop", cores: 1 } });
    expect(loaded.settings.hostname).toBe("localhost");
    expect(loaded.warnings.map(faultText)).toEqual([
      'default hostname: "localhost" is a single label, and other servers expect a full name; set it as in "mail.campus.example"',
    ]);
  });
});

describe("secrets", () => {
  const url = "postgres://mailroom:hunter2@db.campus.example/mailroom";

  test.each([
    ["the environment", { MAILROOM_DATABASE_URL: url }, "environment MAILROOM_DATABASE_URL"],
    ["a file named in the environment", { MAILROOM_DATABASE_URL_FILE: "secret" }, "secret file secret"],
    ["the settings file", { MAILROOM_CONFIG: "inline.yaml" }, "inline.yaml:2"],
    ["a file named in the settings file", { MAILROOM_CONFIG: "file.yaml" }, "secret file secret"],
  ])("from %s; nothing shows them", (_from, env, origin) => {
    write("secret", `${url}\r\n`);
    write("inline.yaml", `database:\n  url: ${url}\n`);
    write("file.yaml", "database:\n  url_file: secret\n");
    const loaded = load(env);
    expect(loaded.settings.database.url?.reveal()).toBe(url);
    expect(originOf(loaded, "database.url")).toBe(origin);
    expect(loaded.warnings).toEqual([]);
    const printed = [
      inspect(loaded, { depth: 9 }),
      JSON.stringify(loaded.settings),
      settingsLines(loaded, true).join("\n"),
      JSON.stringify(printedSettings(loaded)),
    ];
    for (const text of printed) expect(text).not.toContain("hunter2");
    expect(settingsLines(loaded, false)).toContain('database.url: "***"');
  });

  test("the environment hides the file's, whichever form each has", () => {
    write("mailroom.yaml", "database.url_file: absent\n");
    expect(faults({ MAILROOM_DATABASE_URL: url })).toBe('mailroom.yaml:1 database.url: "absent" cannot be read (ENOENT)');
    write("absent", "postgres://other/other\n");
    expect(load({ MAILROOM_DATABASE_URL: url }).settings.database.url?.reveal()).toBe(url);
  });

  test("a file that everybody can read is warned of", () => {
    write("secret", url, 0o644);
    write("mailroom.yaml", `database.url: ${url}\n`, 0o604);
    write("key.pem", "", 0o644);
    const said = (env: NodeJS.ProcessEnv) => load(env).warnings.map(faultText);
    const file = `mailroom.yaml:1 database.url: every account of this machine can read the secret; chmod o-r ${join(cwd, "mailroom.yaml")}`;
    expect(said({})).toEqual([file]);
    expect(said({ MAILROOM_DATABASE_URL_FILE: "secret" })).toEqual([
      `MAILROOM_DATABASE_URL_FILE: every account of this machine can read the secret; chmod o-r ${join(cwd, "secret")}`,
    ]);
    write("mailroom.yaml", "workers: 1\n", 0o644);
    expect(said({ MAILROOM_TLS_CERT: "cert.pem", MAILROOM_TLS_KEY: "key.pem" })).toEqual([
      `MAILROOM_TLS_KEY: every account of this machine can read the private key; chmod o-r ${join(cwd, "key.pem")}`,
    ]);
  });

  test("faults in a secret's file never show what is in it", () => {
    const said = () => faults({ MAILROOM_DATABASE_URL_FILE: "secret" });
    for (const content of [
      Buffer.from("\n"),
      Buffer.from(""),
      Buffer.from([0xff, 0xfe, 0x68]),
      Buffer.from("hunter2"),
      Buffer.alloc(65_537, "hunter2"),
    ]) {
      write("secret", content);
      expect(said()).toMatch(/^MAILROOM_DATABASE_URL_FILE: /);
      expect(said()).not.toContain("hunter2");
    }
    expect(faults({ MAILROOM_DATABASE_URL_FILE: "." })).toBe('MAILROOM_DATABASE_URL_FILE: "." is not a regular file');
    expect(faults({ MAILROOM_DATABASE_URL_FILE: "/dev/zero" })).toBe('MAILROOM_DATABASE_URL_FILE: "/dev/zero" is not a regular file');
  });

  test("a Secret prints *** however it is printed", () => {
    const secret = new Secret("hunter2");
    const printed = [
      `${String(secret)}`,
      JSON.stringify({ secret }),
      inspect(secret),
      inspect({ deep: [secret] }, { showHidden: true }),
      Object.values(secret).join(),
    ];
    for (const text of printed) expect(text).not.toContain("hunter2");
    expect(structuredClone(Object.assign({}, secret))).toEqual({});
    expect(secret.reveal()).toBe("hunter2");
  });
});

describe("what is said about settings that work against each other", () => {
  const said = (env: NodeJS.ProcessEnv) => load(env).warnings.map(faultText);

  test("a limit that a lower one hides: only when both were given", () => {
    expect(said({ MAILROOM_DELIVER_CONCURRENCY: "1" })).toEqual([]); // below the default of deliver.first_concurrency
    expect(said({ MAILROOM_DELIVER_CONCURRENCY: "4", MAILROOM_DELIVER_FIRST_CONCURRENCY: "4" })).toEqual([]);
    expect(said({ MAILROOM_DELIVER_CONCURRENCY: "4", MAILROOM_DELIVER_FIRST_CONCURRENCY: "5" })).toEqual([
      "MAILROOM_DELIVER_FIRST_CONCURRENCY: deliver.first_concurrency is never reached: deliver.concurrency is lower",
    ]);
  });

  test("no listener for what is to be received", () => {
    expect(said({ MAILROOM_SMTP_LISTEN: "off" })).toEqual([
      "MAILROOM_SMTP_LISTEN: mail is to be received and no listener is on; set smtp.listen",
    ]);
    expect(said({ MAILROOM_SMTP_LISTEN: "off", MAILROOM_SERVICES: "deliver" })).toEqual([]);
  });

  test("a size below what RFC 5321 asks for", () => {
    expect(said({ MAILROOM_SMTP_SIZE: "65535" })).toEqual(["MAILROOM_SMTP_SIZE: is below what every server must take (RFC 5321: 64 KiB)"]);
    expect(said({ MAILROOM_SMTP_SIZE: "65536" })).toEqual([]);
  });

  test("IPv4 and IPv6 wildcards share a port, port 0 collides with nothing", () => {
    expect(
      faults({ MAILROOM_SMTP_LISTEN: "0.0.0.0:25,[::]:25", MAILROOM_HTTP_LISTEN: "127.0.0.1:0", MAILROOM_METRICS_LISTEN: "127.0.0.1:0" }),
    ).toBe("");
    expect(faults({ MAILROOM_SMTP_LISTEN: "[::]:25", MAILROOM_HTTP_LISTEN: "[::1]:25" })).toContain("cannot both listen");
  });

  test("how wide a network may be", () => {
    const network = (text: string) => faults({ MAILROOM_RELAY_TRUSTED_NETWORKS: text });
    expect([network("10.0.0.0/8"), network("2000::/19"), network("fc00::/7"), network("fd00::/8")]).toEqual(["", "", "", ""]);
    expect(network("10.0.0.0/7")).toContain("is too wide");
    expect(network("2000::/18")).toContain("is too wide");
    expect(network("fc00::/6")).toContain("is too wide");
  });
});

describe("printing", () => {
  test("the lines are a settings file that gives the same settings again", () => {
    write(
      "mailroom.yaml",
      'smtp.listen: ["[::1]:25", 127.0.0.1:25]\ndata_dir: "/srv/a b: #c"\npostmaster: it@campus.example\nrelay.trusted_networks: 192.0.2.0/24\n',
    );
    const first = load();
    write("mailroom.yaml", `${settingsLines(first, true).join("\n")}\n`);
    const again = load();
    expect(again.settings).toEqual(first.settings);
    expect(originOf(again, "log.level")).toMatch(/^mailroom\.yaml:/);
  });

  test("what is not set is a comment that says what happens instead", () => {
    expect(settingsLines(load(), false)).toContain("# database.url: embedded");
    expect(printedSettings(load())).toContainEqual({ key: "database.url", value: null, origin: "default" });
    expect(settingsLines(load({ MAILROOM_WORKERS: "7" }), true).find((line) => line.startsWith("workers"))).toMatch(
      /^workers: 7 +# environment MAILROOM_WORKERS$/,
    );
  });
});
