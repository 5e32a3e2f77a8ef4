import { join } from "node:path";
import { Command } from "commander";
import type { Settings } from "../config/settings-tree.ts";
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
      let refusal = "";
      return runServer(ctx, {
        adapt: (settings) => ({ ...settings, deliver: { ...settings.deliver, capture: join(mailFolder(settings), "elsewhere") } }),
        async prepare(connection, settings) {
          refusal = await fillIn(ctx, connection, settings);
        },
        started: (addresses, settings) => ctx.out.text(welcome(addresses, settings, refusal)),
      });
    });
}

const mailFolder = ({ dataDir }: Settings): string => join(dataDir, "mailboxes");

/** Loads the example college, unless the database belongs to a real one. Returns the answer to the attempt to make a loop. */
async function fillIn(ctx: CliContext, connection: Connection, settings: Settings): Promise<string> {
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
    return (await loadExampleCollege(db, mailFolder(settings))).refusal;
  } finally {
    await db.close();
  }
}

/** What a newcomer types first; the README has the same lines. @internal */
export const firstSteps = (at: string): readonly string[] => [
  `swaks --server ${at} --from you@elsewhere.example --to cs-faculty@cs.campus.example --header "Subject: Hello"`,
  String.raw`printf 'From: you@elsewhere.example\r\nSubject: Hello\r\n\r\nHello.\r\n' |`,
  `  curl smtp://${at} --mail-from you@elsewhere.example --mail-rcpt cs-faculty@cs.campus.example --upload-file -`,
  "npx mailroom explain cs-faculty@cs.campus.example",
  "npx mailroom trace --to cs-faculty@cs.campus.example",
];

function welcome({ smtp, http }: { smtp: readonly string[]; http: readonly string[] }, settings: Settings, refusal: string): string {
  const at = smtp[0] ?? "";
  return `
Mailroom is running the Example College. Nothing leaves this machine.

  SMTP     ${smtp.join(", ")}
  HTTP     ${http.map((each) => `http://${each}/readyz`).join(", ")}
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
