/** One change for many addresses: what is still to be said, what it would do to mail, and the button that names its reach. */
import { Button, Group, Loader, Modal, NativeSelect, Stack, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, body, reasonHeader } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { useChange } from "../../parts/change.tsx";
import { ChangePreview } from "../../parts/change-preview.tsx";
import { Failure } from "../../parts/failure.tsx";
import { Address } from "../../parts/text.tsx";

export const KINDS = ["disable", "enable", "owner", "expiry", "replace", "delete"] as const;
export type Kind = (typeof KINDS)[number];
export type Selection = { readonly addresses: string[] } | { readonly filter: { readonly q: string }; readonly expected: number };

type Body = Parameters<(typeof api.aliases.bulk)["$post"]>[0]["json"];
const ANSWERS = ["quiet", "soft", "hard", "text"] as const;
const FIELDS = { answer: "quiet", text: "", owner: "", expires: "", from: "", to: "", why: "" };
type Fields = typeof FIELDS;

/** Null: something is not said yet. An empty owner or date takes it away. */
function actionOf(kind: Kind, { answer, text, owner, expires, from, to }: Fields): Body["action"] | null {
  switch (kind) {
    case "disable":
      if (answer === "text") return text.trim() === "" ? null : { kind, answer, text: text.trim() };
      return { kind, answer: answer as (typeof ANSWERS)[number] };
    case "enable":
    case "delete":
      return { kind };
    case "owner":
      return { kind, owner: owner.trim() || null };
    case "expiry":
      return { kind, expires: expires || null };
    case "replace":
      return from.includes("@") && to.includes("@") ? { kind, from: from.trim(), to: to.trim() } : null;
  }
}

type Props = {
  readonly kind: Kind;
  readonly selection: Selection;
  readonly count: number;
  readonly close: () => void;
  readonly done: () => void;
};

export function BulkDialog({ kind, selection, count, close, done }: Props) {
  const t = useT();
  const change = useChange();
  const [fields, setFields] = useState(FIELDS);
  const [settled] = useDebouncedValue(fields, 400);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const [action, asked] = [actionOf(kind, fields), actionOf(kind, settled)];
  const rehearsal = useQuery({
    queryKey: ["rehearsed", "bulk", selection, asked],
    enabled: asked !== null,
    retry: false,
    queryFn: () =>
      body(api.aliases.bulk.$post({ query: { dry_run: "true" }, json: { ...selection, action: asked ?? { kind: "enable" } } })),
  });
  const submit = async (): Promise<void> => {
    if (action === null) return;
    setBusy(true);
    setError(null);
    try {
      const write = () =>
        body(api.aliases.bulk.$post({ query: {}, json: { ...selection, action } }, { headers: reasonHeader(fields.why) }));
      await change(write, t(`bulk.done.${kind}`, { count }));
      close();
      done();
    } catch (refused) {
      setError(refused);
    } finally {
      setBusy(false);
    }
  };
  const preview = rehearsal.data?.preview ?? null;
  const only = "addresses" in selection && selection.addresses.length === 1 ? selection.addresses[0] : undefined;
  const isPossible = action !== null && JSON.stringify(action) === JSON.stringify(asked) && rehearsal.isSuccess && preview?.refusal == null;
  return (
    <Modal opened onClose={close} title={t(`bulk.ask.${kind}`, { count })} size="lg" closeButtonProps={{ "aria-label": t("action.close") }}>
      <Stack>
        {only !== undefined && (
          <Text component="div" fw={600}>
            <Address>{only}</Address>
          </Text>
        )}
        <KindFields kind={kind} fields={fields} setFields={setFields} />
        <TextInput
          label={t("action.reason")}
          description={t("action.reason.hint")}
          value={fields.why}
          onChange={(event) => setFields({ ...fields, why: event.currentTarget.value })}
        />
        <div aria-live="polite">
          {rehearsal.isFetching && <Loader size="sm" aria-label={t("page.loading")} />}
          {rehearsal.isError && error === null && <Failure error={rehearsal.error} />}
          {rehearsal.data !== undefined && preview?.refusal == null && (
            <Text size="sm">{t("bulk.matched", { matched: rehearsal.data.matched, done: rehearsal.data.done })}</Text>
          )}
          {preview !== null && <ChangePreview preview={preview} />}
          {error !== null && <Failure error={error} />}
        </div>
        <Group justify="flex-end">
          <Button variant="default" onClick={close} data-autofocus>
            {t("action.cancel")}
          </Button>
          <Button onClick={() => void submit()} loading={busy} disabled={!isPossible} color={kind === "delete" ? "red" : "indigo"}>
            {t(`bulk.confirm.${kind}`, { count })}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

type FieldsProps = { readonly kind: Kind; readonly fields: Fields; readonly setFields: (fields: Fields) => void };

function KindFields({ kind, fields, setFields }: FieldsProps) {
  const t = useT();
  const set = (name: keyof Fields) => (event: { readonly currentTarget: { readonly value: string } }) =>
    setFields({ ...fields, [name]: event.currentTarget.value });
  if (kind === "disable")
    return (
      <>
        <NativeSelect
          label={t("bulk.answer")}
          value={fields.answer}
          onChange={set("answer")}
          data={ANSWERS.map((value) => ({ value, label: t(`bulk.answer.${value}`) }))}
        />
        {fields.answer === "text" && <TextInput label={t("bulk.text")} value={fields.text} onChange={set("text")} required />}
      </>
    );
  if (kind === "owner")
    return <TextInput label={t("addresses.field.owner")} description={t("bulk.owner.hint")} value={fields.owner} onChange={set("owner")} />;
  if (kind === "expiry")
    return (
      <TextInput
        type="date"
        label={t("addresses.field.expires")}
        description={t("bulk.expiry.hint")}
        value={fields.expires}
        onChange={set("expires")}
      />
    );
  if (kind === "replace")
    return (
      <>
        <TextInput label={t("bulk.from")} value={fields.from} onChange={set("from")} required />
        <TextInput label={t("bulk.to")} value={fields.to} onChange={set("to")} required />
      </>
    );
  return null;
}
