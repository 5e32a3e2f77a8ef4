/** Finding lists, and one person across all of them. */
import { Anchor, Button, Group, Loader, NativeSelect, SegmentedControl } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { InferResponseType } from "hono/client";
import { useState } from "react";
import { api, body } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { type Column, DataTable, Pager } from "../../parts/data-table.tsx";
import { Failure } from "../../parts/failure.tsx";
import { Empty, Page } from "../../parts/page.tsx";
import { SearchText } from "../../parts/search-text.tsx";
import { Status } from "../../parts/status.tsx";
import { Address, visible } from "../../parts/text.tsx";
import { useMay } from "../../shell/session.tsx";
import { StateBadge } from "../addresses/addresses.tsx";
import { NewList } from "./new-list.tsx";
import { PersonOnLists } from "./person.tsx";
import { POSTING, type Posting } from "./posting.ts";

type Row = InferResponseType<typeof api.lists.$get, 200>["items"][number];

const route = getRouteApi("/lists");

export function Lists() {
  const t = useT();
  const { view } = route.useSearch();
  const navigate = route.useNavigate();
  const [mayCreate, maySearch] = [useMay("lists.create"), useMay("members.see")];
  const [making, setMaking] = useState(false);
  const isPerson = view === "person" && maySearch;
  return (
    <Page title={t("nav.lists")} actions={mayCreate && <Button onClick={() => setMaking(true)}>{t("lists.new")}</Button>}>
      {maySearch && (
        <SegmentedControl
          className="fit"
          aria-label={t("lists.view")}
          value={isPerson ? "person" : "lists"}
          onChange={(chosen) => void navigate({ search: chosen === "person" ? { view: "person" } : {} })}
          data={[
            { value: "lists", label: t("lists.view.lists") },
            { value: "person", label: t("lists.view.person") },
          ]}
        />
      )}
      {isPerson ? <PersonOnLists /> : <AllLists />}
      {making && <NewList close={() => setMaking(false)} />}
    </Page>
  );
}

function AllLists() {
  const t = useT();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const posting = POSTING.find((each) => each === search.posting);
  const query = {
    q: search.q ?? "",
    ...(posting !== undefined && { posting }),
    ...(search.cursor !== undefined && { cursor: search.cursor }),
  };
  const found = useQuery({
    queryKey: ["lists", query],
    queryFn: () => body(api.lists.$get({ query })),
    placeholderData: keepPreviousData,
  });
  /** What is asked anew begins at the first page. */
  const ask = (changed: { readonly q?: string; readonly posting?: string; readonly cursor?: string }): void =>
    void navigate({
      search: (before) => ({
        ...(before.q !== undefined && { q: before.q }),
        ...(before.posting !== undefined && { posting: before.posting }),
        ...changed,
      }),
    });
  const isFiltered = query.q !== "" || posting !== undefined;
  return (
    <>
      <Group align="flex-end" gap="xs">
        <SearchText className="grow" label={t("lists.search")} value={query.q} ask={(q) => ask({ q })} />
        <NativeSelect
          label={t("lists.column.posting")}
          value={posting ?? ""}
          onChange={(event) => ask({ posting: event.currentTarget.value })}
          data={[{ value: "", label: t("lists.posting.all") }, ...POSTING.map((value) => ({ value, label: t(`lists.posting.${value}`) }))]}
        />
      </Group>
      {found.isError && <Failure error={found.error} retry={() => void found.refetch()} />}
      {found.isPending && <Loader role="status" aria-label={t("page.loading")} />}
      {found.data !== undefined && (
        <>
          {found.data.items.length === 0 ? (
            <Empty title={isFiltered ? t("lists.noMatch", { q: visible(query.q) }) : t("lists.empty")}>
              {t(isFiltered ? "addresses.noMatch.text" : "lists.empty.text")}
            </Empty>
          ) : (
            <DataTable
              caption={t("nav.lists")}
              columns={columnsFor(t)}
              rows={found.data.items}
              keyOf={({ address }) => address}
              dimmed={found.isPlaceholderData}
            />
          )}
          <Pager
            total={found.data.total}
            next={found.data.next_cursor}
            isFirst={search.cursor === undefined}
            onFirst={() => ask({})}
            onNext={(cursor) => ask({ cursor })}
          />
        </>
      )}
    </>
  );
}

const columnsFor = (t: ReturnType<typeof useT>): readonly Column<Row>[] => [
  {
    key: "address",
    header: t("lists.column.list"),
    cell: ({ address, note }) => (
      <>
        <Anchor component={Link} to={`/lists/${encodeURIComponent(address)}`}>
          <Address>{address}</Address>
        </Anchor>
        {note !== null && <div className="quiet">{visible(note)}</div>}
      </>
    ),
  },
  {
    key: "members",
    header: t("lists.column.members"),
    align: "right",
    cell: ({ member_count, filter_count }) => t("lists.members", { members: member_count, filters: filter_count }),
  },
  { key: "posting", header: t("lists.column.posting"), cell: ({ posting }) => t(`lists.posting.${posting as Posting}`) },
  {
    key: "owner",
    header: t("addresses.column.owner"),
    cell: ({ owner }) => (owner === null ? <Status tone="warn">{t("lists.noOwner")}</Status> : <Address>{owner}</Address>),
  },
  {
    key: "held",
    header: t("lists.column.held"),
    align: "right",
    cell: ({ address, held_count }) =>
      held_count === 0 ? (
        "–"
      ) : (
        <Anchor component={Link} to={`/lists/${encodeURIComponent(address)}?tab=held`}>
          {t("lists.held", { count: held_count })}
        </Anchor>
      ),
  },
  { key: "state", header: t("addresses.column.state"), cell: ({ state }) => <StateBadge state={state} /> },
];
