import { Command } from "commander";
import type { LoadedSettings } from "../config/load-settings.ts";
import type { CliContext } from "./context.ts";
import { examples } from "./verb.ts";

/** `mailroom config …`: looks at the settings and starts nothing. Faults leave as a SettingsError (exit 78). */
export function configCommand(ctx: CliContext): Command {
  const config = new Command("config").description("the settings: are they good, what are they, where do they come from");
  config
    .command("check")
    .description("read all settings, and the certificate they name, and say everything that is wrong")
    .addHelpText("after", examples("mailroom config check", "mailroom config check --config /etc/mailroom.yaml"))
    .action(() => check(ctx));
  config
    .command("print")
    .description("show every setting as it stands in a settings file; secrets are ***")
    .option("--origin", "with where each value comes from")
    .addHelpText(
      "after",
      examples("mailroom config print --origin", "mailroom config print --json | jq -r 'select(.origin != \"default\") | .key'"),
    )
    .action((options: { readonly origin?: boolean }) => print(ctx, options.origin === true));
  return config;
}

async function check(ctx: CliContext): Promise<void> {
  const loaded = await ctx.settings();
  const { database, tls, dataDir, hostname } = loaded.settings;
  if (database.url !== null) (await import("../db/connection.ts")).parseDatabaseUrl(database.url.reveal());
  if (tls.cert !== null) {
    const { ensureCertificate } = await import("../config/certificate.ts");
    await ensureCertificate({ certFile: tls.cert, keyFile: tls.key, dataDir, hostname });
  }
  await warn(ctx, loaded);
  ctx.out.note(`The settings are good (${loaded.file ?? "no settings file"}).`);
}

async function print(ctx: CliContext, withOrigin: boolean): Promise<void> {
  const loaded = await ctx.settings();
  const { printedSettings, settingsLines } = await import("../config/print-settings.ts");
  await warn(ctx, loaded);
  if (ctx.json) for (const setting of printedSettings(loaded)) await ctx.out.json(setting);
  else await ctx.out.text(settingsLines(loaded, withOrigin).join("\n"));
}

async function warn(ctx: CliContext, { warnings }: LoadedSettings): Promise<void> {
  const { faultText } = await import("../config/fault.ts");
  for (const warning of warnings) ctx.out.note(`warning: ${faultText(warning)}`);
}
