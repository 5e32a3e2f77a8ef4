/** What mail programs are told of this server: its name and ports as the network sees them, for its own domains. */
import type { AutoconfigSource } from "./admin/autoconfig.ts";
import type { Settings } from "./config/settings-tree.ts";
import type { Queryable } from "./db/client.ts";
import { absent, found, unavailable } from "./mail/lookup.ts";

export function autoconfigSource(db: Queryable, settings: Settings): AutoconfigSource {
  const { submission, submissions } = settings;
  return {
    hostname: settings.autoconfig.hostname ?? settings.hostname,
    submissionPort: submission.listen.length === 0 ? null : settings.autoconfig.submissionPort,
    submissionsPort: submissions.listen.length === 0 ? null : settings.autoconfig.submissionsPort,
    imapHostname: settings.autoconfig.imapHostname,
    domain: (name) =>
      db
        .query({ text: "select 1 from domains where domain = $1", values: [name] })
        .then(({ rows }) => (rows.length > 0 ? found(name) : absent), unavailable),
  };
}
