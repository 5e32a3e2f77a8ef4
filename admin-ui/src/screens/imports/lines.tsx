/** The rows of a preview, one state at a time. */
import { Button, Chip, Group, Loader, Text } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { api, body } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Failure } from "../../parts/failure.tsx";
import { Address, visible } from "../../parts/text.tsx";
import { Diff } from "../changes/diff.tsx";

const route = getRouteApi("/import");
const STATES = ["problem", "new", "changed", "removed"] as const;
type State = (typeof STATES)[number];
type Counts = { readonly new: number; readonly changed: number; readonly removed: number; readonly problems: number };
type Row = {
  readonly line: number;
  readonly address: string | null;
  readonly before: unknown;
  readonly after: unknown;
  readonly problem: string | null;
  readonly fix: string | null;
};

/** Of each state but problems the server keeps the first ones. */
const KEPT = 1000;

export function Lines({ id, counts }: { readonly id: string; readonly counts: Counts }) {
  const t = useT();
  const { state: asked, cursor } = route.useSearch();
  const navigate = route.useNavigate();
  const countOf = (state: State): number => counts[state === "problem" ? "problems" : state];
  const there = STATES.filter((state) => countOf(state) > 0);
  const state = there.find((one) => one === asked) ?? there[0];
  const rows = useQuery({
    queryKey: ["import", id, "lines", state, cursor, counts],
    enabled: state !== undefined,
    queryFn: () =>
      body(api.imports[":id"].lines.$get({ param: { id }, query: { state: state ?? "new", ...(cursor !== undefined && { cursor }) } })),
    placeholderData: keepPreviousData,
  });
  const next = rows.data?.next_cursor ?? null;
  if (state === undefined) return null;
  const go = (search: { readonly state?: string; readonly cursor?: string }): void => void navigate({ search: { id, ...search } });
  return (
    <section>
      <Group gap={6} role="group" aria-label={t("imports.rows")}>
        {there.map((one) => (
          <Chip key={one} size="xs" checked={one === state} onChange={() => go({ state: one })}>
            {t(`imports.rows.${one}`, { count: countOf(one) })}
          </Chip>
        ))}
      </Group>
      {rows.isPending && <Loader role="status" aria-label={t("page.loading")} />}
      {rows.isError && <Failure error={rows.error} retry={() => void rows.refetch()} />}
      {rows.data !== undefined && (
        <DataTable
          caption={t("imports.rows")}
          rows={rows.data.items}
          keyOf={({ line }) => String(line)}
          columns={columnsFor(t, state)}
          dimmed={rows.isPlaceholderData}
        />
      )}
      {state !== "problem" && countOf(state) > KEPT && (
        <Text size="sm" c="dimmed">
          {t("imports.rows.first", { count: KEPT })}
        </Text>
      )}
      <Group justify="flex-end">
        {cursor !== undefined && (
          <Button variant="default" size="xs" onClick={() => go({ state })}>
            {t("page.first")}
          </Button>
        )}
        {next !== null && (
          <Button variant="default" size="xs" onClick={() => go({ state, cursor: next })}>
            {t("page.next")}
          </Button>
        )}
      </Group>
    </section>
  );
}

function columnsFor(t: ReturnType<typeof useT>, state: State): readonly Column<Row>[] {
  const address: Column<Row> = {
    key: "address",
    header: t("changes.column.object"),
    cell: ({ address }) => (address === null ? "–" : <Address>{address}</Address>),
  };
  const line: Column<Row> = { key: "line", header: t("imports.column.line"), cell: (row) => row.line };
  if (state === "problem")
    return [
      line,
      address,
      { key: "problem", header: t("imports.column.problem"), cell: ({ problem }) => visible(problem ?? "") },
      { key: "fix", header: t("imports.column.fix"), cell: ({ fix }) => visible(fix ?? "") },
    ];
  const diff: Column<Row> = {
    key: "diff",
    header: t("changes.column.diff"),
    cell: ({ before, after }) => <Diff before={before} after={after} />,
  };
  return state === "removed" ? [address, diff] : [line, address, diff];
}
