/** The `mailroom` command: its families of verbs, and what holds for all of them. */
import { Command } from "commander";
import { accountCommand } from "./account.ts";
import { aliasCommand } from "./alias.ts";
import { appPasswordCommand } from "./app-password.ts";
import { bulkCommand } from "./bulk.ts";
import { changesCommand } from "./changes.ts";
import { configCommand } from "./config.ts";
import type { CliContext, GlobalOptions } from "./context.ts";
import { demoCommand } from "./demo.ts";
import { domainCommand } from "./domain.ts";
import { EXIT_CODES } from "./exit-codes.ts";
import { explainCommand } from "./explain.ts";
import { exportCommand } from "./export.ts";
import { heldCommand } from "./held.ts";
import { importCommand } from "./import.ts";
import { ldapCommand } from "./ldap.ts";
import { listCommand } from "./list.ts";
import { migrateCommand } from "./migrate.ts";
import { policyCommand } from "./policy.ts";
import { queueCommand } from "./queue.ts";
import { routeCommand } from "./route.ts";
import { sendAsCommand } from "./send-as.ts";
import { serveCommand, workerCommand } from "./serve.ts";
import { testRelayCommand } from "./test-relay.ts";
import { tokenCommand } from "./token.ts";
import { traceCommand } from "./trace.ts";
import { undoCommand } from "./undo.ts";
import { userCommand } from "./user.ts";
import { version } from "./version.ts";

const EXAMPLES = `
Examples:
  mailroom domain add campus.example
  mailroom alias set help@campus.example --to victor.hill@campus.example --owner helpdesk@campus.example
  mailroom explain help@campus.example
  mailroom import csv people.csv --dry-run`;

/** Builds the whole command. Nothing heavy is loaded here: each verb loads what it needs when it runs. */
export function buildProgram(ctx: CliContext): Command {
  const program = new Command("mailroom")
    .description("Mailroom forwards a campus's mail: addresses, lists and routes from the command line.")
    .version(version(), "-V, --version", "print the version")
    .option("--config <file>", "settings file (else MAILROOM_CONFIG, else mailroom.yaml if it is there)")
    .option("--json", "print one JSON value per line instead of text")
    .addHelpText("after", EXAMPLES + EXIT_CODES)
    .hook("preAction", (_program, verb) => ctx.setOptions(verb.optsWithGlobals<GlobalOptions>()));
  const families = [
    serveCommand,
    demoCommand,
    migrateCommand,
    domainCommand,
    aliasCommand,
    listCommand,
    heldCommand,
    accountCommand,
    appPasswordCommand,
    sendAsCommand,
    userCommand,
    tokenCommand,
    queueCommand,
    traceCommand,
    explainCommand,
    ldapCommand,
    testRelayCommand,
    configCommand,
    routeCommand,
    policyCommand,
    importCommand,
    exportCommand,
    bulkCommand,
    changesCommand,
    undoCommand,
  ];
  for (const family of families) program.addCommand(family(ctx));
  program.addCommand(workerCommand(), { hidden: true });
  settle(program);
  return program;
}

/** What commander does not hand down to commands that are built on their own: throw instead of exit, and show the global options. */
function settle(command: Command): void {
  command
    .exitOverride()
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .showHelpAfterError("(add --help for usage and examples)");
  for (const sub of command.commands) settle(sub as Command);
}
