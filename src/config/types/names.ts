/** Types of settings that are names: of hosts, mailboxes, files; and secrets. */
import { isAbsolute, resolve } from "node:path";
import { type Mailbox, mailboxText, parseMailbox } from "../../mail/mailbox.ts";
import { quoted } from "../fault.ts";
import { Secret } from "../secret.ts";
import { type SettingType, scalar, Wrong } from "../setting.ts";

/** A host name, in A-labels and lower case. Whatever may stand behind the @ of a mailbox, but no literal. */
export const hostname: SettingType<string> = scalar(
  "host name",
  (text) => {
    const parsed = parseMailbox(`postmaster@${text}`, { smtputf8: true });
    if (!parsed.ok || text.startsWith("[") || text.includes("@"))
      return new Wrong(`${quoted(text)} is not a host name`, 'write it as in "mail.campus.example"');
    return /^[0-9.]+$/.test(parsed.mailbox.domain)
      ? new Wrong(`${quoted(text)} is an address, not a name`, 'write it as in "mail.campus.example"')
      : parsed.mailbox.domain;
  },
  (name) => name,
);

/** A mailbox, read by the one address function. */
export const mailbox: SettingType<Mailbox> = scalar(
  "mailbox",
  (text) => {
    const parsed = parseMailbox(text, { smtputf8: true });
    return parsed.ok
      ? parsed.mailbox
      : new Wrong(`${quoted(text)} is not a mailbox (${parsed.fault.detail})`, 'write it as in "it@campus.example"');
  },
  mailboxText,
);

/** The absolute name of a file or folder. Relative names start at the settings file's folder, or where the process was started. */
export const path: SettingType<string> = {
  ...scalar(
    "path",
    (text: string) => {
      if (/\p{Cc}/u.test(text)) return new Wrong(`${quoted(text)} holds a control character`, "write a plain path");
      return text.startsWith("~") ? new Wrong(`${quoted(text)} starts with ~, which only a shell expands`, "write the whole path") : text;
    },
    (name) => name,
  ),
  within: (name, folder) => (isAbsolute(name) ? name : resolve(folder, name)),
};

const WEB_HINT = 'write it as in "https://lists.campus.example"';

/** Where people reach us: https, without a slash at the end. */
export const webUrl: SettingType<string> = scalar(
  "web address",
  (text) => {
    const url = URL.canParse(text) ? new URL(text) : null;
    if (url?.protocol !== "https:" || url.username !== "" || url.password !== "")
      return new Wrong(`${quoted(text)} is not a web address with https`, WEB_HINT); // RFC 8058 §3.1
    if (url.search !== "" || url.hash !== "") return new Wrong(`${quoted(text)} has something behind its path`, WEB_HINT);
    const whole = url.href.replace(/\/+$/, "");
    return whole.length > 200 ? new Wrong("is longer than 200 characters", WEB_HINT) : whole;
  },
  (url) => url,
);

const ISSUER_HINT = 'write it as in "https://login.campus.example", just as the provider does';
const LOOPBACK = /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/;

/** Who says who people are (OpenID Connect Discovery 1.0, section 3): https, and kept to the letter, for the provider compares it so. http on loopback alone. */
export const issuer: SettingType<string> = scalar(
  "issuer",
  (text) => {
    const url = URL.canParse(text) ? new URL(text) : null;
    if (url?.protocol !== "https:" && !(url?.protocol === "http:" && LOOPBACK.test(url.hostname)))
      return new Wrong(`${quoted(text)} is not a web address with https`, ISSUER_HINT);
    if (url.username !== "" || url.password !== "" || /[?#@\s]/.test(text))
      return new Wrong(`${quoted(text)} holds more than a host and a path`, ISSUER_HINT);
    return text.length > 200 ? new Wrong("is longer than 200 characters", ISSUER_HINT) : text;
  },
  (text) => text,
);

/** A few words as people read them. */
export const label: SettingType<string> = scalar(
  "text",
  (text) =>
    /^[^\p{C}\p{Zl}\p{Zp}]{1,200}$/u.test(text) && text.trim() !== ""
      ? text
      : new Wrong(`${quoted(text)} is no line of text`, "write 1 to 200 characters in one line"),
  (text) => text,
);

/** Text that is never shown. */
export const secret: SettingType<Secret> = { ...scalar("secret", (text) => new Secret(text), String), secret: true };

/** Where the database is. db/ takes it apart; here it only has to be one, and it may hold a password. */
export const databaseUrl: SettingType<Secret> = {
  ...scalar(
    "URL (secret)",
    (text) =>
      /^postgres(ql)?:\/\/[^\s]*$/.test(text)
        ? new Secret(text)
        : new Wrong("is not the URL of a Postgres database", 'write it as in "postgres://mailroom@db.campus.example/mailroom"'),
    String,
  ),
  secret: true,
};
