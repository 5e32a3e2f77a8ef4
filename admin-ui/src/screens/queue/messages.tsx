/** Waiting recipients one by one, of all or of one group. */
import { Anchor, Button, Group, Loader, Text } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { InferResponseType } from "hono/client";
import { api, body } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Failure } from "../../parts/failure.tsx";
import { Outcome } from "../../parts/outcome.tsx";
import { Empty } from "../../parts/page.tsx";
import { Address, Time, visible } from "../../parts/text.tsx";
import { Sender } from "../trace/trace.tsx";
import { QueueActions } from "./actions.tsx";
import { type QueueGroup, useReason } from "./groups.tsx";

type Row = InferResponseType<typeof api.queue.messages.$get, 200>["items"][number];
type Search = { readonly group?: string; readonly cursor?: string };

export function Messages({
  group,
  asked,
  cursor,
  go,
}: {
  readonly group: QueueGroup | undefined;
  readonly asked: string | undefined;
  readonly cursor: string | undefined;
  readonly go: (search: Search) => void;
}) {
  const t = useT();
  const reason = useReason();
  const query = { ...(asked !== undefined && { group: asked }), ...(cursor !== undefined && { cursor }) };
  const found = useQuery({
    queryKey: ["queue", "messages", query],
    queryFn: () => body(api.queue.messages.$get({ query })),
    placeholderData: keepPreviousData,
  });
  const next = found.data?.next_cursor ?? null;
  return (
    <>
      {asked !== undefined && (
        <Group gap="xs">
          {group !== undefined && <Text>{t("queue.ofGroup", { what: reason(group) })}</Text>}
          <Button size="xs" variant="default" onClick={() => go({})}>
            {t("queue.showAll")}
          </Button>
        </Group>
      )}
      {found.isPending && <Loader role="status" aria-label={t("page.loading")} />}
      {found.isError && <Failure error={found.error} retry={() => void found.refetch()} />}
      {found.data !== undefined &&
        (found.data.items.length === 0 ? (
          <Empty title={t("queue.ask.none")}>{next === null ? t("queue.empty.text") : t("trace.partly")}</Empty>
        ) : (
          <DataTable
            caption={t("queue.view.messages")}
            columns={columnsFor(t)}
            rows={found.data.items}
            keyOf={({ queueId, recipientNo }) => `${queueId} ${recipientNo}`}
            dimmed={found.isPlaceholderData}
          />
        ))}
      <Group justify="flex-end" gap="xs">
        {cursor !== undefined && (
          <Button variant="default" size="xs" onClick={() => go(asked === undefined ? {} : { group: asked })}>
            {t("page.first")}
          </Button>
        )}
        {next !== null && (
          <Button variant="default" size="xs" onClick={() => go({ ...(asked !== undefined && { group: asked }), cursor: next })}>
            {t("page.next")}
          </Button>
        )}
      </Group>
    </>
  );
}

const columnsFor = (t: ReturnType<typeof useT>): readonly Column<Row>[] => [
  {
    key: "received",
    header: t("trace.received"),
    cell: ({ queueId, receivedAt }) => (
      <>
        <Time at={receivedAt} />{" "}
        <Anchor component={Link} to={`/trace/${queueId}`}>
          {visible(queueId)}
        </Anchor>
      </>
    ),
  },
  { key: "from", header: t("trace.from"), cell: ({ from }) => <Sender from={from} /> },
  { key: "to", header: t("trace.to"), cell: ({ to }) => <Address>{to}</Address> },
  {
    key: "state",
    header: t("queue.reason"),
    cell: ({ state, plain, reply, status }) => (
      <>
        <Outcome outcome={state === "waiting" && reply !== null ? "deferred" : state} />{" "}
        {t(`cause.${plain.cause}`, { party: visible(plain.party) })}
        {status !== null && ` (${visible(status)})`}
      </>
    ),
  },
  { key: "attempts", header: t("queue.attempts"), align: "right", cell: ({ attempts }) => attempts },
  {
    key: "next",
    header: t("queue.next"),
    cell: ({ nextAttemptAt }) => (nextAttemptAt === null ? t("queue.next.none") : <Time at={nextAttemptAt} />),
  },
  {
    key: "actions",
    header: t("queue.actions"),
    cell: ({ queueId, state }) => (
      <QueueActions
        asked={{ ids: [queueId] }}
        what={t("queue.message", { id: visible(queueId) })}
        canRelease={state === "held" || state === "quarantined"}
      />
    ),
  },
];
