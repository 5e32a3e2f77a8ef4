/** Every address that ends at a mailbox: for leavers, and for "why did I get this?". */
import { Anchor, Loader, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { InferResponseType } from "hono/client";
import { api, body } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Failure } from "../../parts/failure.tsx";
import { Empty } from "../../parts/page.tsx";
import { Address } from "../../parts/text.tsx";

type Row = InferResponseType<typeof api.explain.reverse.$get, 200>["items"][number];

export function Reverse({ address }: { readonly address: string }) {
  const t = useT();
  const found = useQuery({ queryKey: ["reverse", address], queryFn: () => body(api.explain.reverse.$get({ query: { address } })) });
  if (found.isPending) return <Loader role="status" aria-label={t("page.loading")} />;
  if (found.isError) return <Failure error={found.error} retry={() => void found.refetch()} />;
  const { items, hidden, more } = found.data;
  const columns: readonly Column<Row>[] = [
    {
      key: "address",
      header: t("explain.reverse.address"),
      cell: (row) => (
        <Anchor component={Link} to={`/explain?address=${encodeURIComponent(row.address)}`}>
          <Address>{row.address}</Address>
        </Anchor>
      ),
    },
    { key: "kind", header: t("addresses.column.kind"), cell: ({ kind }) => t(`addresses.kind.${kind}`) },
    { key: "via", header: t("explain.reverse.via"), cell: ({ via }) => <Address>{via}</Address> },
    { key: "owner", header: t("addresses.column.owner"), cell: ({ owner }) => (owner === null ? "–" : <Address>{owner}</Address>) },
    { key: "steps", header: t("explain.reverse.steps"), align: "right", cell: ({ steps }) => steps },
  ];
  return (
    <>
      {items.length === 0 ? (
        <Empty title={t("explain.reverse.none")}>{t("explain.reverse.none.text")}</Empty>
      ) : (
        <>
          <Text>{t("explain.reverse.count", { count: items.length })}</Text>
          <DataTable caption={t("explain.view.reverse")} columns={columns} rows={items} keyOf={(row) => row.address} />
        </>
      )}
      {hidden > 0 && <Text c="dimmed">{t("explain.reverse.hidden", { count: hidden })}</Text>}
      {more && <Text c="dimmed">{t("explain.reverse.more")}</Text>}
    </>
  );
}
