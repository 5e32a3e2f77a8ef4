/** Finding and managing every address. The server searches, sorts, counts and pages; the page's own address holds what is asked. */
import { Anchor, Button, Chip, Group, Loader, TextInput } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { InferResponseType } from "hono/client";
import { type FormEvent, useEffect, useState } from "react";
import { ApiError, api, body } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { type Column, DataTable, Pager } from "../../parts/data-table.tsx";
import { Failure } from "../../parts/failure.tsx";
import { Empty, Page } from "../../parts/page.tsx";
import { Status, type Tone } from "../../parts/status.tsx";
import { Address, Time, visible } from "../../parts/text.tsx";
import { useSingleKeys } from "../../shell/preferences.ts";
import { useMay } from "../../shell/session.tsx";
import { BulkBar } from "./bulk-bar.tsx";
import { NewAddress } from "./new-address.tsx";

type Row = InferResponseType<typeof api.addresses.$get, 200>["items"][number];

const route = getRouteApi("/addresses");
const FILTERS = ["kind:alias", "kind:list", "kind:person", "state:off", "state:expired", "state:moved"] as const;

export function Addresses() {
  const t = useT();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const mayCreate = useMay("aliases.create");
  const mayBulk = useMay("aliases.bulk");
  const [making, setMaking] = useState(false);
  const { chosen, choose, clear } = useChosen(search.q ?? "");
  const query = {
    q: search.q ?? "",
    sort: (search.sort ?? "address") as "address",
    ...(search.cursor !== undefined && { cursor: search.cursor }),
  };
  const found = useQuery({
    queryKey: ["addresses", query],
    queryFn: () => body(api.addresses.$get({ query })),
    placeholderData: keepPreviousData,
  });
  const ask = (changed: { readonly q?: string; readonly sort?: string; readonly cursor?: string }): void =>
    void navigate({ search: ({ q, sort }) => ({ ...(q !== undefined && { q }), ...(sort !== undefined && { sort }), ...changed }) });
  return (
    <Page title={t("nav.addresses")} actions={mayCreate && <Button onClick={() => setMaking(true)}>{t("addresses.new")}</Button>}>
      <SearchBox value={query.q} ask={(q) => ask({ q })} error={found.error} />
      {found.isError && !isBadFilter(found.error) && <Failure error={found.error} retry={() => void found.refetch()} />}
      {found.isPending && <Loader role="status" aria-label={t("page.loading")} />}
      {found.data !== undefined && (
        <>
          {found.data.items.length === 0 ? (
            <Empty title={query.q === "" ? t("addresses.empty") : t("addresses.noMatch", { q: query.q })}>
              {query.q === "" ? t("addresses.empty.text") : t("addresses.noMatch.text")}
            </Empty>
          ) : (
            <DataTable
              caption={t("nav.addresses")}
              columns={columnsFor(t)}
              rows={found.data.items}
              keyOf={({ address }) => address}
              sort={query.sort}
              onSort={(sort) => ask({ sort })}
              dimmed={found.isPlaceholderData}
              {...(mayBulk && {
                selection: {
                  chosen,
                  choose,
                  label: (address) => t("bulk.choose", { address: visible(address) }),
                  can: isEntryIn(found.data.items),
                },
              })}
            />
          )}
          <Pager
            total={found.data.total}
            next={found.data.next_cursor}
            isFirst={search.cursor === undefined}
            onFirst={() => ask({})}
            onNext={(cursor) => ask({ cursor })}
          />
          {mayBulk && <BulkBar chosen={chosen} search={query.q} total={found.data.total ?? Number.POSITIVE_INFINITY} clear={clear} />}
        </>
      )}
      {making && <NewAddress close={() => setMaking(false)} />}
    </Page>
  );
}

/** People and groups are LDAP's to change. */
const isEntryIn = (rows: readonly Row[]) => {
  const entries = new Set(rows.flatMap(({ address, source }) => (source === null ? [address] : [])));
  return (address: string): boolean => entries.has(address);
};

