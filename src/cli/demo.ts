import { join } from "node:path";
import { Command } from "commander";
import type { Settings } from "../config/settings-tree.ts";
import type { Db } from "../db/client.ts";
import type { Connection } from "../db/connection.ts";
import type { CliContext } from "./context.ts";
import { UsageError } from "./exit-codes.ts";
import { runServer } from "./run-server.ts";
import { examples } from "./verb.ts";

/** `mailroom demo`: serve, with an example college, and every copy kept on this machine. */
export function demoCommand(ctx: CliContext): Command {
  return new Command("demo")
    .description("serve, with example data; nothing leaves the machine: copies land in Maildirs below the data directory")
    .addHelpText("after", examples("mailroom demo", "MAILROOM_DATA_DIR=/tmp/demo mailroom demo"))
    .action(() => {
      let filled: Filled = { loaded: false, refusal: "", password: "" };
      return runServer(ctx, {
        adapt: (settings) => ({ ...settings, deliver: { ...settings.deliver, capture: join(mailFolder(settings), "elsewhere") } }),
        async prepare(connection, settings) {
          filled = await fillIn(ctx, connection, settings);
        },
        async started(addresses, settings) {
          if (filled.loaded) await sendWeek(ctx, addresses.smtp[0] ?? "");
          await ctx.out.text(welcome(addresses, settings, filled));
        },
      });
    });
}

const mailFolder = ({ dataDir }: Settings): string => join(dataDir, "mailboxes");

/** `loaded`: the college is new. `refusal`: the answer to the attempt to make a loop. `password`: of the panel's `admin`, new at each start. */
type Filled = { readonly loaded: boolean; readonly refusal: string; readonly password: string };

/** Loads the example college, unless the database belongs to a real one. */
async function fillIn(ctx: CliContext, connection: Connection, settings: Settings): Promise<Filled> {
  const { openDatabase } = await import("../db/client.ts");
  const { loadExampleCollege } = await import("../actions/example-college.ts");
  const { listDomains } = await import("../actions/domains.ts");
  const db = openDatabase(connection, { applicationName: "mailroom demo", max: 2, log: ctx.log });
  try {
    const foreign = (await listDomains(db)).find(({ domain }) => !domain.endsWith("campus.example"));
    if (foreign) {
      throw new UsageError(
        `This database serves ${foreign.domain}: the demo would mix its example college in. Give it a data directory of its own: MAILROOM_DATA_DIR=/tmp/demo`,
      );
    }
    const { loaded, refusal } = await loadExampleCollege(db, mailFolder(settings));
    return { loaded, refusal, password: await makeAdmin(db) };
  } finally {
    await db.close();
  }
}

/** A week's mail for a college that is new. Without it the demo is emptier, and works. */
async function sendWeek(ctx: CliContext, at: string): Promise<void> {
  const { demoMail, sendDemoMail } = await import("./demo-traffic.ts");
  const host = at.slice(0, at.lastIndexOf(":")).replace(/^\[|\]$/g, "");
  const mail = demoMail();
  ctx.out.note(`Sending ${mail.length} example messages through the server …`);
  await sendDemoMail({ host, port: Number(at.slice(at.lastIndexOf(":") + 1)) }, mail).catch((error: unknown) =>
    ctx.out.note(`The example mail could not all be sent: ${String(error)}`),
  );
}

async function makeAdmin(db: Db): Promise<string> {
  const { grantRole, setUser } = await import("../actions/access/users.ts");
  const { newPassword } = await import("../sending/password.ts");
  const author = { actor: "demo", why: "the example college" };
  const { shown } = await newPassword();
  await setUser(db, author, "admin", shown);
  await grantRole(db, author, "admin", { role: "superadmin" });
  return shown;
}

/** What a newcomer types first; the README has the same lines. @internal */
export const firstSteps = (at: string): readonly string[] => [
  `swaks --server ${at} --from you@elsewhere.example --to cs-faculty@cs.campus.example --header "Subject: Hello"`,
  String.raw`printf 'From: you@elsewhere.example\r\nSubject: Hello\r\n\r\nHello.\r\n' |`,
  `  curl smtp://${at} --mail-from you@elsewhere.example --mail-rcpt cs-faculty@cs.campus.example --upload-file -`,
  "npx mailroom explain cs-faculty@cs.campus.example",
  "npx mailroom trace --to cs-faculty@cs.campus.example",
];

function welcome(
  { smtp, http }: { smtp: readonly string[]; http: readonly string[] },
  settings: Settings,
  { refusal, password }: Filled,
): string {
  const at = smtp[0] ?? "";
  return `
Mailroom is running the Example College. Nothing leaves this machine.

  Panel    ${http.map((each) => `http://${each}/`).join(", ")}  sign in as admin with ${password}
  SMTP     ${smtp.join(", ")}
  Mail     ${mailFolder(settings)}/ACCOUNT/new/

Send a first mail, from another terminal in this folder, by swaks or curl; then ask why it went where it went:

${firstSteps(at)
  .map((line) => `  ${line}`)
  .join("\n")}

A loop cannot be saved. The demo tried, and was answered:

  ${refusal.split("\n").join("\n  ")}

Ctrl-C stops everything. The data stays in ${settings.dataDir}; to start afresh, stop and remove that folder.
`;
}
