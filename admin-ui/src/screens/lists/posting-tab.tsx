/** Who may post to a list, and what its members get and may. */
import { Button, Group, NumberInput, Radio, Stack, Switch, Text, TextInput, Title } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useT } from "../../i18n/i18n.tsx";
import type { Key } from "../../i18n/messages.ts";
import { Failure } from "../../parts/failure.tsx";
import { ClashAlert, useVersioned } from "../../parts/versioned.tsx";
import { sendListPatch } from "../entries/entry-api.ts";
import { type At, People } from "./people.tsx";
import { POSTING, type Posting } from "./posting.ts";
import { type List, readList } from "./read-list.ts";

type Fields = { readonly posting: Posting; readonly own_copy: boolean; readonly may_leave: boolean; readonly member_limit: number | null };

const NAMES = ["posting", "own_copy", "may_leave", "member_limit"] as const;
const LABELS: Readonly<Record<(typeof NAMES)[number], Key>> = {
  posting: "lists.posting.label",
  own_copy: "lists.ownCopy",
  may_leave: "lists.mayLeave",
  member_limit: "lists.limit",
};

const fieldsOf = ({ posting, own_copy, may_leave, member_limit }: List): Fields => ({
  posting: posting ?? "anyone",
  own_copy: own_copy ?? true,
  may_leave: may_leave ?? false,
  member_limit,
});

function patchOf(fields: Fields, base: List): Partial<Fields> {
  const was = fieldsOf(base);
  return Object.fromEntries(NAMES.flatMap((name) => (fields[name] === was[name] ? [] : [[name, fields[name]]])));
}

export function PostingTab({ list }: { readonly list: List }) {
  const t = useT();
  return (
    <Stack gap="xl">
      <Rule list={list} />
      {list.may.see_members && (
        <>
          <RolePeople list={list} as="sender" title={t("lists.senders")} text={t("lists.senders.text")} />
          <RolePeople list={list} as="excluded" title={t("lists.excluded")} text={t("lists.excluded.text")} />
        </>
      )}
    </Stack>
  );
}

/** While somebody edits, what they began with stays beside it: the version they have seen. */
function Rule({ list }: { readonly list: List }) {
  const t = useT();
  const [draft, setDraft] = useState<{ readonly base: List; readonly fields: Fields } | null>(null);
  const [why, setWhy] = useState("");
  const { base, fields } = draft ?? { base: list, fields: fieldsOf(list) };
  const patch = patchOf(fields, base);
  const isChanged = Object.keys(patch).length > 0;
  const isFixed = !list.may.edit;
  const change = useVersioned<Partial<Fields>, List>({
    send: (wanted, version, reason) => sendListPatch(list.address, wanted, version, reason),
    read: () => readList(list.address),
    done: t("entry.saved", { address: list.address }),
  });
  const set = (changed: Partial<Fields>): void => setDraft({ base, fields: { ...fields, ...changed } });
  const settle = (saved: boolean): void => {
    if (!saved) return;
    setDraft(null);
    setWhy("");
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (isChanged) void change.save(patch, base.version, why).then(settle);
  };
  const shown = (name: (typeof NAMES)[number], of: Fields): string => {
    const value = of[name];
    if (name === "posting") return t(`lists.posting.${of.posting}`);
    if (typeof value === "boolean") return t(value ? "lists.yes" : "lists.no");
    return value === null ? t("lists.limit.general") : String(value);
  };
  return (
    <form onSubmit={submit}>
      <Stack maw="44rem">
        <Radio.Group label={t("lists.posting.label")} value={fields.posting} onChange={(chosen) => set({ posting: chosen as Posting })}>
          <Stack gap="xs" mt="xs">
            {POSTING.map((value) => (
              <Radio
                key={value}
                value={value}
                disabled={isFixed}
                label={t(`lists.posting.${value}`)}
                description={t(`lists.posting.${value}.hint`)}
              />
            ))}
          </Stack>
        </Radio.Group>
        <Switch
          label={t("lists.ownCopy")}
          description={t("lists.ownCopy.hint")}
          checked={fields.own_copy}
          disabled={isFixed}
          onChange={(event) => set({ own_copy: event.currentTarget.checked })}
        />
        <Switch
          label={t("lists.mayLeave")}
          description={t("lists.mayLeave.hint")}
          checked={fields.may_leave}
          disabled={isFixed}
          onChange={(event) => set({ may_leave: event.currentTarget.checked })}
        />
        <NumberInput
          label={t("lists.limit")}
          description={t(list.may.limit ? "lists.limit.hint" : "lists.limit.admins")}
          placeholder={t("lists.limit.general")}
          value={fields.member_limit ?? ""}
          readOnly={!list.may.limit}
          min={1}
          max={100_000}
          allowDecimal={false}
          hideControls
          onChange={(value) => set({ member_limit: value === "" ? null : Number(value) })}
        />
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
              mine: shown(name, fields),
              theirs: change.clash === null ? "" : shown(name, fieldsOf(change.clash.theirs)),
            }))}
            busy={change.busy}
            onMine={() => void change.keepMine().then(settle)}
            onTheirs={() => {
              change.keepTheirs();
              setDraft(null);
            }}
          />
        )}
        {!isFixed && (
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

function RolePeople({
  list,
  as: role,
  title,
  text,
}: {
  readonly list: List;
  readonly as: "sender" | "excluded";
  readonly title: string;
  readonly text: string;
}) {
  const t = useT();
  const [at, setAt] = useState<At>({});
  return (
    <section>
      <Title order={2} size="h4">
        {title}
      </Title>
      <Text size="sm" c="dimmed" mb="xs">
        {text}
      </Text>
      <People
        address={list.address}
        as={role}
        mayEdit={list.may.edit}
        at={at}
        go={setAt}
        empty={<Text size="sm">{t(`lists.${role}.none`)}</Text>}
      />
    </section>
  );
}
