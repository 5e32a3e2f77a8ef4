/** The addresses of the campus: people with their long and short names, roles, lists, one very wide list and two chains. */
import { type Entry, type Life, someLife, someRecord } from "./entries.ts";
import { Addresses, campusMailbox, fullForms, providerMailbox, shortForm, someName } from "./names.ts";
import { Random } from "./random.ts";
import { ALUMNI, DEPARTMENTS, DOMAINS, LIST_FORMS, ROLES, STAFF_DOMAINS, STUDENTS } from "./words.ts";

/** A person whose address works, and where mail for it ends. */
export type Person = { readonly address: string; readonly mailbox: string };
export type List = { readonly address: string; readonly members: readonly Person[] };

/** What the trace and the samples need to know of the directory. Filled while entries are made. */
export type Campus = {
  readonly people: Person[];
  readonly lists: List[];
  nestedList: string | null;
  /** The first alias of each state; of those switched off, one that refuses. */
  readonly firsts: Partial<Record<Life["state"], string>>;
};

export const POPULAR_TARGET = "desk@helpdesk-vendor.example";
export const WIDE_LIST = "everyone@campus.example";
const WIDEST = 10_000;
const CHAIN = 15;
/** resolve.depth as it is without settings. */
const DEEPEST = 10;
export const chainLink = (n: number): string => `chain-${n}@campus.example`;
/** The last ten of the chain deliver. */
export const LONGEST_CHAIN = chainLink(CHAIN - DEEPEST + 1);

const AFFILIATIONS = [
  { weight: 60, affiliation: "student", elsewhere: 0.6 },
  { weight: 20, affiliation: "staff", elsewhere: 0.15 },
  { weight: 8, affiliation: "faculty", elsewhere: 0.25 },
  { weight: 12, affiliation: "alumni", elsewhere: 1 },
] as const;

export class CampusMaker {
  readonly campus: Campus = { people: [], lists: [], nestedList: null, firsts: {} };
  readonly #random: Random;
  readonly #now: Date;
  readonly #addresses = new Addresses();

  constructor(seed: string, now: Date) {
    this.#random = new Random(`${seed}/directory`);
    this.#now = now;
  }

  /** So many entries, people first, so that lists know who there is. At least a hundred. */
  *entries(count: number): Generator<Entry> {
    const lists = Math.ceil(count * 0.025);
    const roles = Math.ceil(count * 0.02);
    const people = count - lists - roles - CHAIN - 1;
    yield* this.#people(people);
    for (let i = 0; i < roles; i++) yield this.#role(i);
    for (let i = 0; i < lists; i++) yield this.#list(i);
    yield this.#wideList();
    yield* this.#chain();
  }

