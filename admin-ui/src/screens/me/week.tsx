/** What came in the last seven days: how many, and from whom the latest. */
import { Group, List, Stack, Text } from "@mantine/core";
import { useT } from "../../i18n/i18n.tsx";
import type { Key } from "../../i18n/messages.ts";
import { Status, type Tone } from "../../parts/status.tsx";
import { Address, Time, visible } from "../../parts/text.tsx";
import type { Mine } from "./my-mail.tsx";
import { Part } from "./self-page.tsx";

type Arrival = Mine["week"]["latest"][number];

const OUTCOMES: Readonly<Record<string, readonly [Key, Tone]>> = {
  sent: ["me.outcome.sent", "good"],
  deferred: ["me.outcome.deferred", "warn"],
  bounced: ["me.outcome.bounced", "bad"],
  expired: ["me.outcome.expired", "bad"],
  discarded: ["me.outcome.discarded", "quiet"],
  deleted: ["me.outcome.deleted", "quiet"],
};

export function Week({ week: { counts, latest, more } }: { readonly week: Mine["week"] }) {
  const t = useT();
  const { sent = 0, deferred: waiting = 0, bounced = 0, expired = 0, discarded = 0, deleted = 0 } = counts;
  return (
    <Part title={t("me.week")}>
      {latest.length === 0 ? (
        <Text c="dimmed">{t("me.week.none")}</Text>
      ) : (
        <>
          <Text>{t("me.week.counts", { sent, waiting, failed: bounced + expired, discarded: discarded + deleted })}</Text>
          {more && <Text size="sm">{t("me.week.more")}</Text>}
          <List listStyleType="none" spacing="sm">
            {latest.map((arrival) => (
              <List.Item key={`${arrival.queue_id} ${arrival.recipient_no}`}>
                <OneArrival arrival={arrival} />
              </List.Item>
            ))}
          </List>
          <Text size="sm" c="dimmed">
            {t("me.week.meaning")}
          </Text>
        </>
      )}
    </Part>
  );
}

function OneArrival({ arrival: { at, from, to, outcome } }: { readonly arrival: Arrival }) {
  const t = useT();
  return (
    <Stack gap={2} align="flex-start">
      <Group gap="xs">
        {from === null ? t("me.week.notification") : <Address>{from}</Address>}
        <Outcome outcome={outcome} />
      </Group>
      <Text size="sm" c="dimmed" className="address" component="div">
        <Time at={at} /> · {t("me.week.to", { address: visible(to) })}
      </Text>
    </Stack>
  );
}

function Outcome({ outcome }: { readonly outcome: string }) {
  const t = useT();
  const [key, tone] = OUTCOMES[outcome] ?? ["me.outcome.deferred", "warn"];
  return <Status tone={tone}>{t(key)}</Status>;
}
