/** Who changed what, when and why, newest first. The page's own address holds the filters. */
import { Anchor, Button, Group, Loader, Text, TextInput } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { InferResponseType } from "hono/client";
import { type FormEvent, useEffect, useState } from "react";
import { api, body } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Failure } from "../../parts/failure.tsx";
import { Empty, Page } from "../../parts/page.tsx";
import { Status } from "../../parts/status.tsx";
import { Time, visible } from "../../parts/text.tsx";
import { useMay } from "../../shell/session.tsx";
import { ObjectLink } from "./change.tsx";
import { UndoDialog } from "./undo-dialog.tsx";

type Row = InferResponseType<typeof api.changes.$get, 200>["items"][number];
const route = getRouteApi("/audit");
const FILTERS = ["object", "actor", "since"] as const;
type Filters = { readonly [Name in (typeof FILTERS)[number]]?: string | undefined };

export function Audit() {
  const t = useT();
  const { cursor, ...filters } = route.useSearch();
  const navigate = route.useNavigate();
  const mayUndo = useMay("changes.undo");
  const [undoing, setUndoing] = useState<number | null>(null);
  const given = Object.fromEntries(Object.entries({ ...filters, cursor }).filter(([, value]) => value !== undefined && value !== ""));
  const found = useQuery({
    queryKey: ["changes", given],
    queryFn: () => body(api.changes.$get({ query: given })),
    placeholderData: keepPreviousData,
  });
  const next = found.data?.next_cursor ?? null;
  const isFiltered = FILTERS.some((name) => given[name] !== undefined);
  return (
    <Page
      title={t("nav.audit")}
      about={t("audit.about")}
      actions={
        <Button component="a" variant="default" href="/api/v1/changes/export" download>
          {t("audit.export")}
        </Button>
      }
    >
      <FilterForm filters={filters} ask={(search) => void navigate({ search })} />
      {found.isPending && <Loader role="status" aria-label={t("page.loading")} />}
      {found.isError && <Failure error={found.error} retry={() => void found.refetch()} />}
      {found.data !== undefined &&
        (found.data.items.length === 0 ? (
          <Empty title={isFiltered ? t("audit.noMatch") : t("audit.empty")}>
            {isFiltered ? t("audit.noMatch.text") : t("audit.empty.text")}
          </Empty>
        ) : (
          <DataTable
            caption={t("nav.audit")}
            columns={columnsFor(t, mayUndo ? setUndoing : null)}
            rows={found.data.items}
            keyOf={({ change_no }) => String(change_no)}
            dimmed={found.isPlaceholderData}
          />
        ))}
      <Group justify="flex-end">
        {cursor !== undefined && (
          <Button variant="default" size="xs" onClick={() => void navigate({ search: filters })}>
            {t("page.first")}
          </Button>
        )}
        {next !== null && (
          <Button variant="default" size="xs" onClick={() => void navigate({ search: { ...filters, cursor: next } })}>
            {t("page.next")}
          </Button>
        )}
      </Group>
      {undoing !== null && <UndoDialog changeNo={undoing} close={() => setUndoing(null)} />}
    </Page>
  );
}

function FilterForm({ filters, ask }: { readonly filters: Filters; readonly ask: (filters: Filters) => void }) {
  const t = useT();
  const { object = "", actor = "", since = "" } = filters;
  const [fields, setFields] = useState({ object, actor, since });
  useEffect(() => setFields({ object, actor, since }), [object, actor, since]);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    ask(Object.fromEntries(Object.entries(fields).filter(([, value]) => value.trim() !== "")));
  };
  return (
    <form onSubmit={submit} role="search">
      <Group align="flex-end">
        {FILTERS.map((name) => (
          <TextInput
            key={name}
            type={name === "since" ? "date" : "text"}
            label={t(`audit.filter.${name}`)}
            value={fields[name]}
            onChange={(event) => setFields({ ...fields, [name]: event.currentTarget.value })}
            {...(name === "object" && { "data-page-search": true })}
          />
        ))}
        <Button type="submit" variant="default">
          {t("audit.filter")}
        </Button>
      </Group>
    </form>
  );
}

const columnsFor = (t: ReturnType<typeof useT>, undo: ((no: number) => void) | null): readonly Column<Row>[] => [
  {
    key: "no",
    header: t("audit.column.no"),
    cell: ({ change_no }) => (
      <Anchor component={Link} to={`/changes/${change_no}`}>
        #{change_no}
      </Anchor>
    ),
  },
  { key: "at", header: t("audit.column.at"), cell: ({ at }) => <Time at={at} /> },
  { key: "actor", header: t("audit.column.actor"), cell: ({ actor }) => visible(actor) },
  {
    key: "what",
    header: t("audit.column.what"),
    cell: ({ action, object, count, hidden }) => (
      <>
        {visible(action)} {object !== null && <ObjectLink object={object} />}
        {count > 1 && (
          <Text size="sm" c="dimmed" component="div">
            {t("changes.count", { count })}
            {hidden > 0 && ` · ${t("changes.hidden", { count: hidden })}`}
          </Text>
        )}
      </>
    ),
  },
  { key: "why", header: t("audit.column.why"), cell: ({ why }) => (why === null ? "–" : visible(why)) },
  {
    key: "state",
    header: t("audit.column.state"),
    cell: ({ change_no, undoable, undone_by }) =>
      undone_by !== null ? (
        <Status tone="quiet">{t("audit.undone", { no: String(undone_by) })}</Status>
      ) : (
        undoable &&
        undo !== null && (
          <Button
            size="compact-sm"
            variant="default"
            onClick={() => undo(change_no)}
            aria-label={t("audit.undo", { no: String(change_no) })}
          >
            {t("action.undo")}
          </Button>
        )
      ),
  },
];
