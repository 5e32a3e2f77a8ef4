/** Where mail goes, and how it is taken there. */
import { Anchor, Loader, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { InferResponseType } from "hono/client";
import { api, body } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Failure } from "../../parts/failure.tsx";
import { LiveBar, useHeldRows, useLive } from "../../parts/live.tsx";
import { useSeconds } from "../../parts/outcome.tsx";
import { Empty, Page } from "../../parts/page.tsx";
import { Time, visible } from "../../parts/text.tsx";

type Row = InferResponseType<typeof api.destinations.$get, 200>["items"][number];

export function Destinations() {
  const t = useT();
  const seconds = useSeconds();
  const found = useQuery({ queryKey: ["destinations"], queryFn: () => body(api.destinations.$get({ query: {} })) });
  const live = useLive(["queue", "message"], () => void found.refetch());
  const held = useHeldRows(found.data?.items, ({ party }) => party, "all");
  return (
    <Page title={t("nav.destinations")} about={`${t("destinations.about")} ${t("flow.delivered")}`}>
      <LiveBar {...live} fresh={held.fresh} gone={held.gone} show={held.show} />
      {found.isPending && <Loader role="status" aria-label={t("page.loading")} />}
      {found.isError && <Failure error={found.error} retry={() => void found.refetch()} />}
      {found.data !== undefined &&
        (held.shown.length === 0 ? (
          <Empty title={t("destinations.empty")}>{t("destinations.empty.text")}</Empty>
        ) : (
          <DataTable caption={t("nav.destinations")} columns={columnsFor(t, seconds)} rows={held.shown} keyOf={({ party }) => party} />
        ))}
    </Page>
  );
}

const columnsFor = (t: ReturnType<typeof useT>, seconds: ReturnType<typeof useSeconds>): readonly Column<Row>[] => [
  {
    key: "party",
    header: t("destinations.party"),
    cell: ({ party, domains, domainCount }) => (
      <>
        <span className="address">{visible(party)}</span>
        {domains[0] !== undefined && domains[0] !== party && (
          <Text size="sm" c="dimmed">
            {domainCount === 1 ? visible(domains[0]) : t("destinations.domains", { first: visible(domains[0]), count: domainCount - 1 })}
          </Text>
        )}
      </>
    ),
  },
  { key: "sent", header: t("flow.outcome.sent"), align: "right", cell: ({ sent }) => sent },
  { key: "deferred", header: t("flow.outcome.deferred"), align: "right", cell: ({ deferred }) => deferred },
  { key: "refused", header: t("flow.outcome.bounced"), align: "right", cell: ({ refused }) => refused },
  { key: "waiting", header: t("destinations.waiting"), align: "right", cell: ({ waiting }) => waiting },
  { key: "p95", header: t("destinations.p95"), align: "right", cell: ({ p95 }) => seconds(p95) },
  {
    key: "failure",
    header: t("destinations.failure"),
    cell: ({ lastFailure }) =>
      lastFailure === null ? (
        t("destinations.failure.none")
      ) : (
        <>
          {t(`cause.${lastFailure.cause}`, { party: visible(lastFailure.party) })} <Time at={lastFailure.at} />
          <Text size="sm" c="dimmed" className="remote-words">
            {visible(lastFailure.reply)}
          </Text>
          {lastFailure.relay !== null && (
            <Anchor
              size="sm"
              component={Link}
              to={`/trace?${new URLSearchParams({ relay: lastFailure.relay.split("[")[0] ?? "", span: "24h" }).toString()}`}
            >
              {t("destinations.trace")}
            </Anchor>
          )}
        </>
      ),
  },
];
