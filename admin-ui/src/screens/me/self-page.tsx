/** A screen of self-service: one column, room between the rows, and where to get help. */
import { Anchor, Container, Loader, Paper, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { useI18n, useT } from "../../i18n/i18n.tsx";
import { Page } from "../../parts/page.tsx";
import { visible } from "../../parts/text.tsx";
import { useSession } from "../../shell/session.tsx";

export function SelfPage({ title, about, children }: { readonly title: string; readonly about?: string; readonly children: ReactNode }) {
  return (
    <Container size="sm" px={0} mx={0}>
      <Page title={title} about={about}>
        {children}
        <Help />
      </Page>
    </Container>
  );
}

function Help() {
  const t = useT();
  const [main] = useSession().addresses;
  if (main === undefined)
    return (
      <Text size="sm" c="dimmed">
        {t("me.help.none")}
      </Text>
    );
  const address = `postmaster@${main.slice(main.lastIndexOf("@") + 1)}`;
  const [before, after] = t("me.help", { address: "\n" }).split("\n");
  return (
    <Text size="sm" c="dimmed">
      {before}
      <Anchor href={`mailto:${address}`} inherit underline="always">
        {visible(address)}
      </Anchor>
      {after}
    </Text>
  );
}

/** A part of a screen, with its name. */
export function Part({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <Stack component="section" gap="xs" aria-label={title}>
      <Title order={2} size="h4">
        {title}
      </Title>
      {children}
    </Stack>
  );
}

/** One thing among others of its kind. */
export const Item = ({ children }: { readonly children: ReactNode }) => (
  <Paper withBorder p="md">
    {children}
  </Paper>
);

export function Waiting() {
  const t = useT();
  return <Loader role="status" aria-label={t("page.loading")} />;
}

/** The last day on which something counts that ends at `end`: in UTC, as it was typed. */
export function useLastDay(): (end: string) => string {
  const { language } = useI18n();
  return (end) => new Intl.DateTimeFormat(language, { dateStyle: "medium", timeZone: "UTC" }).format(Date.parse(end) - 1);
}

export function useDay(): (moment: string) => string {
  const { language } = useI18n();
  return (moment) => new Intl.DateTimeFormat(language, { dateStyle: "medium" }).format(Date.parse(moment));
}

/** Addresses in a sentence. */
export const named = (addresses: readonly string[]): string => addresses.map(visible).join(", ");
