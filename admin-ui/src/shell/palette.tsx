/** Ctrl/⌘ K: finds any screen, address or message by typing. */
import { Combobox, Kbd, Modal, TextInput, useCombobox } from "@mantine/core";
import { useDebouncedValue, useHotkeys } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api, body } from "../api.ts";
import { useT } from "../i18n/i18n.tsx";
import { visible } from "../parts/text.tsx";
import type { NavItem } from "./nav.ts";

type Found = { readonly to: string; readonly label: string; readonly kind: string };

/** Addresses offered at most. */
const OFFERED = 8;
/** What a queue id looks like: letters and digits of both cases, as in `4bXk2q1hZz`. */
const QUEUE_ID = /^[0-9A-Za-z]{8,12}$/;

export function Palette({ items }: { readonly items: readonly NavItem[] }) {
  const [opened, setOpened] = useState(false);
  useHotkeys([["mod+K", () => setOpened(true)]], []);
  return opened ? <Finder items={items} close={() => setOpened(false)} /> : null;
}

function Finder({ items, close }: { readonly items: readonly NavItem[]; readonly close: () => void }) {
  const t = useT();
  const navigate = useNavigate();
  const [text, setText] = useState("");
  const found = useFound(items, text.trim());
  const combobox = useCombobox({ opened: true });
  const go = (to: string): void => {
    close();
    void navigate({ to });
  };
  return (
    <Modal opened onClose={close} title={t("palette.title")} size="lg" closeButtonProps={{ "aria-label": t("action.close") }}>
      <Combobox store={combobox} onOptionSubmit={go} withinPortal={false}>
        <Combobox.EventsTarget>
          <TextInput
            data-autofocus
            aria-label={t("palette.title")}
            placeholder={t("palette.hint")}
            value={text}
            rightSection={<Kbd size="xs">Esc</Kbd>}
            onChange={(event) => {
              setText(event.currentTarget.value);
              combobox.selectFirstOption();
            }}
          />
        </Combobox.EventsTarget>
        <Combobox.Options mt="sm" aria-label={t("palette.title")}>
          {found.map(({ to, label, kind }) => (
            <Combobox.Option value={to} key={to}>
              <strong>{label}</strong> <span className="explain-faint">{kind}</span>
            </Combobox.Option>
          ))}
          {found.length === 0 && <Combobox.Empty>{t("palette.nothing")}</Combobox.Empty>}
        </Combobox.Options>
      </Combobox>
    </Modal>
  );
}

/** Screens at once, addresses when nobody types any more. */
function useFound(items: readonly NavItem[], text: string): readonly Found[] {
  const t = useT();
  const [asked] = useDebouncedValue(text, 150);
  const addresses = useQuery({
    queryKey: ["palette", asked],
    enabled: asked.length > 1,
    queryFn: () => body(api.addresses.$get({ query: { q: asked.replaceAll(":", " "), limit: String(OFFERED) } })),
  });
  const screens = items
    .map(({ to, label }) => ({ to, label: t(label), kind: t("palette.screen") }))
    .filter(({ label }) => label.toLowerCase().includes(text.toLowerCase()));
  const rows = asked.length > 1 ? (addresses.data?.items ?? []) : [];
  return [
    ...screens,
    ...rows.map(({ address, kind }) => ({
      to: `/explain?address=${encodeURIComponent(address)}`,
      label: visible(address),
      kind: t(`addresses.kind.${kind}`),
    })),
    ...(QUEUE_ID.test(text) ? [{ to: `/trace?id=${text}`, label: text, kind: t("palette.message") }] : []),
  ];
}
