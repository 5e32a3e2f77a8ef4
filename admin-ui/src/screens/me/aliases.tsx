/** The aliases that somebody looks after: off and on, and when they end. */
import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { api, body } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import type { Key } from "../../i18n/messages.ts";
import { useChange } from "../../parts/change.tsx";
import { Failure } from "../../parts/failure.tsx";
import { Status, type Tone } from "../../parts/status.tsx";
import { Address, visible } from "../../parts/text.tsx";
import { useConfirmed, useTry } from "./confirm.tsx";
import type { Mine } from "./my-mail.tsx";
import { Item, named, Part, useDay, useLastDay } from "./self-page.tsx";

type Alias = Mine["aliases"]["items"][number];

/** A write by the version that was seen. */
const patch = ({ address, version }: Alias, json: { readonly on?: boolean; readonly expires_at?: string }) =>
  body(api.me.aliases[":address"].$patch({ param: { address }, query: {}, json }, { headers: { "if-match": `"${version}"` } }));

export function Aliases({ aliases }: { readonly aliases: Mine["aliases"] }) {
  const t = useT();
  const others = aliases.items.filter(({ is_own }) => !is_own);
  return (
    <Part title={t("me.aliases")}>
      {others.length === 0 && <Text c="dimmed">{t("me.aliases.none")}</Text>}
      {others.map((alias) => (
        <AliasItem key={alias.address} alias={alias} />
      ))}
      {aliases.more && <Text c="dimmed">{t("me.aliases.more")}</Text>}
    </Part>
  );
}

function AliasItem({ alias }: { readonly alias: Alias }) {
  const t = useT();
  const attempt = useTry();
  const confirmed = useConfirmed();
  const [ending, setEnding] = useState(false);
  const { tone, word, text } = useStanding()(alias);
  const address = visible(alias.address);
  const turnOff = (): void =>
    confirmed(
      {
        title: t("me.alias.turnOff.title", { address }),
        text: t("me.alias.turnOff.text", { address }),
        button: t("me.alias.turnOff"),
        done: t("me.alias.off.done", { address }),
      },
      () => patch(alias, { on: false }),
    );
  return (
    <Item>
      <Stack gap="sm">
        <div>
          <Text fw={600}>
            <Address>{alias.address}</Address>
          </Text>
          <Text size="sm" c="dimmed" className="address">
            {t("me.alias.leads", { targets: named(alias.targets) })}
          </Text>
        </div>
        <Group gap="xs">
          <Status tone={tone}>{t(word)}</Status>
          {text !== null && <Text size="sm">{text}</Text>}
        </Group>
        <Group gap="xs">
          {alias.disabled !== null ? (
            <Button variant="default" onClick={() => void attempt(() => patch(alias, { on: true }), t("me.alias.on.done", { address }))}>
              {t("me.alias.turnOn")}
            </Button>
          ) : (
            alias.moved_to === null && (
              <Button variant="default" onClick={turnOff}>
                {t("me.alias.turnOff")}
              </Button>
            )
          )}
          <Button variant="default" onClick={() => setEnding(true)}>
            {t("me.alias.end")}
          </Button>
        </Group>
      </Stack>
      {ending && <EndDate alias={alias} close={() => setEnding(false)} />}
    </Item>
  );
}

type Standing = { readonly tone: Tone; readonly word: Key; readonly text: string | null };

/** How an alias stands now: a word, and a sentence where the word does not say all. */
function useStanding(): (alias: Alias) => Standing {
  const t = useT();
  const day = useDay();
  const lastDay = useLastDay();
  return ({ disabled, moved_to, moved_delivers, starts_at, expires_at }) => {
    const now = Date.now();
    if (disabled !== null) return { tone: "quiet", word: "me.alias.word.off", text: t("me.alias.off") };
    if (expires_at !== null && Date.parse(expires_at) <= now)
      return { tone: "quiet", word: "me.alias.word.ended", text: t("me.alias.ended", { date: lastDay(expires_at) }) };
    if (moved_to !== null)
      return {
        tone: moved_delivers ? "note" : "quiet",
        word: "me.alias.word.moved",
        text: t("me.alias.moved", { address: visible(moved_to) }),
      };
    if (starts_at !== null && Date.parse(starts_at) > now)
      return { tone: "note", word: "me.alias.word.later", text: t("me.alias.from", { date: day(starts_at) }) };
    if (expires_at !== null) return { tone: "good", word: "me.alias.word.works", text: t("me.alias.until", { date: lastDay(expires_at) }) };
    return { tone: "good", word: "me.alias.word.works", text: null };
  };
}

function EndDate({ alias, close }: { readonly alias: Alias; readonly close: () => void }) {
  const t = useT();
  const change = useChange();
  const [date, setDate] = useState(alias.expires_at?.slice(0, 10) ?? "");
  const [error, setError] = useState<unknown>(null);
  const address = visible(alias.address);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    try {
      await change(() => patch(alias, { expires_at: date }), t("me.alias.end.done", { address, date }));
      close();
    } catch (refused) {
      setError(refused);
    }
  };
  return (
    <Modal opened onClose={close} title={t("me.alias.end.title", { address })} closeButtonProps={{ "aria-label": t("action.close") }}>
      <form onSubmit={(event) => void submit(event)}>
        <Stack>
          <Text size="sm">{t("me.alias.end.text")}</Text>
          <TextInput
            type="date"
            label={t("me.alias.end.label")}
            value={date}
            onChange={(event) => setDate(event.currentTarget.value)}
            required
            data-autofocus
          />
          {error !== null && <Failure error={error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {t("action.cancel")}
            </Button>
            <Button type="submit">{t("action.save")}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
