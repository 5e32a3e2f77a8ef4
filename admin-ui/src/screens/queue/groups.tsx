/** Recipients that wait for the same thing, as one row each. */
import { Anchor, Group, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { InferResponseType } from "hono/client";
import type { api } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { GroupState } from "../../parts/outcome.tsx";
import { Time, visible } from "../../parts/text.tsx";
import { QueueActions } from "./actions.tsx";

export type Groups = InferResponseType<typeof api.queue.groups.$get, 200>;
export type QueueGroup = Groups["items"][number];

/** What a group waits for, in plain words. */
export function useReason(): (group: QueueGroup) => string {
  const t = useT();
  return ({ cause, party, status }) => `${t(`cause.${cause}`, { party: visible(party) })}${status === "" ? "" : ` (${visible(status)})`}`;
}

export function GroupTable({ rows }: { readonly rows: readonly QueueGroup[] }) {
  const t = useT();
  const reason = useReason();
  const columns: readonly Column<QueueGroup>[] = [
    {
      key: "reason",
      header: t("queue.reason"),
      cell: (group) => (
        <>
          <Group gap="xs">
            <GroupState state={group.state} />
            <Anchor
              component={Link}
              to={`/queue?${new URLSearchParams({ view: "messages", group: group.key }).toString()}`}
              title={t("queue.show")}
            >
              {reason(group)}
            </Anchor>
          </Group>
          {group.example !== null && (
            <Text size="sm" c="dimmed" className="remote-words" title={t("queue.example")}>
              {visible(group.example)}
            </Text>
          )}
        </>
      ),
    },
    { key: "recipients", header: t("queue.recipients"), align: "right", cell: ({ recipients }) => recipients },
    { key: "oldest", header: t("queue.oldest"), cell: ({ oldest }) => <Time at={oldest.receivedAt} /> },
    {
      key: "next",
      header: t("queue.next"),
      cell: ({ nextAttemptAt }) => (nextAttemptAt === null ? t("queue.next.none") : <Time at={nextAttemptAt} />),
    },
    {
      key: "actions",
      header: t("queue.actions"),
      cell: (group) => (
        <QueueActions
          asked={{ group: group.key }}
          what={reason(group)}
          canRelease={group.state === "held" || group.state === "quarantined"}
        />
      ),
    },
  ];
  return <DataTable caption={t("nav.queue")} columns={columns} rows={rows} keyOf={({ key }) => key} />;
}
