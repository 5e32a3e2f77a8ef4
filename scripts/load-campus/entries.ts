/** Entries as rows, and the lives they lead: most simply work, some are expired, switched off, moved or lead nowhere. */
import type { Random } from "./random.ts";
import { NOTES } from "./words.ts";
import type { Column } from "./write.ts";

export type Entry = {
  readonly address: string;
  readonly kind: "alias" | "list";
  readonly targets: readonly string[];
  readonly owner: string | null;
  readonly note: string | null;
  readonly affiliation: string | null;
  readonly posting: string | null;
  readonly memberLimit: number | null;
  readonly life: Life;
  readonly createdAt: Date;
  readonly changedAt: Date;
};

/** How an entry differs from one that works. */
export type Life = {
  readonly state: "works" | "deadEnd" | "expired" | "off" | "moved";
  readonly startsAt?: Date;
  readonly expiresAt?: Date;
  readonly disabled?: "quiet" | "soft" | "hard" | "text";
  readonly disabledText?: string;
  readonly movedTo?: string;
  readonly movedDelivers?: boolean;
};

const DAY = 86_400_000;
const YEAR = 365 * DAY;

/** Shares of all entries. */
const SHARES = { deadEnd: 0.01, expired: 0.02, off: 0.02, moved: 0.005 } as const;
const ANSWERS = [
  { weight: 4, disabled: "hard" },
  { weight: 2, disabled: "quiet" },
  { weight: 2, disabled: "soft" },
  { weight: 2, disabled: "text" },
] as const;

/** The life of the next entry. `elsewhere`: where it might have moved. */
export function someLife(random: Random, now: Date, elsewhere: () => string): Life {
  const from = now.getTime();
  let share = random.next();
  const falls = (part: number): boolean => {
    share -= part;
    return share < 0;
  };
  if (falls(SHARES.deadEnd)) return { state: "deadEnd" };
  if (falls(SHARES.expired)) return { state: "expired", expiresAt: new Date(from - random.next() * 2 * YEAR) };
  if (falls(SHARES.off)) {
    const { disabled } = random.pickWeighted(ANSWERS);
    return { state: "off", disabled, ...(disabled === "text" && { disabledText: "Not in use any more, write to info@campus.example" }) };
  }
  if (falls(SHARES.moved)) return { state: "moved", movedTo: elsewhere(), movedDelivers: random.chance(0.5) };
  if (falls(0.12)) return { state: "works", expiresAt: new Date(from + DAY + random.next() * 2 * YEAR) };
  if (falls(0.01)) return { state: "works", startsAt: new Date(from - random.next() * YEAR) };
  return { state: "works" };
}

/** When it was made in the last ten years and last changed, and perhaps a note. */
export function someRecord(random: Random, now: Date): Pick<Entry, "createdAt" | "changedAt" | "note"> {
  const age = random.next() * 10 * YEAR;
  const createdAt = new Date(now.getTime() - age);
  const changedAt = random.chance(0.6) ? createdAt : new Date(now.getTime() - random.next() * age);
  return { createdAt, changedAt, note: random.chance(0.25) ? `${random.pick(NOTES)} #${random.digits(5)}` : null };
}

const iso = (time: Date | undefined): string | null => time?.toISOString() ?? null;

export const ENTRY_COLUMNS: readonly Column<Entry>[] = [
  ["address", "text", (e) => e.address],
  ["domain", "text", (e) => e.address.slice(e.address.lastIndexOf("@") + 1)],
  ["kind", "text", (e) => e.kind],
  ["owner", "text", (e) => e.owner],
  ["note", "text", (e) => e.note],
  ["affiliation", "text", (e) => e.affiliation],
  ["posting", "text", (e) => e.posting],
  ["member_limit", "integer", (e) => e.memberLimit],
  ["starts_at", "timestamptz", (e) => iso(e.life.startsAt)],
  ["expires_at", "timestamptz", (e) => iso(e.life.expiresAt)],
  ["disabled", "text", (e) => e.life.disabled ?? null],
  ["disabled_text", "text", (e) => e.life.disabledText ?? null],
  ["moved_to", "text", (e) => e.life.movedTo ?? null],
  ["moved_delivers", "boolean", (e) => e.life.movedDelivers ?? false],
  ["created_at", "timestamptz", (e) => iso(e.createdAt)],
  ["changed_at", "timestamptz", (e) => iso(e.changedAt)],
];

export type Target = { readonly address: string; readonly target: string; readonly addedAt: Date };

export const TARGET_COLUMNS: readonly Column<Target>[] = [
  ["address", "text", (t) => t.address],
  ["target", "text", (t) => t.target],
  ["added_at", "timestamptz", (t) => iso(t.addedAt)],
];

export const targetsOf = ({ address, targets, createdAt: addedAt }: Entry): Target[] =>
  targets.map((target) => ({ address, target, addedAt }));
