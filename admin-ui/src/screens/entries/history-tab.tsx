/** What became of an address: who did what when and why, newest first. */
import { Loader, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { InferResponseType } from "hono/client";
import { api, body } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Failure } from "../../parts/failure.tsx";
import { Empty } from "../../parts/page.tsx";
import { Address, Time, visible } from "../../parts/text.tsx";

type Event = InferResponseType<(typeof api.addresses)[":address"]["history"]["$get"], 200>["items"][number];
type Row = Event & { readonly no: number; readonly before: Event["row"] };

export function HistoryTab({ address }: { readonly address: string }) {
  const t = useT();
  const history = useQuery({
    queryKey: ["history", address],
    queryFn: () => body(api.addresses[":address"].history.$get({ param: { address } })),
  });
  if (history.isPending) return <Loader role="status" aria-label={t("page.loading")} />;
  if (history.isError) return <Failure error={history.error} retry={() => void history.refetch()} />;
  const { items, total } = history.data;
  if (items.length === 0) return <Empty title={t("entry.history.none")} />;
  return (
    <>
      <DataTable caption={t("entry.tab.history")} columns={columnsFor(t)} rows={withBefore(items)} keyOf={({ no }) => String(no)} />
      {total > items.length && (
        <Text size="sm" c="dimmed">
          {t("entry.history.more", { shown: items.length, total })}
        </Text>
      )}
    </>
  );
}

/** Each change of the entry itself with what was before: the next older row of it. */
const withBefore = (events: readonly Event[]): readonly Row[] =>
  events.map((event, no) => ({
    ...event,
    no,
    before:
      event.what === "changed" ? (events.slice(no + 1).find(({ target, row }) => target === null && row !== null)?.row ?? null) : null,
  }));

const columnsFor = (t: ReturnType<typeof useT>): readonly Column<Row>[] => [
  { key: "at", header: t("entry.history.when"), cell: ({ at }) => <Time at={at} withSeconds /> },
  {
    key: "what",
    header: t("entry.history.what"),
    cell: ({ what, target, row, before }) => (
      <>
        {t(`entry.event.${what}`)} {target !== null && <Address>{target}</Address>}
        {row !== null && before !== null && <Differences before={before} after={row} />}
      </>
    ),
  },
  { key: "by", header: t("entry.history.who"), cell: ({ by }) => <span className="address">{visible(by)}</span> },
  { key: "why", header: t("entry.history.why"), cell: ({ why }) => (why === null || why === "" ? "–" : visible(why)) },
];

const HIDDEN = new Set(["version", "changed_at", "created_at", "address", "domain", "kind"]);

/** By the names the API has for them. */
function Differences({ before, after }: { readonly before: NonNullable<Event["row"]>; readonly after: NonNullable<Event["row"]> }) {
  const names = Object.keys(after).filter((name) => !HIDDEN.has(name) && JSON.stringify(before[name]) !== JSON.stringify(after[name]));
  return names.map((name) => (
    <Text key={name} size="sm" c="dimmed" className="address">
      {`${name}: ${shown(before[name])} → ${shown(after[name])}`}
    </Text>
  ));
}

const shown = (value: unknown): string =>
  value === null || value === undefined ? "–" : visible(typeof value === "string" ? value : JSON.stringify(value));
