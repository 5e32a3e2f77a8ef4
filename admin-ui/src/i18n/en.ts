/** All English texts: one file for each area, so that a screen and its words are changed together. */
import { explainWordsEn } from "../explain/words.en.ts";
import { access } from "./en/access.ts";
import { addresses } from "./en/addresses.ts";
import { changes } from "./en/changes.ts";
import { common } from "./en/common.ts";
import { domains } from "./en/domains.ts";
import { entries } from "./en/entries.ts";
import { explain } from "./en/explain.ts";
import { flow } from "./en/flow.ts";
import { imports } from "./en/imports.ts";
import { lists } from "./en/lists.ts";
import { me } from "./en/me.ts";
import { server } from "./en/server.ts";

export const en = {
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
  ...explainWordsEn,
} as const;
