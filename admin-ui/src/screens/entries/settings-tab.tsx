/** What an alias or list is, besides where its mail goes. */
import { Button, Divider, Group, Stack, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useT } from "../../i18n/i18n.tsx";
import type { Key } from "../../i18n/messages.ts";
import { Failure } from "../../parts/failure.tsx";
import { ClashAlert, useVersioned } from "../../parts/versioned.tsx";
import { DeleteEntry } from "./delete-entry.tsx";
import { type Entry, type EntryPatch, readAddress, sendPatch } from "./entry-api.ts";
import { LifeSettings } from "./life-settings.tsx";

type Fields = { readonly owner: string; readonly note: string; readonly starts_at: string; readonly expires_at: string };

const NAMES = ["owner", "note", "starts_at", "expires_at"] as const;
const LABELS: Readonly<Record<(typeof NAMES)[number], Key>> = {
  owner: "addresses.field.owner",
  note: "addresses.field.note",
  starts_at: "entry.field.starts",
  expires_at: "addresses.field.expires",
};

/** The last day it counts, and the first. The server takes a day for its end or beginning, in UTC. */
const dayOf = (at: string | null, before = 0): string => {
  const time = at === null ? Number.NaN : Date.parse(at) - before;
  return Number.isNaN(time) ? "" : new Date(time).toISOString().slice(0, 10);
};

const fieldsOf = ({ owner, note, starts_at, expires_at }: Entry): Fields => ({
  owner: owner ?? "",
  note: note ?? "",
  starts_at: dayOf(starts_at),
  expires_at: dayOf(expires_at, 1),
});

/** Only what is different: what somebody did not touch they do not decide. */
function patchOf(fields: Fields, base: Entry): EntryPatch {
  const was = fieldsOf(base);
  return Object.fromEntries(
    NAMES.flatMap((name) => (fields[name].trim() === was[name] ? [] : [[name, fields[name].trim() === "" ? null : fields[name].trim()]])),
  );
}

export function SettingsTab({ entry, mayEdit }: { readonly entry: Entry; readonly mayEdit: boolean }) {
  return (
    <Stack maw="44rem">
      <Properties entry={entry} mayEdit={mayEdit} />
      {mayEdit && (
        <>
          <Divider />
          <LifeSettings entry={entry} />
          <Divider />
          <DeleteEntry entry={entry} />
        </>
      )}
    </Stack>
  );
}

/** While somebody edits, what they began with stays beside it: the version they have seen. */
function Properties({ entry, mayEdit }: { readonly entry: Entry; readonly mayEdit: boolean }) {
  const t = useT();
  const [draft, setDraft] = useState<{ readonly base: Entry; readonly fields: Fields } | null>(null);
  const [why, setWhy] = useState("");
  const { base, fields } = draft ?? { base: entry, fields: fieldsOf(entry) };
  const patch = patchOf(fields, base);
  const isChanged = Object.keys(patch).length > 0;
  const change = useVersioned<EntryPatch, Entry>({
    send: (wanted, version, reason) => sendPatch(entry, wanted, version, reason),
    read: () => readAddress(entry.address),
    done: t("entry.saved", { address: entry.address }),
  });
  const settle = (saved: boolean): void => {
    if (!saved) return;
    setDraft(null);
    setWhy("");
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (isChanged) void change.save(patch, base.version, why).then(settle);
  };
  const field = (name: (typeof NAMES)[number], type: "text" | "date" = "text", hint?: string) => (
    <TextInput
      type={type}
      label={t(LABELS[name])}
      description={hint}
      value={fields[name]}
      readOnly={!mayEdit}
      onChange={(event) => setDraft({ base, fields: { ...fields, [name]: event.currentTarget.value } })}
    />
  );
  return (
    <form onSubmit={submit}>
      <Stack>
        {field("owner", "text", t(entry.kind === "list" ? "lists.owner.hint" : "addresses.field.owner.hint"))}
        {field("note")}
        <Group grow align="flex-start">
          {field("starts_at", "date")}
          {field("expires_at", "date")}
        </Group>
        {isChanged && (
          <TextInput
            label={t("action.reason")}
            description={t("action.reason.hint")}
            value={why}
            onChange={(event) => setWhy(event.currentTarget.value)}
          />
        )}
        {change.error !== null && <Failure error={change.error} />}
        {change.clash !== null && (
          <ClashAlert
            rows={NAMES.filter((name) => patch[name] !== undefined).map((name) => ({
              label: LABELS[name],
              mine: fields[name] || "–",
              theirs: (change.clash && fieldsOf(change.clash.theirs)[name]) || "–",
            }))}
            busy={change.busy}
            onMine={() => void change.keepMine().then(settle)}
            onTheirs={() => {
              change.keepTheirs();
              setDraft(null);
            }}
          />
        )}
        {mayEdit && (
          <Group>
            <Button type="submit" disabled={!isChanged} loading={change.busy}>
              {t("action.save")}
            </Button>
            {isChanged && (
              <Button variant="default" onClick={() => setDraft(null)}>
                {t("action.cancel")}
              </Button>
            )}
          </Group>
        )}
      </Stack>
    </form>
  );
}
