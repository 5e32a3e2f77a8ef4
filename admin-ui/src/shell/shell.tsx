/** The frame around every screen: the menu, who is signed in, and what they like. */
import {
  Alert,
  AppShell,
  Burger,
  Group,
  Menu,
  NavLink,
  ScrollArea,
  SegmentedControl,
  Stack,
  Switch,
  Text,
  UnstyledButton,
  useMantineColorScheme,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Link, Outlet, useRouterState } from "@tanstack/react-router";
import { useEffect } from "react";
import { LANGUAGES, type Language, useI18n } from "../i18n/i18n.tsx";
import { visible } from "../parts/text.tsx";
import { Keys } from "./keys.tsx";
import { NAV, type NavItem } from "./nav.ts";
import { Palette } from "./palette.tsx";
import { useDensity, useSingleKeys } from "./preferences.ts";
import { useSession, useSignOut } from "./session.tsx";

export function Shell() {
  const { t } = useI18n();
  const session = useSession();
  const [opened, menu] = useDisclosure(false);
  const path = useRouterState({ select: (state) => state.location.pathname });
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new page closes the menu
  useEffect(menu.close, [path]);
  const isShown = ({ action, demoOnly }: NavItem): boolean => session.may[action] !== undefined && (demoOnly !== true || session.demo);
  const groups = NAV.map(({ label, items }) => ({ label, items: items.filter(isShown) })).filter(({ items }) => items.length > 0);
  const shown = groups.flatMap(({ items }) => items);
  return (
    <AppShell header={{ height: 52 }} navbar={{ width: 220, breakpoint: "sm", collapsed: { mobile: !opened } }} padding="md">
      <a className="skip-link" href="#content">
        {t("app.skip")}
      </a>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger opened={opened} onClick={menu.toggle} hiddenFrom="sm" size="sm" aria-label={t("app.menu")} aria-expanded={opened} />
            <Link to="/" className="brand">
              <Text fw={700} component="span">
                {t("app.name")}
              </Text>
            </Link>
          </Group>
          <AccountMenu />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar aria-label={t("app.menu")}>
        <ScrollArea>
          {groups.map(({ label, items }) => (
            <div key={label} role="group" aria-label={t(label)}>
              <Text size="xs" c="dimmed" px="sm" pt="sm" aria-hidden="true">
                {t(label)}
              </Text>
              {items.map((item) => (
                <NavLink
                  key={item.to}
                  className="nav-link"
                  component={Link}
                  to={item.to}
                  label={t(item.label)}
                  active={isAt(path, item.to)}
                  aria-current={isAt(path, item.to) ? "page" : undefined}
                />
              ))}
            </div>
          ))}
        </ScrollArea>
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1}>
        {session.demo && (
          <Alert variant="outline" color="gray" mb="md" py={4}>
            {t("demo.banner")}
          </Alert>
        )}
        <Outlet />
      </AppShell.Main>
      <Keys items={shown} />
      <Palette items={shown} />
    </AppShell>
  );
}

const isAt = (path: string, to: string): boolean => (to === "/" || to === "/me" ? path === to : path === to || path.startsWith(`${to}/`));

function AccountMenu() {
  const { t, language, setLanguage } = useI18n();
  const { name } = useSession();
  const signOut = useSignOut();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const [density, setDensity] = useDensity();
  const [keys, setKeys] = useSingleKeys();
  return (
    <Menu position="bottom-end" width={280} closeOnItemClick={false}>
      <Menu.Target>
        <UnstyledButton className="account" aria-label={t("account.signedInAs", { name: visible(name) })}>
          {visible(name)} ▾
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Stack gap="sm" p="sm">
          <Choice
            label={t("account.language")}
            value={language}
            set={(chosen) => setLanguage(chosen as Language)}
            data={Object.entries(LANGUAGES)}
          />
          <Choice
            label={t("account.scheme")}
            value={colorScheme}
            set={(chosen) => setColorScheme(chosen as typeof colorScheme)}
            data={(["auto", "light", "dark"] as const).map((scheme) => [scheme, t(`account.scheme.${scheme}`)])}
          />
          <Choice
            label={t("account.density")}
            value={density}
            set={(chosen) => setDensity(chosen as typeof density)}
            data={(["compact", "comfortable"] as const).map((rows) => [rows, t(`account.density.${rows}`)])}
          />
          <Switch label={t("account.keys")} checked={keys} onChange={(event) => setKeys(event.currentTarget.checked)} />
        </Stack>
        <Menu.Divider />
        <Menu.Item component={Link} to="/access?tab=tokens" closeMenuOnClick>
          {t("account.access")}
        </Menu.Item>
        <Menu.Item onClick={() => void signOut()}>{t("account.signOut")}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function Choice({
  label,
  value,
  set,
  data,
}: {
  readonly label: string;
  readonly value: string;
  readonly set: (value: string) => void;
  readonly data: readonly (readonly [string, string])[];
}) {
  return (
    <div>
      <Text size="xs" c="dimmed">
        {label}
      </Text>
      <SegmentedControl
        aria-label={label}
        fullWidth
        size="xs"
        value={value}
        onChange={set}
        data={data.map(([key, text]) => ({ value: key, label: text }))}
      />
    </div>
  );
}
