/** A private Postfix: its own configuration, spool and mailboxes in a folder that goes with it. Needs root and Debian's postfix. */
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type Postfix = {
  readonly port: number;
  /** Hands a message to Postfix's sendmail, as a program on this machine does. */
  submit(from: string, to: string, content: Buffer): void;
  /** Messages in its mailbox of this local part. */
  mailbox(localPart: string): Buffer[];
  log(): string;
  stop(): void;
};

/** `inbox`: the domain it delivers itself; `relayhost`: where everything else goes. */
export function startPostfix({ port, inbox, relayhost }: { port: number; inbox: string; relayhost: string }): Postfix {
  const root = mkdtempSync(join(tmpdir(), "mailroom-postfix-"));
  chmodSync(root, 0o755);
  const [conf, spool, data, mail] = ["etc", "spool", "lib", "mail"].map((name) => join(root, name)) as [string, string, string, string];
  for (const folder of [conf, spool, data, mail]) mkdirSync(folder);
  execFileSync("chown", ["postfix", data]);
  execFileSync("chown", ["nobody:nogroup", mail]);
  writeFileSync(join(conf, "boxes"), "");
  writeFileSync(
    join(conf, "main.cf"),
    `compatibility_level = 3.6
queue_directory = ${spool}
data_directory = ${data}
myhostname = postfix.peer.test
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
relayhost = ${relayhost}
virtual_mailbox_domains = ${inbox}
virtual_mailbox_base = ${mail}
virtual_mailbox_maps = static:all/
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
virtual_minimum_uid = 100
smtp_tls_security_level = may
smtp_host_lookup = native
disable_dns_lookups = yes
smtpd_peername_lookup = no
maillog_file = ${root}/log
maillog_file_prefixes = ${root}
`,
  );
  const master = readFileSync("/etc/postfix/master.cf", "utf8")
    .split("\n")
    .filter((line) => !/^\S+\s+inet\s/.test(line) && !/^\s+-o/.test(line))
    .map((line) => (/^[a-z]/.test(line) ? line.replace(/^(\S+\s+\S+\s+\S+\s+\S+\s+)[yn-](\s)/, "$1n$2") : line));
  writeFileSync(join(conf, "master.cf"), [`127.0.0.1:${port} inet n - n - - smtpd`, ...master].join("\n"));
  const postfix = (command: string): void => void spawnSync("postfix", ["-c", conf, command], { stdio: "ignore" });
  postfix("start");
  return {
    port,
    submit: (from, to, content) =>
      void execFileSync("/usr/sbin/sendmail", ["-i", "-C", conf, "-f", from, to], {
        input: content,
        env: { ...process.env, MAIL_CONFIG: conf },
      }),
    mailbox: () => {
      const folder = join(mail, "all", "new");
      try {
        return readdirSync(folder).map((name) => readFileSync(join(folder, name)));
      } catch {
        return [];
      }
    },
    log: () => readFileSync(join(root, "log"), "utf8"),
    stop: () => {
      postfix("stop");
      rmSync(root, { recursive: true, force: true });
    },
  };
}
