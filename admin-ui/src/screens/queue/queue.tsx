/** What waits: by what it waits for, or message by message. */
import { Alert, Loader, SegmentedControl } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { api, body } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { Failure } from "../../parts/failure.tsx";
import { LiveBar, useHeldRows, useLive } from "../../parts/live.tsx";
import { Empty, Page } from "../../parts/page.tsx";
import { Time } from "../../parts/text.tsx";
import { QueueActions } from "./actions.tsx";
import { Ages } from "./ages.tsx";
import { type Groups, GroupTable } from "./groups.tsx";
import { Messages } from "./messages.tsx";

const route = getRouteApi("/queue");

export function Queue() {
  const t = useT();
  const { view, group, cursor } = route.useSearch();
  const navigate = route.useNavigate();
  const groups = useQuery({ queryKey: ["queue", "groups"], queryFn: () => body(api.queue.groups.$get({ query: {} })) });
  const isMessages = view === "messages";
  const live = useLive(["queue"], () => void groups.refetch());
  const held = useHeldRows(groups.data?.items, ({ key }) => key, "groups");
  return (
    <Page
      title={t("nav.queue")}
      about={groups.data !== undefined && <Total groups={groups.data} />}
      actions={
        groups.data !== undefined &&
        groups.data.recipients > 0 && (
          <QueueActions
            asked={{ all: true }}
            what={t("queue.everything")}
            canRelease={groups.data.items.some(({ state }) => state === "held" || state === "quarantined")}
          />
        )
      }
    >
      <LiveBar {...live} fresh={held.fresh} gone={held.gone} show={held.show}>
        <SegmentedControl
          aria-label={t("queue.view")}
          value={isMessages ? "messages" : "groups"}
          onChange={(chosen) => void navigate({ search: chosen === "messages" ? { view: chosen } : {} })}
          data={(["groups", "messages"] as const).map((value) => ({ value, label: t(`queue.view.${value}`) }))}
        />
      </LiveBar>
      {groups.isPending && <Loader role="status" aria-label={t("page.loading")} />}
      {groups.isError && <Failure error={groups.error} retry={() => void groups.refetch()} />}
      {groups.data?.sampled_rows != null && (
        <Alert color="gray" variant="outline">
          {t("queue.sampled", { count: groups.data.sampled_rows })}
        </Alert>
      )}
      {isMessages ? (
        <Messages
          group={groups.data?.items.find(({ key }) => key === group)}
          asked={group}
          cursor={cursor}
          go={(search) => void navigate({ search: { view: "messages", ...search } })}
        />
      ) : (
        groups.data !== undefined &&
        (groups.data.recipients === 0 && held.shown.length === 0 ? (
          <Empty title={t("queue.empty")}>
            {groups.data.last_delivery_at === null ? t("queue.empty.text") : <LastDelivery at={groups.data.last_delivery_at} />}
          </Empty>
        ) : (
          <>
            <GroupTable rows={held.shown} />
            {groups.data.more_groups > 0 && t("queue.moreGroups", { count: groups.data.more_groups })}
            <Ages groups={groups.data} />
          </>
        ))
      )}
    </Page>
  );
}

function LastDelivery({ at }: { readonly at: string }) {
  const t = useT();
  const [before, after] = t("queue.empty.last", { time: "\u0000" }).split("\u0000");
  return (
    <>
      {before}
      <Time at={at} withSeconds />
      {after}
    </>
  );
}

function Total({ groups }: { readonly groups: Groups }) {
  const t = useT();
  return <span role="status">{t(groups.sampled_rows === null ? "queue.total" : "queue.total.about", { count: groups.recipients })}</span>;
}
