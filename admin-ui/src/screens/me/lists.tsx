/** The lists that somebody looks after. */
import { Anchor, Button, Group, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { api, body } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import type { Key } from "../../i18n/messages.ts";
import { Failure } from "../../parts/failure.tsx";
import { Empty } from "../../parts/page.tsx";
import { Status } from "../../parts/status.tsx";
import { Address, visible } from "../../parts/text.tsx";
import { Item, SelfPage, useLastDay, Waiting } from "./self-page.tsx";

const route = getRouteApi("/me/lists");

export function MyLists() {
  const t = useT();
  const lastDay = useLastDay();
  const { cursor } = route.useSearch();
  const navigate = route.useNavigate();
  const lists = useQuery({
    queryKey: ["me", "lists", cursor],
    queryFn: () => body(api.me.lists.$get({ query: cursor === undefined ? {} : { cursor } })),
  });
  const next = lists.data?.next_cursor ?? null;
  return (
    <SelfPage title={t("nav.myLists")} about={t("myLists.about")}>
      {lists.isPending && <Waiting />}
      {lists.isError && <Failure error={lists.error} retry={() => void lists.refetch()} />}
      {lists.data?.items.length === 0 && <Empty title={t("myLists.none")}>{t("myLists.none.text")}</Empty>}
      {lists.data?.items.map(({ address, posting, members, more_members, expires_at, disabled, note }) => (
        <Item key={address}>
          <Stack gap={4}>
            <Anchor component={Link} to={`/addresses/${encodeURIComponent(address)}`} fw={600} underline="always">
              <Address>{address}</Address>
            </Anchor>
            {note !== null && <Text size="sm">{visible(note)}</Text>}
            <Text size="sm" c="dimmed">
              {t("myLists.members", { members, more: String(more_members) })} · {t(`myLists.posting.${posting}` as Key)}
              {expires_at !== null && ` · ${t("myLists.ends", { date: lastDay(expires_at) })}`}
            </Text>
            {disabled !== null && (
              <Group>
                <Status tone="quiet">{t("myLists.off")}</Status>
              </Group>
            )}
          </Stack>
        </Item>
      ))}
      <Group gap="xs">
        {cursor !== undefined && (
          <Button variant="default" onClick={() => void navigate({ search: {} })}>
            {t("page.first")}
          </Button>
        )}
        {next !== null && (
          <Button variant="default" onClick={() => void navigate({ search: { cursor: next } })}>
            {t("page.next")}
          </Button>
        )}
      </Group>
    </SelfPage>
  );
}
