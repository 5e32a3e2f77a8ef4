/** Finding messages. All that is asked stands in the page's address; new rows wait until somebody wants to see them. */
import { Anchor, Button, Group, Loader, NativeSelect, SimpleGrid, Text, TextInput } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { InferResponseType } from "hono/client";
import { type FormEvent, useEffect, useState } from "react";
import { api, body } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Failure } from "../../parts/failure.tsx";
import { LiveBar, useHeldRows, useLive } from "../../parts/live.tsx";
import { Outcome } from "../../parts/outcome.tsx";
import { Empty, Page } from "../../parts/page.tsx";
import { Address, Time, visible } from "../../parts/text.tsx";

type Row = InferResponseType<typeof api.messages.$get, 200>["items"][number];

const route = getRouteApi("/trace");
const SPANS = { "1h": 1, "24h": 24, "48h": 48, "7d": 168, "30d": 720, "90d": 2160 } as const;
const STATUSES = ["sent", "deferred", "bounced", "expired", "discarded", "deleted", "held", "quarantined", "waiting"] as const;

type Asked = {
  readonly person?: string;
  readonly id?: string;
  readonly status?: string;
  readonly relay?: string;
  readonly span?: string;
  readonly cursor?: string;
};

const queryOf = ({ person, id, status, relay, span, cursor }: Asked) => ({
  ...(person !== undefined && { person }),
  ...(id !== undefined && { id }),
  ...(relay !== undefined && { relay }),
  ...(status !== undefined && { status: status as "sent" }),
  // A message that is named is looked for however old it is.
  ...((id === undefined || span !== undefined) && {
    since: new Date(Date.now() - (SPANS[span as keyof typeof SPANS] ?? SPANS["48h"]) * 3_600_000).toISOString(),
  }),
  ...(cursor !== undefined && { cursor }),
});

export function Trace() {
  const t = useT();
  const search: Asked = route.useSearch();
  const navigate = route.useNavigate();
  const found = useQuery({
    queryKey: ["messages", search],
    queryFn: () => body(api.messages.$get({ query: queryOf(search) })),
    placeholderData: keepPreviousData,
  });
  const live = useLive(["message", "queue"], () => {
    if (search.cursor === undefined) void found.refetch(); // pages further back stay as they are
  });
  const held = useHeldRows(found.isPlaceholderData ? undefined : found.data?.items, ({ queueId }) => queueId, JSON.stringify(search));
  const ask = (asked: Asked): void => void navigate({ search: asked });
  const next = found.data?.next_cursor ?? null;
  return (
    <Page title={t("nav.trace")} about={`${t("trace.about")} ${t("flow.delivered")}`}>
      <Question asked={search} ask={ask} />
      <LiveBar {...live} fresh={held.fresh} show={held.show} />
      {found.isError && <Failure error={found.error} retry={() => void found.refetch()} />}
      {found.isPending && <Loader role="status" aria-label={t("page.loading")} />}
      {found.data !== undefined && (
        <>
          {found.data.items.length === 0 && held.shown.length === 0 ? (
            <Empty title={t("trace.empty")}>{next === null ? t("trace.empty.text") : t("trace.partly")}</Empty>
          ) : (
            <DataTable
              caption={t("nav.trace")}
              columns={columnsFor(t)}
              rows={found.isPlaceholderData ? found.data.items : held.shown}
              keyOf={({ queueId }) => queueId}
              dimmed={found.isPlaceholderData}
            />
          )}
          <Group justify="flex-end" gap="xs">
            {search.cursor !== undefined && (
              <Button variant="default" size="xs" onClick={() => ask(withoutCursor(search))}>
                {t("page.first")}
              </Button>
            )}
            {next !== null && (
              <Button variant="default" size="xs" onClick={() => ask({ ...search, cursor: next })}>
                {t("trace.further")}
              </Button>
            )}
          </Group>
        </>
      )}
    </Page>
  );
}

const withoutCursor = ({ cursor: _cursor, ...rest }: Asked): Asked => rest;

const EMPTY = { person: "", id: "", relay: "", status: "", span: "" };

function Question({ asked, ask }: { readonly asked: Asked; readonly ask: (asked: Asked) => void }) {
  const t = useT();
  const text = JSON.stringify({ ...EMPTY, ...withoutCursor(asked) });
  const [fields, setFields] = useState<typeof EMPTY>(JSON.parse(text) as typeof EMPTY);
  useEffect(() => setFields(JSON.parse(text) as typeof EMPTY), [text]);
  const set = (name: keyof typeof EMPTY) => (event: { readonly currentTarget: { readonly value: string } }) =>
    setFields({ ...fields, [name]: event.currentTarget.value });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    ask(Object.fromEntries(Object.entries(fields).flatMap(([name, value]) => (value.trim() === "" ? [] : [[name, value.trim()]]))));
  };
  return (
    <form onSubmit={submit} role="search">
      <SimpleGrid cols={{ base: 1, xs: 2, lg: 5 }} spacing="sm">
        <TextInput
          data-page-search
          label={t("trace.person")}
          title={t("trace.person.hint")}
          placeholder="ann.lee@campus.example"
          value={fields.person}
          onChange={set("person")}
        />
        <TextInput label={t("trace.id")} value={fields.id} onChange={set("id")} />
        <NativeSelect
          label={t("trace.status")}
          value={fields.status}
          onChange={set("status")}
          data={[{ value: "", label: t("trace.status.any") }, ...STATUSES.map((value) => ({ value, label: t(`flow.outcome.${value}`) }))]}
        />
        <TextInput label={t("trace.relay")} placeholder="google.com" value={fields.relay} onChange={set("relay")} />
        <NativeSelect
          label={t("trace.span")}
          value={fields.span === "" ? "48h" : fields.span}
          onChange={set("span")}
          data={(Object.keys(SPANS) as (keyof typeof SPANS)[]).map((value) => ({ value, label: t(`trace.span.${value}`) }))}
        />
      </SimpleGrid>
      <Group mt="sm">
        <Button type="submit">{t("trace.find")}</Button>
      </Group>
    </form>
  );
}

/** An envelope sender; bounces have none. */
export function Sender({ from }: { readonly from: string | null }) {
  const t = useT();
  return from === null ? <Text component="span">{t("trace.noSender")}</Text> : <Address>{from}</Address>;
}

const columnsFor = (t: ReturnType<typeof useT>): readonly Column<Row>[] => [
  {
    key: "received",
    header: t("trace.received"),
    cell: ({ queueId, receivedAt }) => (
      <>
        <Time at={receivedAt} withSeconds />{" "}
        <Anchor component={Link} to={`/trace/${queueId}`}>
          {visible(queueId)}
        </Anchor>
      </>
    ),
  },
  { key: "from", header: t("trace.from"), cell: ({ from }) => <Sender from={from} /> },
  {
    key: "to",
    header: t("trace.to"),
    cell: ({ to, recipients }) => (
      <>
        {to.map((address, i) => (
          <span key={address}>
            {i > 0 && ", "}
            <Address>{address}</Address>
          </span>
        ))}
        {recipients > to.length && to.length >= 3 && ` ${t("trace.more", { count: recipients - to.length })}`}
      </>
    ),
  },
  {
    key: "result",
    header: t("trace.result"),
    cell: ({ states }) => (
      <Group gap={4}>
        {Object.entries(states).map(([outcome, count]) => (
          <Outcome key={outcome} outcome={outcome} count={count} />
        ))}
      </Group>
    ),
  },
];
