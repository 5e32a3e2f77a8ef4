/** Who may use the panel and the API: people and their roles, tokens of programs, and one's own second factor. */
import { Tabs } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { useT } from "../../i18n/i18n.tsx";
import { Page } from "../../parts/page.tsx";
import { useMay } from "../../shell/session.tsx";
import { People } from "./people.tsx";
import { SecondFactor } from "./second-factor.tsx";
import { Tokens } from "./tokens.tsx";

const route = getRouteApi("/access");

export function Access() {
  const t = useT();
  const { tab } = route.useSearch();
  const navigate = route.useNavigate();
  const maySee = useMay("access.see");
  const tabs = [...(maySee ? (["people"] as const) : []), "tokens", "factor"] as const;
  const shown = tabs.find((each) => each === tab) ?? tabs[0];
  return (
    <Page title={t("nav.access")}>
      <Tabs
        value={shown}
        onChange={(chosen) => void navigate({ search: chosen === tabs[0] ? {} : { tab: chosen ?? undefined } })}
        keepMounted={false}
      >
        <Tabs.List>
          {tabs.map((each) => (
            <Tabs.Tab key={each} value={each}>
              {t(`access.tab.${each}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="people" pt="md">
          <People />
        </Tabs.Panel>
        <Tabs.Panel value="tokens" pt="md">
          <Tokens />
        </Tabs.Panel>
        <Tabs.Panel value="factor" pt="md">
          <SecondFactor />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}