/** The rows that are chosen, across pages; another search chooses anew. `x` chooses the row where the focus is. */
function useChosen(q: string) {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [singleKeys] = useSingleKeys();
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was chosen among other results is not seen any more
  useEffect(() => setChosen(new Set()), [q]);
  const choose = (address: string, on: boolean): void =>
    setChosen((before) => new Set(on ? [...before, address] : [...before].filter((one) => one !== address)));
  useEffect(() => {
    if (!singleKeys) return;
    const pressed = (event: KeyboardEvent): void => {
      const target = event.target as Element | null;
      if (event.key !== "x" || event.ctrlKey || event.metaKey || event.altKey) return;
      target?.closest("tr[data-key]")?.querySelector<HTMLInputElement>(".choose input")?.click();
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, [singleKeys]);
  return { chosen, choose, clear: () => setChosen(new Set()) };
}

const isBadFilter = (error: unknown): error is ApiError => error instanceof ApiError && error.problem.errors?.[0]?.pointer === "/q";

/** Asks as soon as nobody types any more; a filter that is none is named with what was probably meant. */
function SearchBox({ value, ask, error }: { readonly value: string; readonly ask: (q: string) => void; readonly error: unknown }) {
  const t = useT();
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => ask(text), 250);
    return () => clearTimeout(timer);
  }, [text, value, ask]);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    ask(text);
  };
  const words = text.split(/\s+/);
  const toggle = (filter: string): void => {
    const name = filter.slice(0, filter.indexOf(":") + 1);
    const others = words.filter((word) => word !== "" && !word.startsWith(name));
    ask([...others, ...(words.includes(filter) ? [] : [filter])].join(" "));
  };
  return (
    <form onSubmit={submit} role="search">
      <TextInput
        data-page-search
        type="search"
        aria-label={t("addresses.search")}
        placeholder={t("addresses.search.example")}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        error={isBadFilter(error) ? [error.problem.detail.replace(/^\/q: /, ""), error.problem.hint].filter(Boolean).join(". ") : undefined}
      />
      <Group gap={6} mt="xs">
        {FILTERS.map((filter) => (
          <Chip key={filter} size="xs" checked={words.includes(filter)} onChange={() => toggle(filter)}>
            {t(`addresses.filter.${filter}`)}
          </Chip>
        ))}
      </Group>
    </form>
  );
}

const columnsFor = (t: ReturnType<typeof useT>): readonly Column<Row>[] => [
  {
    key: "address",
    header: t("addresses.column.address"),
    sort: "address",
    cell: ({ address, source }) =>
      source === null ? (
        <Anchor component={Link} to={`/addresses/${encodeURIComponent(address)}`}>
          <Address>{address}</Address>
        </Anchor>
      ) : (
        <Anchor component={Link} to={`/explain?address=${encodeURIComponent(address)}`}>
          <Address>{address}</Address>
        </Anchor>
      ),
  },
  { key: "kind", header: t("addresses.column.kind"), cell: ({ kind }) => t(`addresses.kind.${kind}`) },
  {
    key: "targets",
    header: t("addresses.column.targets"),
    cell: ({ targets, target_count }) => (
      <>
        {targets.map((target, i) => (
          <span key={target}>
            {i > 0 && ", "}
            <Address>{target}</Address>
          </span>
        ))}
        {target_count > targets.length && ` ${t("addresses.more", { count: target_count - targets.length })}`}
      </>
    ),
  },
  { key: "owner", header: t("addresses.column.owner"), cell: ({ owner }) => (owner === null ? "–" : <Address>{owner}</Address>) },
  { key: "state", header: t("addresses.column.state"), cell: ({ state }) => <StateBadge state={state} /> },
  {
    key: "expires",
    header: t("addresses.column.expires"),
    cell: ({ expires_at }) => (expires_at === null ? "–" : <Time at={expires_at} />),
  },
  { key: "changed", header: t("addresses.column.changed"), sort: "changed", cell: ({ changed_at }) => <Time at={changed_at} /> },
];

const TONES: Readonly<Record<Row["state"], Tone>> = {
  active: "good",
  off: "quiet",
  moved: "note",
  expired: "warn",
  "not-yet": "note",
  "dead-end": "bad",
};

export function StateBadge({ state }: { readonly state: Row["state"] }) {
  const t = useT();
  return <Status tone={TONES[state]}>{t(`addresses.state.${state}`)}</Status>;
}
