import { join } from "node:path";
import type { Db } from "../db/client.ts";
import { setAlias } from "./aliases.ts";
import type { Author } from "./change.ts";
import { addDomain, listDomains } from "./domains.ts";
import {
  ALUMNI,
  addressOf,
  CAMPUS,
  CS,
  EVERYONE,
  FORMER_DEAN,
  loopAttempt,
  MAILBOXES,
  type Person,
  people,
  roles,
} from "./example-college-data.ts";
import { disableEntry } from "./life.ts";
import { addMembers, createList } from "./lists.ts";
import { Refusal } from "./refusal.ts";
import { together } from "./rehearse.ts";
import { setRoute } from "./routes.ts";

const AUTHOR: Author = { actor: "demo", why: "the example college" };

/** Its routes name no host. */
const NOWHERE = { hostname: "", listeners: [] };

/** `loaded`: whether it had to be loaded now. `refusal`: what the attempt to save a loop was answered. */
export type ExampleCollege = { readonly loaded: boolean; readonly people: number; readonly refusal: string };

/**
 * Puts the example college into the directory, all of it or nothing, with its mailboxes below `mailDir`. Mail to the rest of the world lands
 * there too, so that nothing leaves the machine. Once it is there, what people have changed since stays as it is.
 */
export async function loadExampleCollege(db: Db, mailDir: string): Promise<ExampleCollege> {
  const loaded = !(await listDomains(db)).some((domain) => domain.domain === CAMPUS);
  if (loaded) await together(db, load);
  await setRoute(db, AUTHOR, "*", `maildir:${join(mailDir, "elsewhere", "{domain}", "{local}")}`, NOWHERE);
  await setRoute(db, AUTHOR, MAILBOXES, `maildir:${join(mailDir, "{local}")}`, NOWHERE);
  return { loaded, people: people.length, refusal: await tryToLoop(db) };
}

async function load(db: Db): Promise<void> {
  await addDomains(db);
  await addPeople(db);
  await addLists(db);
  for (const [address, targets] of Object.entries(roles))
    await setAlias(db, AUTHOR, { address, targets: targets.map(atCampus), allow: { reserved: true } });
  await addTroubles(db);
}

/** Something to find: an office whose only target was switched off, a list nobody is on, and one whose posts wait for its owner. */
async function addTroubles(db: Db): Promise<void> {
  await setAlias(db, AUTHOR, { address: FORMER_DEAN, targets: [`nora.hall@${CAMPUS}`] });
  await disableEntry(db, { ...AUTHOR, why: "left in June" }, "alias", FORMER_DEAN, "hard", undefined);
  await setAlias(db, AUTHOR, { address: `grants-office@${CAMPUS}`, targets: [FORMER_DEAN], owner: `helpdesk@${CAMPUS}` });
  await createList(db, AUTHOR, { address: `book-club@${CAMPUS}`, owner: `library@${CAMPUS}` });
  await createList(db, AUTHOR, { address: `announcements@${CAMPUS}`, owner: `president@${CAMPUS}`, posting: "moderated" });
  await addMembers(db, AUTHOR, `announcements@${CAMPUS}`, [EVERYONE]);
}

async function addDomains(db: Db): Promise<void> {
  for (const domain of [CAMPUS, CS]) await addDomain(db, AUTHOR, { domain });
  await addDomain(db, AUTHOR, { domain: ALUMNI, aliasOf: CAMPUS });
}

/** Each person's address leads to the mailbox; the short one (account@) leads to the address. Those of cs have one there, too. */
async function addPeople(db: Db): Promise<void> {
  for (const [account, name, unit] of people) {
    const address = addressOf(name);
    await setAlias(db, AUTHOR, { address, targets: [`${account}@${MAILBOXES}`], owner: address });
    await setAlias(db, AUTHOR, { address: `${account}@${CAMPUS}`, targets: [address] });
    if (unit === "cs") await setAlias(db, AUTHOR, { address: `${account}@${CS}`, targets: [address] });
  }
}

/** A list for each position of a unit, one for the whole unit, one for each position of the campus, and one that holds them. */
async function addLists(db: Db): Promise<void> {
  const ofCampus = new Map<string, string[]>();
  for (const unit of new Set(people.map(([, , where]) => where))) {
    const domain = unit === "cs" ? CS : CAMPUS;
    const lists: string[] = [];
    for (const [position, members] of byPosition(people.filter(([, , where]) => where === unit))) {
      const list = `${unit}-${position}@${domain}`;
      await makeList(db, list, members);
      lists.push(list);
      ofCampus.set(position, [...(ofCampus.get(position) ?? []), list]);
    }
    await makeList(db, `${unit}-all@${domain}`, lists);
  }
  for (const [position, lists] of ofCampus) await makeList(db, `all-${position}@${CAMPUS}`, lists);
  await makeList(
    db,
    EVERYONE,
    [...ofCampus.keys()].map((position) => `all-${position}@${CAMPUS}`),
  );
}

function byPosition(some: readonly Person[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const [, name, , position] of some) groups.set(position, [...(groups.get(position) ?? []), addressOf(name)]);
  return groups;
}

async function makeList(db: Db, address: string, members: readonly string[]): Promise<void> {
  await createList(db, AUTHOR, { address, owner: `helpdesk@${CAMPUS}` });
  await addMembers(db, AUTHOR, address, members);
}

/** Every attempt is refused and changes nothing; the answer is for showing. */
async function tryToLoop(db: Db): Promise<string> {
  try {
    await setAlias(db, AUTHOR, loopAttempt);
    return "not refused";
  } catch (error) {
    if (error instanceof Refusal) return error.message;
    throw error;
  }
}

const atCampus = (target: string): string => (target.includes("@") ? target : `${target}@${CAMPUS}`);
