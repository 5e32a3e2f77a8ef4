import { Group, Text } from "@mantine/core";
import { useT } from "../../i18n/i18n.tsx";
import type { Key } from "../../i18n/messages.ts";
import { Status, type Tone } from "../../parts/status.tsx";
import type { Mine } from "./my-mail.tsx";
import { named } from "./self-page.tsx";

export type Forwarding = Mine["forwarding"][number];

const TONES: Readonly<Record<Forwarding["state"], Tone>> = { off: "quiet", verified: "good", set: "good", paused: "warn" };

function sentence({ state, keeps_copy, campus_mailboxes }: Forwarding): Key {
  if (state === "off") return campus_mailboxes.length === 0 ? "me.says.off.nowhere" : "me.says.off";
  if (state === "paused") return "me.says.paused";
  return keeps_copy ? "me.says.copy" : "me.says.noCopy";
}

/** How mail of an address is forwarded, in a word and a sentence. */
export function ForwardingSays({ forwarding }: { readonly forwarding: Forwarding }) {
  const t = useT();
  return (
    <>
      <Group gap="xs">
        <Status tone={TONES[forwarding.state]}>{t(`me.state.${forwarding.state}`)}</Status>
        {forwarding.waiting !== null && <Status tone="note">{t("me.state.waiting")}</Status>}
      </Group>
      <Text className="address">{t(sentence(forwarding), { targets: named(forwarding.targets) })}</Text>
    </>
  );
}
