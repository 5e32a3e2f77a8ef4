/** One person across all lists that may be seen. */
import { Anchor, Loader, Text } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { InferResponseType } from "hono/client";
import { api, body } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Failure } from "../../parts/failure.tsx";
import { Empty } from "../../parts/page.tsx";
import { SearchText } from "../../parts/search-text.tsx";
import { Address, visible } from "../../parts/text.tsx";

type Row = InferResponseType<(typeof api.lists)["search-person"]["$get"], 200>["items"][number];

const route = getRouteApi("/lists");
/** As the server asks for it. */
const SHORTEST = 3;

export function PersonOnLists() {
  const t = useT();
  const { person = "" } = route.useSearch();
  const navigate = route.useNavigate();
  const found = useQuery({
    queryKey: ["person-on-lists", person],
    enabled: person.trim().length >= SHORTEST,
    placeholderData: keepPreviousData,
    queryFn: () => body(api.lists["search-person"].$get({ query: { person } })),
  });
  const isAsked = person.trim().length >= SHORTEST;
  return (
    <>
      <SearchText
        label={t("lists.person.search")}
        placeholder={t("lists.person.example")}
        value={person}
        ask={(text) => void navigate({ search: { view: "person", person: text } })}
      />
      {!isAsked && <Empty title={t("lists.person.ask")}>{t("lists.person.ask.text")}</Empty>}
      {isAsked && found.isPending && <Loader role="status" aria-label={t("page.loading")} />}
      {isAsked && found.isError && <Failure error={found.error} retry={() => void found.refetch()} />}
      {isAsked &&
        found.data !== undefined &&
        (found.data.items.length === 0 ? (
          <Empty title={t("lists.person.none", { person: visible(person) })}>{t("lists.person.none.text")}</Empty>
        ) : (
          <>
            <DataTable
              caption={t("lists.view.person")}
              columns={columnsFor(t)}
              rows={found.data.items}
              keyOf={({ list, member }) => `${list} ${member}`}
              dimmed={found.isPlaceholderData}
            />
            <Text size="sm" aria-live="polite">
              {t(found.data.more ? "lists.person.more" : "page.total", { total: found.data.items.length })}
            </Text>
          </>
        ))}
    </>
  );
}

const columnsFor = (t: ReturnType<typeof useT>): readonly Column<Row>[] => [
  {
    key: "list",
    header: t("lists.column.list"),
    cell: ({ list, member, via }) => (
      <Anchor component={Link} to={`/lists/${encodeURIComponent(list)}?q=${encodeURIComponent(via ?? member)}`}>
        <Address>{list}</Address>
      </Anchor>
    ),
  },
  { key: "member", header: t("lists.column.member"), cell: ({ member }) => <Address>{member}</Address> },
  {
    key: "via",
    header: t("lists.column.via"),
    cell: ({ via }) => (via === null ? t("lists.via.self") : <Address>{via}</Address>),
  },
  { key: "owner", header: t("addresses.column.owner"), cell: ({ owner }) => (owner === null ? "–" : <Address>{owner}</Address>) },
];
