/** Keys that work everywhere: `g` and a letter goes to a screen, `/` searches on this page, `?` lists them. Never while somebody is typing. */
import { Kbd, Modal, Table } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { useT } from "../i18n/i18n.tsx";
import type { NavItem } from "./nav.ts";
import { useSingleKeys } from "./preferences.ts";

const TYPING = "input, textarea, select, [contenteditable], [role=combobox], [role=tree], [role=application]";
const SECOND_KEY_WITHIN_MS = 1500;

export function Keys({ items }: { readonly items: readonly NavItem[] }) {
  const t = useT();
  const navigate = useNavigate();
  const [enabled] = useSingleKeys();
  const [listed, setListed] = useState(false);
  const wentAt = useRef(0);
  useEffect(() => {
    if (!enabled) return;
    const pressed = (event: KeyboardEvent): void => {
      const target = event.target as Element | null;
      if (event.ctrlKey || event.metaKey || event.altKey || target?.closest(TYPING)) return;
      const to = Date.now() - wentAt.current < SECOND_KEY_WITHIN_MS ? items.find(({ key }) => key === event.key)?.to : undefined;
      wentAt.current = event.key === "g" ? Date.now() : 0;
      if (to !== undefined) void navigate({ to });
      else if (event.key === "?") setListed(true);
      else if (event.key === "/") document.querySelector<HTMLInputElement>("[data-page-search]")?.focus();
      else return;
      event.preventDefault();
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, [enabled, items, navigate]);
  const rows: (readonly [string, string])[] = [
    ["/", t("keys.search")],
    ["Ctrl K, ⌘ K", t("palette.title")],
    ["Esc", t("keys.close")],
    ["?", t("keys.help")],
    ...items.flatMap(({ key, label }): (readonly [string, string])[] => (key === undefined ? [] : [[`g ${key}`, t(label)]])),
  ];
  return (
    <Modal opened={listed} onClose={() => setListed(false)} title={t("keys.title")} closeButtonProps={{ "aria-label": t("action.close") }}>
      <Table>
        <Table.Tbody>
          {rows.map(([key, what]) => (
            <Table.Tr key={key}>
              <Table.Td>
                <Kbd>{key}</Kbd>
              </Table.Td>
              <Table.Td>{what}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Modal>
  );
}
