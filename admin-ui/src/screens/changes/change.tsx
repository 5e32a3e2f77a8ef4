/** One change set: who did what to which addresses, with before and after, and the way back. */
import { Alert, Anchor, Button, Group, Loader, Text } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { InferResponseType } from "hono/client";
import { api, body } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { DataTable } from "../../parts/data-table.tsx";
import { Failure } from "../../parts/failure.tsx";
import { Page } from "../../parts/page.tsx";
import { Address, Time, visible } from "../../parts/text.tsx";
import { useMay } from "../../shell/session.tsx";
import { Diff } from "./diff.tsx";
import { UndoDialog } from "./undo-dialog.tsx";

const route = getRouteApi("/changes/$id");

export function ChangePage() {
  const t = useT();
  const { id } = route.useParams();
  const { cursor, undo } = route.useSearch();
  const navigate = route.useNavigate();
  const mayUndo = useMay("changes.undo");
  const change = useQuery({
    queryKey: ["change", id, cursor],
    queryFn: () => body(api.changes[":id"].$get({ param: { id }, query: cursor === undefined ? {} : { cursor } })),
    placeholderData: keepPreviousData,
  });
  const ask = (search: { readonly undo?: string; readonly cursor?: string }): void => void navigate({ search, replace: true });
  const set = change.data;
  return (
    <Page
      title={t("changes.title", { no: id })}
      actions={set?.undoable === true && mayUndo && <Button onClick={() => ask({ undo: "1" })}>{t("action.undo")}</Button>}
    >
      {change.isPending && <Loader role="status" aria-label={t("page.loading")} />}
      {change.isError && <Failure error={change.error} retry={() => void change.refetch()} />}
      {set !== undefined && (
        <>
          <Facts set={set} />
          <DataTable
            caption={t("changes.records")}
            rows={set.records}
            keyOf={({ change_no }) => String(change_no)}
            dimmed={change.isPlaceholderData}
            columns={[
              { key: "object", header: t("changes.column.object"), cell: ({ object }) => <ObjectLink object={object} /> },
              { key: "action", header: t("changes.column.action"), cell: ({ action }) => visible(action) },
              { key: "diff", header: t("changes.column.diff"), cell: ({ before, after }) => <Diff before={before} after={after} /> },
            ]}
          />
          <Group justify="flex-end">
            {cursor !== undefined && (
              <Button variant="default" size="xs" onClick={() => ask({})}>
                {t("page.first")}
              </Button>
            )}
            {set.next_cursor !== null && (
              <Button variant="default" size="xs" onClick={() => ask({ cursor: set.next_cursor ?? "" })}>
                {t("page.next")}
              </Button>
            )}
          </Group>
        </>
      )}
      {undo !== undefined && mayUndo && <UndoDialog changeNo={Number(id)} close={() => ask({})} />}
    </Page>
  );
}

type Set = InferResponseType<(typeof api.changes)[":id"]["$get"], 200>;

function Facts({ set }: { readonly set: Set }) {
  const t = useT();
  return (
    <div>
      <Text>
        {visible(set.actor)} · <Time at={set.at} withSeconds /> · {t("changes.count", { count: set.count })}
      </Text>
      <Text c="dimmed">{set.why === null ? t("changes.noWhy") : t("changes.why", { why: visible(set.why) })}</Text>
      {set.hidden > 0 && <Text c="dimmed">{t("changes.hidden", { count: set.hidden })}</Text>}
      {set.undo_of !== null && <Related text={t("changes.undoOf")} no={set.undo_of} />}
      {set.undone_by !== null && (
        <Alert variant="outline" color="yellow" mt="xs">
          <Related text={t("changes.undoneBy")} no={set.undone_by} />
        </Alert>
      )}
    </div>
  );
}

const Related = ({ text, no }: { readonly text: string; readonly no: number }) => (
  <Text>
    {text}{" "}
    <Anchor component={Link} to={`/changes/${no}`}>
      #{no}
    </Anchor>
  </Text>
);

/** An address leads to its page. */
export function ObjectLink({ object }: { readonly object: string }) {
  if (!/^[^@\s]+@[^@\s]+$/.test(object)) return <>{visible(object)}</>;
  return (
    <Anchor component={Link} to={`/addresses/${encodeURIComponent(object)}`}>
      <Address>{object}</Address>
    </Anchor>
  );
}
