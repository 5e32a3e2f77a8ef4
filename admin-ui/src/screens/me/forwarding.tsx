/** Setting forwarding: name a mailbox, type the code it got, done. */
import { Alert, Button, Checkbox, Group, NativeSelect, Stack, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api, body } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { useChange } from "../../parts/change.tsx";
import { Failure } from "../../parts/failure.tsx";
import { Empty } from "../../parts/page.tsx";
import { visible } from "../../parts/text.tsx";
import { Code } from "./code.tsx";
import { useConfirmed, useTry } from "./confirm.tsx";
import { type Forwarding, ForwardingSays } from "./forwarding-says.tsx";
import { Item, Part, SelfPage, Waiting } from "./self-page.tsx";

const route = getRouteApi("/me/forwarding");
/** Somebody may press the button behind the link on another device. Milliseconds. */
const LOOK_EVERY = 5000;

export function ForwardingPage() {
  const t = useT();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const all = useQuery({
    queryKey: ["me", "forwarding"],
    queryFn: () => body(api.me.forwarding.$get()),
    refetchInterval: ({ state }) => (state.data?.items.some(({ waiting }) => waiting !== null) === true ? LOOK_EVERY : false),
  });
  const items = all.data?.items ?? [];
  const shown = items.find(({ address }) => address === search.address) ?? items[0];
  return (
    <SelfPage title={t("nav.forwarding")} about={t("forwarding.about")}>
      {all.isPending && <Waiting />}
      {all.isError && <Failure error={all.error} retry={() => void all.refetch()} />}
      {all.data !== undefined && shown === undefined && <Empty title={t("me.none")}>{t("me.none.text")}</Empty>}
      {shown !== undefined && (
        <>
          {items.length > 1 && (
            <NativeSelect
              label={t("forwarding.address")}
              value={shown.address}
              data={items.map(({ address }) => address)}
              onChange={(event) => void navigate({ search: { address: event.currentTarget.value } })}
            />
          )}
          <OneAddress key={shown.address} forwarding={shown} />
        </>
      )}
    </SelfPage>
  );
}

function OneAddress({ forwarding }: { readonly forwarding: Forwarding }) {
  const t = useT();
  return (
    <Stack gap="xl">
      <Item>
        <Stack gap="sm" align="flex-start">
          <Text fw={600} className="address">
            {t("me.for", { address: visible(forwarding.address) })}
          </Text>
          <ForwardingSays forwarding={forwarding} />
          <Steering forwarding={forwarding} />
        </Stack>
      </Item>
      {forwarding.waiting !== null && <Code address={forwarding.address} waiting={forwarding.waiting} />}
      <Ask forwarding={forwarding} />
      <Text size="sm" c="dimmed">
        {t("forwarding.guard")}
      </Text>
    </Stack>
  );
}

function Steering({ forwarding: { address, state, campus_mailboxes } }: { readonly forwarding: Forwarding }) {
  const t = useT();
  const attempt = useTry();
  const confirmed = useConfirmed();
  const request = { query: {}, json: { address } };
  if (state === "off" || campus_mailboxes.length === 0) return null;
  return (
    <Group gap="xs">
      {state === "verified" && (
        <Button variant="default" onClick={() => void attempt(() => body(api.me.forwarding.pause.$post(request)), t("forwarding.paused"))}>
          {t("forwarding.pause")}
        </Button>
      )}
      {state === "paused" && (
        <Button onClick={() => void attempt(() => body(api.me.forwarding.resume.$post(request)), t("forwarding.resumed"))}>
          {t("forwarding.resume")}
        </Button>
      )}
      <Button
        variant="default"
        onClick={() =>
          confirmed(
            {
              title: t("forwarding.end.title", { address: visible(address) }),
              text: t("forwarding.end.text"),
              button: t("forwarding.end"),
              done: t("forwarding.ended"),
            },
            () => body(api.me.forwarding.$delete({ query: { address } })),
          )
        }
      >
        {t("forwarding.end")}
      </Button>
    </Group>
  );
}

function Ask({ forwarding }: { readonly forwarding: Forwarding }) {
  const t = useT();
  const change = useChange();
  const { address, can_keep_copy, kept_on_campus } = forwarding;
  const [target, setTarget] = useState("");
  const [keep, setKeep] = useState(true);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    const json = { address, target: target.trim(), keep_copy: keep && can_keep_copy };
    try {
      await change(() => body(api.me.forwarding.$post({ query: {}, json })), t("forwarding.sent", { target: visible(json.target) }));
      setTarget("");
    } catch (refused) {
      setError(refused);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Part title={forwarding.state === "off" && forwarding.waiting === null ? t("forwarding.new") : t("forwarding.other")}>
      <form onSubmit={(event) => void submit(event)}>
        <Stack>
          {kept_on_campus !== null && (
            <Alert variant="outline" color="yellow">
              {t("forwarding.policy", { affiliation: visible(kept_on_campus) })}
            </Alert>
          )}
          <TextInput
            type="email"
            name="target"
            label={t("forwarding.target")}
            description={t("forwarding.target.hint")}
            autoComplete="email"
            autoCapitalize="none"
            spellCheck={false}
            value={target}
            onChange={(event) => setTarget(event.currentTarget.value)}
            required
          />
          {can_keep_copy ? (
            <Checkbox
              label={t("forwarding.keep")}
              description={t("forwarding.keep.hint")}
              checked={keep}
              onChange={(event) => setKeep(event.currentTarget.checked)}
            />
          ) : (
            <Text size="sm">{t("forwarding.keep.cannot")}</Text>
          )}
          <Text size="sm" c="dimmed">
            {t("forwarding.strict")}
          </Text>
          <div aria-live="polite">{error !== null && <Failure error={error} />}</div>
          <Button type="submit" loading={busy}>
            {t("forwarding.send")}
          </Button>
        </Stack>
      </form>
    </Part>
  );
}
