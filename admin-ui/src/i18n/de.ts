/** Alle deutschen Texte; `Messages` sorgt dafür, dass keiner fehlt. */
import { explainWordsDe } from "../explain/words.de.ts";
import { access } from "./de/access.ts";
import { addresses } from "./de/addresses.ts";
import { changes } from "./de/changes.ts";
import { common } from "./de/common.ts";
import { domains } from "./de/domains.ts";
import { entries } from "./de/entries.ts";
import { explain } from "./de/explain.ts";
import { flow } from "./de/flow.ts";
import { imports } from "./de/imports.ts";
import { lists } from "./de/lists.ts";
import { me } from "./de/me.ts";
import { server } from "./de/server.ts";
import type { Messages } from "./messages.ts";

export const de: Messages = {
  ...access,
  ...addresses,
  ...changes,
  ...common,
  ...domains,
  ...entries,
  ...explain,
  ...flow,
  ...imports,
  ...lists,
  ...me,
  ...server,
  ...explainWordsDe,
};
