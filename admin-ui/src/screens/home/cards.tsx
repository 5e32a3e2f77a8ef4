/** What needs somebody: a card for each, with the way to it. One that could not be asked says so; the others stay. */
import { Anchor, Button, Group, Paper, SimpleGrid, Text, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { InferResponseType } from "hono/client";
import type { api } from "../../api.ts";
import { en } from "../../i18n/en.ts";
import { useT } from "../../i18n/i18n.tsx";
import type { Key } from "../../i18n/messages.ts";
import { Address, Time, visible } from "../../parts/text.tsx";

type Card = InferResponseType<typeof api.attention.$get, 200>["items"][number];

/** Where a card leads; where nothing is named, to the examples it shows. */
const LINKS: Readonly<Record<string, string>> = { delayed: "/queue", quarantined: "/queue" };
const OF_ADDRESSES = new Set(["dead-ends", "expiring", "without-owner", "roles", "held-posts"]);

export function Cards({ cards }: { readonly cards: readonly Card[] }) {
  const t = useT();
  const shown = cards.filter((card) => card.failed || card.count > 0);
  return (
    <section aria-label={t("home.needs")}>
      <Title order={2} size="h4" mb="xs">
        {t("home.needs")}
      </Title>
      {shown.length === 0 ? (
        <Text c="dimmed">{t("home.needs.none")}</Text>
      ) : (
        <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
          {shown.map((card) => (
            <OneCard key={card.kind} card={card} />
          ))}
        </SimpleGrid>
      )}
    </section>
  );
}

function OneCard({ card }: { readonly card: Card }) {
  const t = useT();
  const title = `home.card.${card.kind}`;
  const link = LINKS[card.kind];
  return (
    <Paper withBorder p="sm">
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <Title order={3} size="h5">
          {title in en ? t(title as Key) : visible(card.kind)}
        </Title>
        {!card.failed && card.kind !== "delayed" && (
          <Text fw={700}>{card.more ? t("home.card.more", { count: card.count }) : card.count}</Text>
        )}
      </Group>
      {card.failed ? (
        <Text size="sm">{t("home.card.failed")}</Text>
      ) : (
        <>
          {card.at !== undefined && (
            <Text size="sm">
              <Time at={card.at} />
            </Text>
          )}
          {card.text !== undefined && <Text size="sm">{visible(card.text)}</Text>}
          {OF_ADDRESSES.has(card.kind) &&
            card.examples.map((address) => (
              <div key={address}>
                <Anchor
                  size="sm"
                  component={Link}
                  to={`/${card.kind === "roles" || card.kind === "dead-ends" ? "explain?address=" : "addresses/"}${encodeURIComponent(address)}`}
                >
                  <Address>{address}</Address>
                </Anchor>
              </div>
            ))}
          {card.kind === "frozen" && <Text size="sm">{visible(card.examples.join(", "))}</Text>}
          {link !== undefined && (
            <Button
              component={Link}
              to={card.kind === "delayed" && card.examples[0] !== undefined ? `/trace/${card.examples[0]}` : link}
              size="xs"
              variant="default"
              mt="xs"
            >
              {t("home.card.open")}
            </Button>
          )}
        </>
      )}
    </Paper>
  );
}
