/** One list: who is on it, who may post, what waits, what it is. */
import { Loader, Tabs } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useT } from "../../i18n/i18n.tsx";
import { Failure } from "../../parts/failure.tsx";
import { Page } from "../../parts/page.tsx";
import { visible } from "../../parts/text.tsx";
import { HistoryTab } from "../entries/history-tab.tsx";
import { ReachSentence } from "../entries/reach.tsx";
import { SettingsTab } from "../entries/settings-tab.tsx";
import { AboutTab } from "./about-tab.tsx";
import { HeldTab } from "./held-tab.tsx";
import { MembersTab } from "./members-tab.tsx";
import { PostingTab } from "./posting-tab.tsx";
import { type List, readList } from "./read-list.ts";

const route = getRouteApi("/lists/$address");

export function ListPage() {
  const t = useT();
  const { address } = route.useParams();
  const list = useQuery({ queryKey: ["list", address], queryFn: () => readList(address) });
  return (
    <Page title={visible(address)} about={list.data !== undefined && <ReachSentence address={address} />}>
      {list.isPending && <Loader role="status" aria-label={t("page.loading")} />}
      {list.isError && <Failure error={list.error} retry={() => void list.refetch()} />}
      {list.data !== undefined && <ListTabs list={list.data} />}
    </Page>
  );
}

function ListTabs({ list }: { readonly list: List }) {
  const t = useT();
  const { tab } = route.useSearch();
  const navigate = route.useNavigate();
  const tabs = [
    ...(list.may.see_members ? (["members"] as const) : []),
    "posting" as const,
    ...(list.may.see_held ? (["held"] as const) : []),
    "about" as const,
    "history" as const,
    "settings" as const,
  ];
  const first = tabs[0];
  return (
    <Tabs
      value={tabs.find((each) => each === tab) ?? first ?? null}
      onChange={(chosen) => void navigate({ search: chosen === null || chosen === first ? {} : { tab: chosen } })}
      keepMounted={false}
    >
      <Tabs.List mb="md">
        {tabs.map((each) => (
          <Tabs.Tab key={each} value={each}>
            {t(`lists.tab.${each}`, { members: list.member_count, held: list.held_count })}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      <Tabs.Panel value="members">
        <MembersTab list={list} />
      </Tabs.Panel>
      <Tabs.Panel value="posting">
        <PostingTab list={list} />
      </Tabs.Panel>
      <Tabs.Panel value="held">
        <HeldTab address={list.address} />
      </Tabs.Panel>
      <Tabs.Panel value="about">
        <AboutTab list={list} />
      </Tabs.Panel>
      <Tabs.Panel value="history">
        <HistoryTab address={list.address} />
      </Tabs.Panel>
      <Tabs.Panel value="settings">
        <SettingsTab entry={list} mayEdit={list.may.edit} />
      </Tabs.Panel>
    </Tabs>
  );
}
