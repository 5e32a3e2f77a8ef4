/** Making a domain ours: its name, and what its addresses mean. The records for DNS come on its own page. */
import { Button, Group, Modal, Radio, Stack, TextInput } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api, body, reasonHeader } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { useChange } from "../../parts/change.tsx";
import { Failure } from "../../parts/failure.tsx";

export function NewDomain({ close }: { readonly close: () => void }) {
  const t = useT();
  const navigate = useNavigate();
  const change = useChange();
  const [name, setName] = useState("");
  const [meaning, setMeaning] = useState("itself");
  const [main, setMain] = useState("");
  const [why, setWhy] = useState("");
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    const domain = name.trim().toLowerCase();
    try {
      const json = meaning === "alias" ? { alias_of: main.trim() } : {};
      await change(
        () => body(api.domains[":domain"].$put({ param: { domain }, json, query: {} }, { headers: reasonHeader(why) })),
        t("domains.new.done", { domain }),
      );
      close();
      await navigate({ to: `/domains/${encodeURIComponent(domain)}` });
    } catch (refused) {
      setError(refused);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal opened onClose={close} title={t("domains.new")} closeButtonProps={{ "aria-label": t("action.close") }}>
      <form onSubmit={(event) => void submit(event)}>
        <Stack>
          <TextInput
            label={t("domains.field.name")}
            placeholder="dept.campus.example"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            required
            data-autofocus
          />
          <Radio.Group label={t("domains.field.meaning")} value={meaning} onChange={setMeaning}>
            <Stack gap="xs" mt="xs">
              <Radio value="itself" label={t("domains.meaning.itself")} />
              <Radio value="alias" label={t("domains.meaning.alias")} />
            </Stack>
          </Radio.Group>
          {meaning === "alias" && (
            <TextInput
              label={t("domains.field.main")}
              placeholder="campus.example"
              value={main}
              onChange={(event) => setMain(event.currentTarget.value)}
              required
            />
          )}
          <TextInput
            label={t("action.reason")}
            description={t("action.reason.hint")}
            value={why}
            onChange={(event) => setWhy(event.currentTarget.value)}
          />
          {error !== null && <Failure error={error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {t("action.cancel")}
            </Button>
            <Button type="submit" loading={busy}>
              {t("domains.new.save")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