  *#people(count: number): Generator<Entry> {
    let made = 0;
    while (made < count) {
      for (const entry of this.#person()) {
        yield entry;
        if (++made === count) return;
      }
    }
  }

  /** The long name, the short one, and one in ten a third at the campus itself. */
  *#person(): Generator<Entry> {
    const random = this.#random;
    const name = someName(random);
    const { affiliation, elsewhere } = random.pickWeighted(AFFILIATIONS);
    const isStudent = affiliation === "student";
    const domain = isStudent ? STUDENTS : affiliation === "alumni" ? ALUMNI : random.pick(STAFF_DOMAINS);
    const address = this.#addresses.take(domain, ...fullForms(random, name));
    const mailbox = random.chance(elsewhere) ? providerMailbox(random, name) : campusMailbox(address);
    const targets = mailbox.endsWith("mbx.campus.example") && random.chance(0.1) ? [mailbox, providerMailbox(random, name)] : [mailbox];
    const life = this.#life(() => providerMailbox(random, name));
    const entry = this.#alias({ address, targets, owner: null, affiliation, life });
    yield entry;
    const works = life.state === "works";
    if (works) this.campus.people.push({ address, mailbox });
    const others = random.chance(0.95) ? [this.#addresses.take(domain, shortForm(random, name, isStudent))] : [];
    if (random.chance(0.1)) others.push(this.#addresses.take("campus.example", ...fullForms(random, name)));
    for (const other of others) {
      const to = works && random.chance(0.5) ? [address] : [mailbox];
      yield this.#alias({ address: other, targets: to, owner: address, affiliation, life: this.#life(() => address) });
    }
  }

  #role(n: number): Entry {
    const random = this.#random;
    const role = ROLES[n % ROLES.length] ?? "info";
    const domain = random.pick(STAFF_DOMAINS);
    const address =
      n < ROLES.length
        ? this.#addresses.take("campus.example", role)
        : this.#addresses.take(domain, `${random.pick(DEPARTMENTS)}-${role}`, `${role}-${random.digits(3)}`);
    const people = [random.pick(this.campus.people), random.pick(this.campus.people)].slice(0, random.between(1, 2));
    const targets = new Set(people.map((person) => person.address));
    if (n > 0 && random.chance(0.04)) targets.add(POPULAR_TARGET);
    if (n === 1) targets.add(POPULAR_TARGET);
    const owner = random.chance(0.9) ? (people[0]?.address ?? null) : null;
    return this.#alias({ address, targets: [...targets], owner, affiliation: null, life: this.#life(() => random.pick(people).address) });
  }

  #list(n: number): Entry {
    const random = this.#random;
    const department = random.pick(DEPARTMENTS);
    const form = random.pick(LIST_FORMS);
    const course = `${department.slice(0, 4)}${random.between(100, 499)}-${random.between(2019, 2026)}`;
    const address = this.#addresses.take(random.pick(STAFF_DOMAINS), random.chance(0.5) ? `${department}-${form}` : course, course);
    const size = Math.min(3 + Math.floor(random.next() ** 4 * 80), this.campus.people.length);
    const members = new Map(Array.from({ length: size }, () => random.pick(this.campus.people)).map((person) => [person.address, person]));
    const targets = new Set(members.keys());
    if (n >= 10 && (n === 10 || random.chance(0.1))) {
      for (let i = 0; i < 3; i++) targets.add(random.pick(this.campus.lists).address);
      this.campus.nestedList ??= address;
    }
    const life = n <= 10 ? ({ state: "works" } as const) : this.#life(() => random.pick(this.campus.lists).address);
    const entry = this.#entry({ address, kind: "list", targets: [...targets], owner: this.#owner(), affiliation: null, life });
    if (life.state === "works") this.campus.lists.push({ address, members: [...members.values()] });
    return entry;
  }

  #wideList(): Entry {
    const targets = this.campus.people.slice(0, WIDEST).map((person) => person.address);
    this.#addresses.take("campus.example", "everyone");
    const life = { state: "works" } as const;
    return this.#entry({ address: WIDE_LIST, kind: "list", targets, owner: this.#owner(), affiliation: null, life });
  }

  *#chain(): Generator<Entry> {
    for (let n = 1; n <= CHAIN; n++) {
      const targets = [n < CHAIN ? chainLink(n + 1) : campusMailbox("chain@campus.example")];
      yield this.#alias({ address: chainLink(n), targets, owner: null, affiliation: null, life: { state: "works" } });
    }
  }

  #owner(): string | null {
    return this.#random.chance(0.95) ? this.#random.pick(this.campus.people).address : null;
  }

  /** The first people simply work: there must be somebody. */
  #life(elsewhere: () => string): Life {
    return this.campus.people.length < 20 ? { state: "works" } : someLife(this.#random, this.#now, elsewhere);
  }

  #alias(entry: Pick<Entry, "address" | "targets" | "owner" | "affiliation" | "life">): Entry {
    return this.#entry({ ...entry, kind: "alias" });
  }

  #entry({ targets, ...entry }: Pick<Entry, "address" | "kind" | "targets" | "owner" | "affiliation" | "life">): Entry {
    const random = this.#random;
    const isDead = entry.life.state === "deadEnd";
    const { state, disabled } = entry.life;
    if (entry.kind === "alias" && (state !== "off" || disabled === "hard")) this.campus.firsts[state] ??= entry.address;
    const { createdAt, changedAt, note } = someRecord(random, this.#now);
    const isList = entry.kind === "list";
    return {
      ...entry,
      targets: isDead ? this.#nobody() : targets,
      posting: isList ? random.pick(["anyone", "campus", "campus", "members", "owners", "moderated"]) : null,
      memberLimit: entry.address === WIDE_LIST ? 2 * WIDEST : null,
      createdAt,
      changedAt,
      note,
    };
  }

  /** No target at all, or one who is gone. */
  #nobody(): readonly string[] {
    const random = this.#random;
    if (random.chance(0.1)) return [];
    const { first, last } = someName(random);
    return [`${first}.${last}.left${random.digits(4)}@${random.pick(DOMAINS)}`];
  }
}
