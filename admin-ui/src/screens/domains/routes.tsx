/** Setting, trying and taking away the way of a domain's mail. */
import { Alert, Button, Group, Loader, Modal, Stack, Table, Text, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { InferResponseType } from "hono/client";
import { type FormEvent, useState } from "react";
import { api, body, reasonHeader } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { useChange } from "../../parts/change.tsx";
import { Confirm } from "../../parts/confirm.tsx";
import { Failure } from "../../parts/failure.tsx";
import { Status } from "../../parts/status.tsx";
import { visible } from "../../parts/text.tsx";

type Tested = InferResponseType<typeof api.routes.test.$post, 200>;

/** `domain` empty: it is asked for. */
export function NewRoute({
  domain: given,
  url: before,
  close,
}: {
  readonly domain: string;
  readonly url: string;
  readonly close: () => void;
}) {
  const t = useT();
  const change = useChange();
  const [domain, setDomain] = useState(given);
  const [url, setUrl] = useState(before);
  const [why, setWhy] = useState("");
  const save = useMutation({
    mutationFn: () =>
      change(
        () =>
          body(
            api.routes[":domain"].$put(
              { param: { domain: domain.trim() }, json: { url: url.trim() }, query: {} },
              { headers: reasonHeader(why) },
            ),
          ),
        t("domains.route.saved", { domain: domain.trim() }),
      ),
    onSuccess: close,
  });
  const test = useMutation({ mutationFn: () => body(api.routes.test.$post({ json: { domain: domain.trim(), url: url.trim() } })) });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <Modal opened onClose={close} title={t("domains.route.title")} size="lg" closeButtonProps={{ "aria-label": t("action.close") }}>
      <form onSubmit={submit}>
        <Stack>
          {given === "" && (
            <TextInput
              label={t("domains.field.routeDomain")}
              description={t("domains.field.routeDomain.hint")}
              value={domain}
              onChange={(event) => setDomain(event.currentTarget.value)}
              required
              data-autofocus
            />
          )}
          <TextInput
            label={t("domains.field.route")}
            description={t("domains.field.route.hint")}
            placeholder="lmtp://mailstore.campus.example:24"
            value={url}
            onChange={(event) => setUrl(event.currentTarget.value)}
            required
            data-autofocus={given !== "" || undefined}
          />
          <TextInput
            label={t("action.reason")}
            description={t("action.reason.hint")}
            value={why}
            onChange={(event) => setWhy(event.currentTarget.value)}
          />
          {test.isPending && <Loader size="sm" aria-label={t("page.loading")} />}
          {test.isError && <Failure error={test.error} />}
          {test.data !== undefined && <Stages tested={test.data} />}
          {save.isError && <Failure error={save.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {t("action.cancel")}
            </Button>
            <Button variant="default" onClick={() => test.mutate()} disabled={domain.trim() === "" || url.trim() === ""}>
              {t("domains.route.do.test")}
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

export function RemoveRoute({ domain, url, close }: { readonly domain: string; readonly url: string; readonly close: () => void }) {
  const t = useT();
  const change = useChange();
  return (
    <Confirm
      title={t("domains.route.remove", { domain: visible(domain) })}
      verb={t("action.remove")}
      close={close}
      act={() =>
        change(() => body(api.routes[":domain"].$delete({ param: { domain }, query: {} })), t("domains.route.removed", { domain }))
      }
    >
      <Text size="sm">{t(domain === "*" ? "domains.route.remove.all" : "domains.route.remove.one", { url: visible(url) })}</Text>
    </Confirm>
  );
}

/** Asks the next hop as a delivery would, up to RCPT. */
export function RouteTest({ domain, close }: { readonly domain: string; readonly close: () => void }) {
  const t = useT();
  const [recipient, setRecipient] = useState(domain === "*" ? "" : `postmaster@${domain}`);
  const test = useMutation({
    mutationFn: () => body(api.routes.test.$post({ json: { domain, ...(recipient.trim() !== "" && { recipient: recipient.trim() }) } })),
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    test.mutate();
  };
  return (
    <Modal
      opened
      onClose={close}
      title={t("domains.test.title", { domain: visible(domain) })}
      size="xl"
      closeButtonProps={{ "aria-label": t("action.close") }}
    >
      <form onSubmit={submit}>
        <Stack>
          <Text size="sm">{t("domains.test.about")}</Text>
          <TextInput
            label={t("domains.test.recipient")}
            description={t("domains.test.recipient.hint")}
            value={recipient}
            onChange={(event) => setRecipient(event.currentTarget.value)}
            data-autofocus
          />
          <div aria-live="polite">
            {test.isError && <Failure error={test.error} />}
            {test.data !== undefined && <Stages tested={test.data} />}
          </div>
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {t("action.close")}
            </Button>
            <Button type="submit" loading={test.isPending}>
              {t("domains.route.do.test")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

const TONES = { good: "good", warn: "warn", bad: "bad" } as const;

function Stages({ tested: { stages, kind, url } }: { readonly tested: Tested }) {
  const t = useT();
  if (stages.length === 0)
    return (
      <Alert variant="outline" color="gray" className="breakable">
        {t(kind === "discard" ? "domains.test.discard" : "domains.test.folder", { url: visible(url) })}
      </Alert>
    );
  return (
    <Table className="data">
      <Table.Caption className="for-readers">{t("domains.test.stages")}</Table.Caption>
      <Table.Thead>
        <Table.Tr>
          <Table.Th scope="col">{t("domains.test.stage")}</Table.Th>
          <Table.Th scope="col">{t("domains.test.result")}</Table.Th>
          <Table.Th scope="col">{t("domains.test.said")}</Table.Th>
          <Table.Th scope="col" ta="right">
            {t("domains.test.took")}
          </Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {stages.map(({ stage, host, state, code, said, took_ms }) => (
          <Table.Tr key={`${stage} ${host}`}>
            <Table.Td data-label={t("domains.test.stage")}>{t(`domains.test.stage.${stage}`)}</Table.Td>
            <Table.Td data-label={t("domains.test.result")}>
              <Status tone={TONES[state]}>{t(`domains.test.code.${code}`)}</Status>
            </Table.Td>
            <Table.Td data-label={t("domains.test.said")} className="breakable">
              {visible(said.replaceAll("\n", " "))}
            </Table.Td>
            <Table.Td data-label={t("domains.test.took")} ta="right">
              {t("domains.ms", { ms: Math.round(took_ms) })}
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
