/** What a newcomer copies from the README, from the demo's banner and from --help must work there. */
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { expect, test } from "vitest";
import { addressOf, CAMPUS, CS, EVERYONE, MAILBOXES, people, roles } from "../../src/actions/example-college-data.ts";
import { openContext } from "../../src/cli/context.ts";
import { firstSteps } from "../../src/cli/demo.ts";
import { processOutput } from "../../src/cli/output.ts";
import { buildProgram } from "../../src/cli/program.ts";

test("the README has the lines of the demo's banner", () => {
  const readme = readFileSync("README.md", "utf8")
    .split("\n")
    .map((line) => line.trim());
  for (const line of firstSteps("127.0.0.1:2525")) expect(readme).toContain(line.trim());
});

/** The help of a command and of all its verbs, as it is printed. */
function helpOf(command: Command): string {
  let text = "";
  command.configureOutput({
    writeOut: (piece) => {
      text += piece;
    },
  });
  command.outputHelp();
  return [text, ...command.commands.map((sub) => helpOf(sub as Command))].join("\n");
}

test("the examples of --help use addresses that the demo has, or that another example makes", () => {
  const help = helpOf(buildProgram(openContext(processOutput(process.stdout, process.stderr))));
  const lists = people.flatMap(([, , unit, position]) => {
    const domain = unit === "cs" ? CS : CAMPUS;
    return [`${unit}-${position}@${domain}`, `${unit}-all@${domain}`, `all-${position}@${CAMPUS}`];
  });
  const named = people.flatMap(([account, name]) => [addressOf(name), `${account}@${CAMPUS}`, `${account}@${MAILBOXES}`]);
  const made = [...help.matchAll(/(?:alias set|list create) (\S+@\S+)/g)].map(([, address]) => address);
  const known = new Set<string | undefined>([...lists, ...named, ...Object.keys(roles), EVERYONE, ...made]);
  const used = [...help.matchAll(/[\w.-]+@(?:\w+\.)*campus\.example/g)].map(([address]) => address);
  expect(used.length).toBeGreaterThan(15);
  expect(used.filter((address) => !known.has(address))).toEqual([]);
});
