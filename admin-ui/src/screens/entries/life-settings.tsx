/** Turning an address off with an answer, retiring it to a new one, and letting it work again. */
import { Button, Group, Modal, Radio, Stack, Switch, Text, TextInput, Title } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useT } from "../../i18n/i18n.tsx";
import { Failure } from "../../parts/failure.tsx";
import { Address } from "../../parts/text.tsx";
import { ClashAlert, useVersioned } from "../../parts/versioned.tsx";
import { type Entry, type EntryPatch, readAddress, sendPatch } from "./entry-api.ts";
import { useReach } from "./reach.tsx";

const ANSWERS = ["quiet", "soft", "hard", "text"] as const;

export function LifeSettings({ entry }: { readonly entry: Entry }) {
  const t = useT();
  const [asking, setAsking] = useState<"off" | "retire" | null>(null);
  const works = useLife(entry, t("entry.on.done", { address: entry.address }));
  const isWorking = entry.disabled === null && entry.moved_to === null;
  return (
    <Stack gap="xs">
      <Title order={2} size="h4">
        {t("entry.life")}
      </Title>
      <Text>{t(entry.disabled === null ? (entry.moved_to === null ? "entry.on" : "entry.retired") : `entry.off.${entry.disabled}`)}</Text>
      {entry.disabled_text !== null && <Text className="address">{`“${entry.disabled_text}”`}</Text>}
      {entry.moved_to !== null && (
        <Text>
          <Address>{entry.moved_to}</Address>
          {`: ${t(entry.moved_delivers ? "entry.retired.delivers" : "entry.retired.refuses")}`}
        </Text>
      )}
      {works.error !== null && <Failure error={works.error} />}
      {works.clash !== null && <LifeClash life={works} mine={t("entry.on")} />}
      <Group>
        {!isWorking && (
          <Button
            variant="default"
            loading={works.busy}
            onClick={() => void works.save(entry.disabled === null ? { moved: null } : { disabled: null }, entry.version)}
          >
            {t("entry.turnOn")}
          </Button>
        )}
        <Button variant="default" onClick={() => setAsking("off")}>
          {t(entry.disabled === null ? "entry.turnOff" : "entry.otherAnswer")}
        </Button>
        <Button variant="default" onClick={() => setAsking("retire")}>
          {t("entry.retire")}
        </Button>
      </Group>
      {asking === "off" && <TurnOff entry={entry} close={() => setAsking(null)} />}
      {asking === "retire" && <Retire entry={entry} close={() => setAsking(null)} />}
    </Stack>
  );
}

const useLife = (entry: Entry, done: string) =>
  useVersioned<EntryPatch, Entry>({
    send: (patch, version, why) => sendPatch(entry, patch, version, why),
    read: () => readAddress(entry.address),
    done,
  });

function LifeClash({ life, mine, then }: { readonly life: ReturnType<typeof useLife>; readonly mine: string; readonly then?: () => void }) {
  const t = useT();
  const theirs = life.clash?.theirs;
  if (theirs === undefined) return null;
  const is =
    theirs.disabled === null
      ? theirs.moved_to === null
        ? t("entry.on")
        : `${t("entry.retired")} ${theirs.moved_to}`
      : t(`entry.off.${theirs.disabled}`);
  return (
    <ClashAlert
      rows={[{ label: "entry.life", mine, theirs: is }]}
      busy={life.busy}
      onMine={() => void life.keepMine().then((saved) => saved && then?.())}
      onTheirs={() => {
        life.keepTheirs();
        then?.();
      }}
    />
  );
}

/** Who gets mail through it now: said before it stops. */
function Affected({ address }: { readonly address: string }) {
  const t = useT();
  const reach = useReach(address);
  return <Text>{reach.data === undefined ? t("entry.reach.asking") : t("entry.affected", { count: reach.data.mailboxes })}</Text>;
}

function TurnOff({ entry, close }: { readonly entry: Entry; readonly close: () => void }) {
  const t = useT();
  const [answer, setAnswer] = useState<(typeof ANSWERS)[number]>(entry.disabled ?? "hard");
  const [text, setText] = useState(entry.disabled_text ?? "");
  const [why, setWhy] = useState("");
  const off = useLife(entry, t("entry.off.done", { address: entry.address }));
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const disabled = answer === "text" ? { answer, text: text.trim() } : { answer };
    void off.save({ disabled }, entry.version, why).then((saved) => saved && close());
  };
  return (
    <Modal
      opened
      onClose={close}
      title={t("entry.off.title", { address: entry.address })}
      size="lg"
      closeButtonProps={{ "aria-label": t("action.close") }}
    >
      <form onSubmit={submit}>
        <Stack>
          <Affected address={entry.address} />
          <Radio.Group label={t("entry.off.answer")} value={answer} onChange={(chosen) => setAnswer(chosen as typeof answer)}>
            <Stack gap="xs" mt="xs">
              {(["hard", "text", "soft", "quiet"] as const).map((value) => (
                <Radio key={value} value={value} label={t(`entry.answer.${value}`)} description={t(`entry.answer.${value}.hint`)} />
              ))}
            </Stack>
          </Radio.Group>
          {answer === "text" && (
            <TextInput
              label={t("entry.off.words")}
              description={t("entry.off.words.hint")}
              value={text}
              onChange={(event) => setText(event.currentTarget.value)}
              required
              maxLength={200}
            />
          )}
          <TextInput
            label={t("action.reason")}
            description={t("action.reason.hint")}
            value={why}
            onChange={(event) => setWhy(event.currentTarget.value)}
          />
          {off.error !== null && <Failure error={off.error} />}
          <LifeClash life={off} mine={t(`entry.off.${answer}`)} then={close} />
          <Group justify="flex-end">
            <Button variant="default" onClick={close} data-autofocus>
              {t("action.cancel")}
            </Button>
            <Button type="submit" color="red" loading={off.busy}>
              {t("entry.turnOff")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function Retire({ entry, close }: { readonly entry: Entry; readonly close: () => void }) {
  const t = useT();
  const [to, setTo] = useState(entry.moved_to ?? "");
  const [delivers, setDelivers] = useState(entry.moved_to === null || entry.moved_delivers);
  const [why, setWhy] = useState("");
  const retired = useLife(entry, t("entry.retire.done", { address: entry.address }));
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void retired.save({ moved: { to: to.trim(), delivers } }, entry.version, why).then((saved) => saved && close());
  };
  return (
    <Modal
      opened
      onClose={close}
      title={t("entry.retire.title", { address: entry.address })}
      size="lg"
      closeButtonProps={{ "aria-label": t("action.close") }}
    >
      <form onSubmit={submit}>
        <Stack>
          <Affected address={entry.address} />
          <TextInput
            label={t("entry.retire.to")}
            value={to}
            onChange={(event) => setTo(event.currentTarget.value)}
            required
            data-autofocus
          />
          <Switch
            label={t("entry.retire.delivers")}
            description={t(delivers ? "entry.retired.delivers" : "entry.retired.refuses")}
            checked={delivers}
            onChange={(event) => setDelivers(event.currentTarget.checked)}
          />
          <TextInput
            label={t("action.reason")}
            description={t("action.reason.hint")}
            value={why}
            onChange={(event) => setWhy(event.currentTarget.value)}
          />
          {retired.error !== null && <Failure error={retired.error} />}
          <LifeClash life={retired} mine={`${t("entry.retired")} ${to}`} then={close} />
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {t("action.cancel")}
            </Button>
            <Button type="submit" loading={retired.busy}>
              {t("entry.retire")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
