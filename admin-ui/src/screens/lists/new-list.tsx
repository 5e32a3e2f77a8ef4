/** Making a list. The server's own rules answer while somebody types: the same request, rehearsed. */
import { Button, Group, Modal, NativeSelect, Stack, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api, body, reasonHeader } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { useChange } from "../../parts/change.tsx";
import { Failure } from "../../parts/failure.tsx";
import { Warnings } from "../../parts/warnings.tsx";
import { POSTING, type Posting } from "./posting.ts";

const FIELDS = { address: "", owner: "", posting: "members" as Posting, note: "", why: "" };

export function NewList({ close }: { readonly close: () => void }) {
  const t = useT();
  const navigate = useNavigate();
  const change = useChange();
  const [fields, setFields] = useState(FIELDS);
  const [settled] = useDebouncedValue(fields, 400);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const set = (name: keyof typeof FIELDS) => (event: { readonly currentTarget: { readonly value: string } }) =>
    setFields({ ...fields, [name]: event.currentTarget.value });
  const request = ({ address, owner, posting, note }: typeof FIELDS) => ({
    param: { address: address.trim() },
    json: {
      posting,
      ...(owner.trim() !== "" && { owner: owner.trim() }),
      ...(note.trim() !== "" && { note: note.trim() }),
    },
  });
  const isComplete = /.@./.test(settled.address);
  const rehearsal = useQuery({
    queryKey: ["rehearsed", "list", settled],
    enabled: isComplete,
    retry: false,
    queryFn: () => body(api.lists[":address"].$put({ ...request(settled), query: { dry_run: "true" } })),
  });
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    const { param, json } = request(fields);
    try {
      await change(
        () => body(api.lists[":address"].$put({ param, json, query: {} }, { headers: reasonHeader(fields.why) })),
        t("lists.new.done", { address: param.address }),
      );
      close();
      await navigate({ to: `/lists/${encodeURIComponent(param.address.toLowerCase())}` });
    } catch (refused) {
      setError(refused);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal opened onClose={close} title={t("lists.new")} size="lg" closeButtonProps={{ "aria-label": t("action.close") }}>
      <form onSubmit={(event) => void submit(event)}>
        <Stack>
          <TextInput
            label={t("addresses.field.address")}
            placeholder="choir@campus.example"
            value={fields.address}
            onChange={set("address")}
            required
            data-autofocus
          />
          <TextInput
            label={t("addresses.field.owner")}
            description={t("lists.owner.hint")}
            value={fields.owner}
            onChange={set("owner")}
            required
          />
          <NativeSelect
            label={t("lists.posting.label")}
            value={fields.posting}
            onChange={set("posting")}
            data={POSTING.map((value) => ({ value, label: t(`lists.posting.${value}`) }))}
          />
          <Text size="sm" c="dimmed">
            {t(`lists.posting.${fields.posting}.hint`)}
          </Text>
          <TextInput label={t("addresses.field.note")} value={fields.note} onChange={set("note")} />
          <TextInput label={t("action.reason")} description={t("action.reason.hint")} value={fields.why} onChange={set("why")} />
          <div aria-live="polite">
            {isComplete && rehearsal.isError && error === null && <Failure error={rehearsal.error} />}
            {rehearsal.data !== undefined && <Warnings texts={rehearsal.data.warnings} />}
            {error !== null && <Failure error={error} />}
          </div>
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {t("action.cancel")}
            </Button>
            <Button type="submit" loading={busy}>
              {t("lists.new.save")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
