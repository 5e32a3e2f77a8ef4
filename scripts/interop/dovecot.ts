/** A private Dovecot that only speaks LMTP and keeps Maildirs. Needs root and Debian's dovecot-lmtpd. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type Dovecot = { mailbox(localPart: string): Buffer[]; stop(): Promise<void> };

/** Knows the users `users`; anybody else is 550. */
export function startDovecot(port: number, users: readonly string[]): Dovecot {
  const root = mkdtempSync(join(tmpdir(), "mailroom-dovecot-"));
  chmodSync(root, 0o755);
  const mail = join(root, "mail");
  mkdirSync(mail);
  execFileSync("chown", ["nobody:nogroup", mail]);
  writeFileSync(join(root, "users"), users.map((user) => `${user}:{plain}x:65534:65534::${mail}/${user}::\n`).join(""));
  writeFileSync(
    join(root, "dovecot.conf"),
    `protocols = lmtp
base_dir = ${root}/run
state_dir = ${root}/state
log_path = ${root}/log
ssl = no
first_valid_uid = 100
first_valid_gid = 100
mail_location = maildir:~/Maildir
auth_username_format = %n
passdb {
  driver = passwd-file
  args = ${root}/users
}
userdb {
  driver = passwd-file
  args = ${root}/users
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = ${port}
  }
}
`,
  );
  const child: ChildProcess = spawn("dovecot", ["-F", "-c", join(root, "dovecot.conf")], { stdio: "ignore" });
  return {
    mailbox: (localPart) => {
      const folder = join(mail, localPart, "Maildir", "new");
      try {
        return readdirSync(folder).map((name) => readFileSync(join(folder, name)));
      } catch {
        return [];
      }
    },
    async stop() {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await ended;
      rmSync(root, { recursive: true, force: true });
    },
  };
}
