/** What was before and what is after, property by property; what stayed is not named. */
import { Text } from "@mantine/core";
import { useT } from "../../i18n/i18n.tsx";
import type { Key } from "../../i18n/messages.ts";
import { visible } from "../../parts/text.tsx";

type Row = Readonly<Record<string, unknown>>;
const isRow = (value: unknown): value is Row => typeof value === "object" && value !== null && !Array.isArray(value);

/** Kept with every row; they say that it was written. */
const HIDDEN = new Set(["version", "changed_at", "created_at", "address", "domain"]);

/** What aliases have in the same table, and what says nothing of them. */
const OF_LISTS = new Set(["own_copy", "may_leave"]);

const NAMES: Readonly<Record<string, Key>> = {
  targets: "changes.field.targets",
  owner: "changes.field.owner",
  note: "changes.field.note",
  kind: "changes.field.kind",
  posting: "changes.field.posting",
  starts_at: "changes.field.starts_at",
  expires_at: "changes.field.expires_at",
  disabled: "changes.field.disabled",
  disabled_text: "changes.field.disabled_text",
  moved_to: "changes.field.moved_to",
  affiliation: "changes.field.affiliation",
  senders: "changes.field.senders",
  excluded: "changes.field.excluded",
  member_limit: "changes.field.member_limit",
};

export function Diff({ before, after }: { readonly before: unknown; readonly after: unknown }) {
  const t = useT();
  const [was, is] = [isRow(before) ? before : {}, isRow(after) ? after : {}];
  const isAlias = (is["kind"] ?? was["kind"]) === "alias";
  const keys = [...new Set([...Object.keys(was), ...Object.keys(is)])].filter(
    (key) =>
      !HIDDEN.has(key) &&
      !(isAlias && OF_LISTS.has(key)) &&
      JSON.stringify(was[key] ?? null) !== JSON.stringify(is[key] ?? null) &&
      !(isEmpty(was[key]) && isEmpty(is[key])),
  );
  if (keys.length === 0) return <Text size="sm">{before == null && after == null ? "–" : t("changes.diff.same")}</Text>;
  return (
    <dl className="diff">
      {keys.map((key) => (
        <div key={key}>
          <dt>{NAMES[key] === undefined ? visible(key) : t(NAMES[key])}</dt>
          <dd>
            {Array.isArray(was[key]) || Array.isArray(is[key]) ? <Many was={was[key]} is={is[key]} /> : <One was={was[key]} is={is[key]} />}
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** Nothing, no, nought and nobody are the defaults: a new entry need not say them. */
const isEmpty = (value: unknown): boolean =>
  value == null || value === false || value === 0 || value === "" || (Array.isArray(value) && value.length === 0);
const asText = (value: unknown): string => visible(typeof value === "string" ? value : JSON.stringify(value));

function One({ was, is }: { readonly was: unknown; readonly is: unknown }) {
  return (
    <>
      {!isEmpty(was) && <del>{asText(was)}</del>}
      {!isEmpty(was) && !isEmpty(is) && " → "}
      {!isEmpty(is) && <ins>{asText(is)}</ins>}
    </>
  );
}

/** Values shown of each side; a list may have 100,000. */
const SHOWN = 20;

function Many({ was, is }: { readonly was: unknown; readonly is: unknown }) {
  const t = useT();
  const [before, after] = [was, is].map((side) =>
    Array.isArray(side) ? side.map((one) => (typeof one === "string" ? one : JSON.stringify(one))) : [],
  );
  const [gone, come] = [(before ?? []).filter((one) => !after?.includes(one)), (after ?? []).filter((one) => !before?.includes(one))];
  const left = Math.max(0, gone.length - SHOWN) + Math.max(0, come.length - SHOWN);
  return (
    <>
      {gone.slice(0, SHOWN).map((one) => (
        <div key={one}>
          − <del>{visible(one)}</del>
        </div>
      ))}
      {come.slice(0, SHOWN).map((one) => (
        <div key={one}>
          + <ins>{visible(one)}</ins>
        </div>
      ))}
      {left > 0 && <div>{t("preview.more", { count: left })}</div>}
    </>
  );
}
