/** One address: where its mail goes, what became of it, what it is. */
import { Loader, Tabs } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Navigate } from "@tanstack/react-router";
import { useT } from "../../i18n/i18n.tsx";
import { Failure } from "../../parts/failure.tsx";
import { Page } from "../../parts/page.tsx";
import { visible } from "../../parts/text.tsx";
import { readAddress } from "../entries/entry-api.ts";
import { HistoryTab } from "../entries/history-tab.tsx";
import { ReachSentence } from "../entries/reach.tsx";
import { SettingsTab } from "../entries/settings-tab.tsx";
import { DestinationsTab } from "./destinations-tab.tsx";

const route = getRouteApi("/addresses/$address");
const TABS = ["destinations", "history", "settings"] as const;

export function AddressPage() {
  const t = useT();
  const { address } = route.useParams();
  const { tab } = route.useSearch();
  const navigate = route.useNavigate();
  const entry = useQuery({ queryKey: ["address", address], queryFn: () => readAddress(address) });
  if (entry.data?.kind === "list") return <Navigate to="/lists/$address" params={{ address }} replace />;
  return (
    <Page title={visible(address)} about={entry.data !== undefined && <ReachSentence address={address} />}>
      {entry.isPending && <Loader role="status" aria-label={t("page.loading")} />}
      {entry.isError && <Failure error={entry.error} retry={() => void entry.refetch()} />}
      {entry.data !== undefined && (
        <Tabs
          value={TABS.find((each) => each === tab) ?? "destinations"}
          onChange={(chosen) => void navigate({ search: chosen === null || chosen === "destinations" ? {} : { tab: chosen } })}
          keepMounted={false}
        >
          <Tabs.List mb="md">
            {TABS.map((each) => (
              <Tabs.Tab key={each} value={each}>
                {t(`entry.tab.${each}`)}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          <Tabs.Panel value="destinations">
            <DestinationsTab alias={entry.data} mayEdit={entry.data.may_edit} />
          </Tabs.Panel>
          <Tabs.Panel value="history">
            <HistoryTab address={address} />
          </Tabs.Panel>
          <Tabs.Panel value="settings">
            <SettingsTab entry={entry.data} mayEdit={entry.data.may_edit} />
          </Tabs.Panel>
        </Tabs>
      )}
    </Page>
  );
}
