/** Deleting an alias or list: asked with its name and its reach, and rehearsed before. */
import { Button, Group, Modal, Stack, Text, TextInput, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useT } from "../../i18n/i18n.tsx";
import { useChange } from "../../parts/change.tsx";
import { Failure } from "../../parts/failure.tsx";
import { Warnings } from "../../parts/warnings.tsx";
import { type Entry, sendDelete } from "./entry-api.ts";
import { useReach } from "./reach.tsx";

export function DeleteEntry({ entry }: { readonly entry: Entry }) {
  const t = useT();
  const [asking, setAsking] = useState(false);
  return (
    <Stack gap="xs" align="flex-start">
      <Title order={2} size="h4">
        {t("entry.delete.title")}
      </Title>
      <Text>{t("entry.delete.text")}</Text>
      <Button variant="default" onClick={() => setAsking(true)}>
        {t("entry.delete")}
      </Button>
      {asking && <Confirm entry={entry} close={() => setAsking(false)} />}
    </Stack>
  );
}

function Confirm({ entry, close }: { readonly entry: Entry; readonly close: () => void }) {
  const t = useT();
  const change = useChange();
  const navigate = useNavigate();
  const reach = useReach(entry.address);
  const [why, setWhy] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const rehearsal = useQuery({
    queryKey: ["rehearsed", "delete", entry.address, entry.version],
    retry: false,
    queryFn: () => sendDelete(entry, "", true),
  });
  const confirmed = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      // Away from its page before everything is read anew: there is nothing to read there any more.
      await change(
        async () => {
          const written = await sendDelete(entry, why);
          await navigate({ to: entry.kind === "list" ? "/lists" : "/addresses" });
          return written;
        },
        t("entry.delete.done", { address: entry.address }),
      );
    } catch (refused) {
      setError(refused);
      setBusy(false);
    }
  };
  return (
    <Modal
      opened
      onClose={close}
      title={t("entry.delete.ask", { address: entry.address })}
      closeButtonProps={{ "aria-label": t("action.close") }}
    >
      <Stack>
        <Text>{reach.data === undefined ? t("entry.reach.asking") : t("entry.affected", { count: reach.data.mailboxes })}</Text>
        {rehearsal.data !== undefined && <Warnings texts={rehearsal.data.warnings} />}
        {rehearsal.isError && error === null && <Failure error={rehearsal.error} />}
        <TextInput
          label={t("action.reason")}
          description={t("action.reason.hint")}
          value={why}
          onChange={(event) => setWhy(event.currentTarget.value)}
        />
        {error !== null && <Failure error={error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close} data-autofocus>
            {t("action.cancel")}
          </Button>
          <Button color="red" onClick={() => void confirmed()} loading={busy} disabled={rehearsal.isError}>
            {t("entry.delete")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
