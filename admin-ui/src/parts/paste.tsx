/** Adding or removing many addresses by paste: the server says first what would come of it. */
import { Button, Group, List, Loader, Modal, SegmentedControl, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useT } from "../i18n/i18n.tsx";
import type { Key } from "../i18n/messages.ts";
import { useChange, type Written } from "./change.tsx";
import { Failure } from "./failure.tsx";
import { Status, type Tone } from "./status.tsx";
import { Address, visible } from "./text.tsx";

/** Addresses as people paste them: by line, comma, semicolon or blank; of `Name <address>` the address. */
const pastedAddresses = (text: string): string[] => {
  const named = text.match(/<[^<>\s]+@[^<>\s]+>/g);
  const rest = named === null ? text : text.replace(/[^\n,;]*<([^<>\s]+@[^<>\s]+)>/g, "$1");
  return [...new Set(rest.split(/[\s,;]+/).filter((part) => part !== ""))];
};

export type Pasted = { readonly add: string[]; readonly remove: string[] };

/** What the server answers to a paste that is rehearsed. */
export type PasteOutcome = {
  readonly added: readonly string[];
  readonly already: readonly string[];
  readonly removed: readonly string[];
  readonly not_there: readonly string[];
  readonly unknown: readonly string[];
  readonly bad: readonly { readonly text: string; readonly detail: string }[];
  readonly members: number;
  readonly warnings: readonly string[];
};

type Props = {
  readonly title: string;
  /** Of the rehearsal's answers: what the addresses are added to. */
  readonly what: readonly string[];
  readonly rehearse: (pasted: Pasted) => Promise<PasteOutcome>;
  readonly write: (pasted: Pasted, why: string) => Promise<Written>;
  readonly close: () => void;
};

const SIDES = ["add", "remove"] as const;
const sided = (side: (typeof SIDES)[number], addresses: string[]): Pasted =>
  side === "add" ? { add: addresses, remove: [] } : { add: [], remove: addresses };

export function PasteDialog({ title, what, rehearse, write, close }: Props) {
  const t = useT();
  const change = useChange();
  const [side, setSide] = useState<(typeof SIDES)[number]>("add");
  const [text, setText] = useState("");
  const [why, setWhy] = useState("");
  const [settled] = useDebouncedValue(text, 400);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const addresses = pastedAddresses(settled);
  const preview = useQuery({
    queryKey: ["rehearsed", ...what, side, addresses],
    enabled: addresses.length > 0,
    retry: false,
    placeholderData: keepPreviousData,
    queryFn: () => rehearse(sided(side, addresses)),
  });
  const shown = addresses.length === 0 ? undefined : preview.data;
  const isCurrent = shown !== undefined && !preview.isPlaceholderData && settled === text;
  const count = shown === undefined ? 0 : side === "add" ? shown.added.length : shown.removed.length;
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (!isCurrent || count === 0) return;
    setBusy(true);
    setError(null);
    const bad = new Set(shown.bad.map((one) => one.text));
    try {
      await change(
        () =>
          write(
            sided(
              side,
              addresses.filter((address) => !bad.has(address)),
            ),
            why,
          ),
        t(side === "add" ? "paste.added" : "paste.removed", { count }),
      );
      close();
    } catch (refused) {
      setError(refused);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal opened onClose={close} title={title} size="lg" closeButtonProps={{ "aria-label": t("action.close") }}>
      <form onSubmit={(event) => void submit(event)}>
        <Stack>
          <SegmentedControl
            aria-label={t("paste.side")}
            value={side}
            onChange={(chosen) => setSide(chosen as typeof side)}
            data={SIDES.map((value) => ({ value, label: t(`action.${value}`) }))}
          />
          <Textarea
            label={t("paste.addresses")}
            description={t("paste.addresses.hint")}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            autosize
            minRows={4}
            maxRows={12}
            spellCheck={false}
            data-autofocus
          />
          <div aria-live="polite">
            {addresses.length > 0 && preview.isPending && <Loader size="sm" aria-label={t("page.loading")} />}
            {addresses.length > 0 && preview.isError && error === null && <Failure error={preview.error} />}
            {shown !== undefined && !preview.isError && <Outcome outcome={shown} />}
            {error !== null && <Failure error={error} />}
          </div>
          <TextInput
            label={t("action.reason")}
            description={t("action.reason.hint")}
            value={why}
            onChange={(event) => setWhy(event.currentTarget.value)}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {t("action.cancel")}
            </Button>
            <Button type="submit" loading={busy} disabled={!isCurrent || count === 0}>
              {t(side === "add" ? "paste.add" : "paste.remove", { count })}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

const GROUPS = [
  ["added", "good"],
  ["removed", "good"],
  ["already", "quiet"],
  ["not_there", "quiet"],
  ["unknown", "warn"],
] as const satisfies readonly (readonly [keyof PasteOutcome, Tone])[];

function Outcome({ outcome }: { readonly outcome: PasteOutcome }) {
  return (
    <Stack gap={6}>
      {GROUPS.map(([group, tone]) => (
        <Names key={group} title={`paste.${group}.count`} tone={tone} names={outcome[group].map((address) => ({ text: address }))} />
      ))}
      <Names title="paste.bad.count" tone="bad" names={outcome.bad} />
      {outcome.warnings.map((warning) => (
        <Text key={warning} size="sm">
          {visible(warning)}
        </Text>
      ))}
    </Stack>
  );
}

/** Enough to see what kind they are. */
const NAMED = 20;

function Names({
  title,
  tone,
  names,
}: {
  readonly title: Key;
  readonly tone: Tone;
  readonly names: readonly { readonly text: string; readonly detail?: string }[];
}) {
  const t = useT();
  if (names.length === 0) return null;
  return (
    <details open={tone === "bad"}>
      <summary>
        <Status tone={tone}>{t(title, { count: names.length })}</Status>
      </summary>
      <List size="sm">
        {names.slice(0, NAMED).map(({ text, detail }) => (
          <List.Item key={text}>
            <Address>{text}</Address>
            {detail !== undefined && <Text span size="sm" c="dimmed">{`: ${visible(detail)}`}</Text>}
          </List.Item>
        ))}
        {names.length > NAMED && <List.Item>{t("paste.more", { count: names.length - NAMED })}</List.Item>}
      </List>
    </details>
  );
}
