/** What is special in a domain: catch-all, subaddresses, the domain it means, and reserved names. */
import { Alert, Button, Code, Group, Modal, Pill, Stack, Switch, Text, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, body } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { useChange } from "../../parts/change.tsx";
import { Failure } from "../../parts/failure.tsx";
import { Address, visible } from "../../parts/text.tsx";
import type { DomainView } from "./domain.tsx";
import { Section } from "./section.tsx";

type Props = { readonly view: DomainView; readonly mayEdit: boolean };

export function Properties({ view, mayEdit }: Props) {
  return (
    <>
      <CatchAll view={view} mayEdit={mayEdit} />
      <Reserved view={view} mayEdit={mayEdit} />
    </>
  );
}

function CatchAll({ view: { domain, catch_all, subaddressing }, mayEdit }: Props) {
  const t = useT();
  const change = useChange();
  const [open, setOpen] = useState(false);
  const plus = useMutation({
    mutationFn: (on: boolean) =>
      change(
        () => body(api.domains[":domain"].$put({ param: { domain }, json: { subaddressing: on }, query: {} })),
        t("domains.changed", { domain }),
      ),
  });
  const actions = mayEdit && (
    <Button size="xs" variant="default" onClick={() => setOpen(true)}>
      {t("domains.catchAll.edit")}
    </Button>
  );
  return (
    <Section title={t("domains.unknown")} actions={actions} about={t("domains.catchAll.about")}>
      <Text size="sm">{catch_all === null ? t("domains.catchAll.none") : <Address>{catch_all}</Address>}</Text>
      <Switch
        label={t("domains.subaddressing")}
        description={t("domains.subaddressing.hint", { domain: visible(domain) })}
        checked={subaddressing}
        disabled={!mayEdit || plus.isPending}
        onChange={(event) => plus.mutate(event.currentTarget.checked)}
      />
      {plus.isError && <Failure error={plus.error} />}
      {open && <EditCatchAll domain={domain} before={catch_all} close={() => setOpen(false)} />}
    </Section>
  );
}

function EditCatchAll({ domain, before, close }: { readonly domain: string; readonly before: string | null; readonly close: () => void }) {
  const t = useT();
  const change = useChange();
  const [address, setAddress] = useState(before ?? "");
  const save = useMutation({
    mutationFn: () =>
      change(
        () =>
          body(
            api.domains[":domain"].$put({
              param: { domain },
              json: { catch_all: address.trim() === "" ? null : address.trim() },
              query: {},
            }),
          ),
        t("domains.changed", { domain }),
      ),
    onSuccess: close,
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <Modal
      opened
      onClose={close}
      title={t("domains.catchAll.title", { domain: visible(domain) })}
      closeButtonProps={{ "aria-label": t("action.close") }}
    >
      <form onSubmit={submit}>
        <Stack>
          <Alert color="yellow" variant="outline">
            {t("domains.catchAll.warning")}
          </Alert>
          <TextInput
            label={t("domains.catchAll.field")}
            description={t("domains.catchAll.field.hint")}
            value={address}
            onChange={(event) => setAddress(event.currentTarget.value)}
            data-autofocus
          />
          {save.isError && <Failure error={save.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {t("action.cancel")}
            </Button>
            <Button type="submit" loading={save.isPending}>
              {t("action.save")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function Reserved({ view: { domain, reserved, reserved_everywhere }, mayEdit }: Props) {
  const t = useT();
  const change = useChange();
  const [name, setName] = useState("");
  const add = useMutation({
    mutationFn: (local: string) =>
      change(
        () => body(api.domains[":domain"].reserved[":local"].$put({ param: { domain, local }, query: {} })),
        t("domains.reserved.added", { name: local }),
      ),
    onSuccess: () => setName(""),
  });
  const remove = useMutation({
    mutationFn: (local: string) =>
      change(
        () => body(api.domains[":domain"].reserved[":local"].$delete({ param: { domain, local }, query: {} })),
        t("domains.reserved.removed", { name: local }),
      ),
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (name.trim() !== "") add.mutate(name.trim());
  };
  return (
    <Section title={t("domains.reserved")} about={t("domains.reserved.about")}>
      {reserved.length === 0 ? (
        <Text size="sm">{t("domains.reserved.none")}</Text>
      ) : (
        <Group gap={6}>
          {reserved.map((local) => (
            <Pill
              key={local}
              size="md"
              withRemoveButton={mayEdit}
              onRemove={() => remove.mutate(local)}
              removeButtonProps={{ "aria-label": `${t("action.remove")}: ${local}`, "aria-hidden": false, tabIndex: 0 }}
            >
              {visible(local)}
            </Pill>
          ))}
        </Group>
      )}
      {mayEdit && (
        <form onSubmit={submit}>
          <Group align="flex-end" gap="xs">
            <TextInput
              size="xs"
              label={t("domains.reserved.field")}
              placeholder="president"
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
            />
            <Button size="xs" variant="default" type="submit" loading={add.isPending}>
              {t("action.add")}
            </Button>
          </Group>
        </form>
      )}
      {add.isError && <Failure error={add.error} />}
      {remove.isError && <Failure error={remove.error} />}
      <details>
        <Text component="summary" size="sm">
          {t("domains.reserved.everywhere", { count: reserved_everywhere.length })}
        </Text>
        <Code block className="breakable" mt="xs">
          {reserved_everywhere.join(" ")}
        </Code>
      </details>
    </Section>
  );
}
