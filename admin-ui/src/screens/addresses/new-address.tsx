/** Making an alias. The server's own rules answer while somebody types: the same request, rehearsed. */
import { Button, Group, Modal, Stack, Textarea, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api, body, reasonHeader } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { useChange } from "../../parts/change.tsx";
import { ChangePreview } from "../../parts/change-preview.tsx";
import { Failure } from "../../parts/failure.tsx";
import { pasted } from "../../parts/pasted.ts";

const FIELDS = { address: "", targets: "", owner: "", expires: "", note: "", why: "" };

export function NewAddress({ close }: { readonly close: () => void }) {
  const t = useT();
  const navigate = useNavigate();
  const change = useChange();
  const [fields, setFields] = useState(FIELDS);
  const [settled] = useDebouncedValue(fields, 400);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const set = (name: keyof typeof FIELDS) => (event: { readonly currentTarget: { readonly value: string } }) =>
    setFields({ ...fields, [name]: event.currentTarget.value });
  const request = ({ address, targets, owner, expires, note }: typeof FIELDS) => ({
    param: { address: address.trim() },
    json: {
      targets: pasted(targets),
      ...(owner.trim() !== "" && { owner: owner.trim() }),
      ...(expires !== "" && { expires_at: expires }),
      ...(note.trim() !== "" && { note: note.trim() }),
    },
  });
  const isComplete = settled.address.includes("@") && pasted(settled.targets).length > 0;
  const rehearsal = useQuery({
    queryKey: ["rehearsed", "alias", settled],
    enabled: isComplete,
    retry: false,
    queryFn: () => body(api.aliases[":address"].$put({ ...request(settled), query: { dry_run: "true" } })),
  });
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    const { param, json } = request(fields);
    try {
      await change(
        () => body(api.aliases[":address"].$put({ param, json, query: {} }, { headers: reasonHeader(fields.why) })),
        t("addresses.new.done", { address: param.address }),
      );
      close();
      await navigate({ to: `/addresses/${encodeURIComponent(param.address.toLowerCase())}` });
    } catch (refused) {
      setError(refused);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal opened onClose={close} title={t("addresses.new.title")} size="lg" closeButtonProps={{ "aria-label": t("action.close") }}>
      <form onSubmit={(event) => void submit(event)}>
        <Stack>
          <TextInput
            label={t("addresses.field.address")}
            placeholder="help@campus.example"
            value={fields.address}
            onChange={set("address")}
            required
            data-autofocus
          />
          <Textarea
            label={t("addresses.field.targets")}
            description={t("addresses.field.targets.hint")}
            value={fields.targets}
            onChange={set("targets")}
            required
            autosize
            minRows={2}
          />
          <TextInput
            label={t("addresses.field.owner")}
            description={t("addresses.field.owner.hint")}
            value={fields.owner}
            onChange={set("owner")}
          />
          <TextInput type="date" label={t("addresses.field.expires")} value={fields.expires} onChange={set("expires")} />
          <TextInput label={t("addresses.field.note")} value={fields.note} onChange={set("note")} />
          <TextInput label={t("action.reason")} description={t("action.reason.hint")} value={fields.why} onChange={set("why")} />
          <div aria-live="polite">
            {isComplete && rehearsal.isError && error === null && <Failure error={rehearsal.error} />}
            {isComplete && rehearsal.data?.preview != null && error === null && <ChangePreview preview={rehearsal.data.preview} />}
            {error !== null && <Failure error={error} />}
          </div>
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {t("action.cancel")}
            </Button>
            <Button type="submit" loading={busy}>
              {t("addresses.new.save")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
