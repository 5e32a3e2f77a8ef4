/** A paragraph for a ticket: time, ids, and what the other side said. */
import { Alert, Button, Code, Stack } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useState } from "react";
import { useT } from "../../i18n/i18n.tsx";
import type { Message } from "./message.tsx";

/** In English and UTC, since tickets go to other servers' people. */
function ticketOf(message: Message): string {
  const head = `Message ${message.queueId} (Message-ID ${message.headerMessageId ?? "none"}), received ${message.receivedAt} from <${message.from ?? ""}>, ${message.size} octets.`;
  const tries = message.deliveries.map(
    ({ endedAt, outcome, to, origTo, relay, reply, plain }) =>
      `${endedAt} ${outcome} to=<${to ?? origTo}> orig_to=<${origTo}> relay=${relay ?? "none"}: ${reply} (${plain.text})`,
  );
  const waiting = message.waiting.map(
    ({ state, to, origTo, reply, nextAttemptAt }) =>
      `${state} to=<${to ?? origTo}> orig_to=<${origTo}>${nextAttemptAt === null ? "" : ` next try ${nextAttemptAt}`}${reply === null ? "" : `: ${reply}`}`,
  );
  return [head, ...tries, ...waiting].join("\n");
}

export function CopyTicket({ message }: { readonly message: Message }) {
  const t = useT();
  const [byHand, setByHand] = useState<string | null>(null);
  const copy = async (): Promise<void> => {
    const text = ticketOf(message);
    try {
      await navigator.clipboard.writeText(text);
      setByHand(null);
      notifications.show({ color: "green", message: t("trace.copied"), closeButtonProps: { "aria-label": t("action.close") } });
    } catch {
      setByHand(text); // the browser gives its clipboard to secure pages alone
    }
  };
  return (
    <Stack gap="xs">
      <Button variant="default" onClick={() => void copy()}>
        {t("trace.copy")}
      </Button>
      {byHand !== null && (
        <Alert color="gray" variant="outline" title={t("trace.copy.byHand")}>
          <Code block tabIndex={0}>
            {byHand}
          </Code>
        </Alert>
      )}
    </Stack>
  );
}
