/** `npm run pictures`: has the browser tests draw every screen, and puts those that the documentation shows into docs/pictures/. */
import { copyFileSync, mkdirSync } from "node:fs";
import { run } from "./run.ts";

/** Of test-results/panel/, by what they are called in the documentation. */
const PICTURES: Readonly<Record<string, string>> = {
  explain: "explain-dead-end-desktop-light",
  list: "list-held-desktop-light",
  home: "home-desktop-light",
};

const code = await run("node_modules/.bin/vitest", ["run", "test/e2e/panel"]);
if (code === 0) {
  mkdirSync("docs/pictures", { recursive: true });
  for (const [name, of] of Object.entries(PICTURES)) copyFileSync(`test-results/panel/${of}.png`, `docs/pictures/${name}.png`);
}
process.exitCode = code;
