/** Changing something by the version that was seen: who was faster is shown beside what was meant, and a person decides. */
import { Alert, Button, Group, Table, Text } from "@mantine/core";
import { useCallback, useState } from "react";
import { ApiError } from "../api.ts";
import { useT } from "../i18n/i18n.tsx";
import type { Key } from "../i18n/messages.ts";
import { useChange, type Written } from "./change.tsx";
import { visible } from "./text.tsx";

/** What was meant, and what somebody else made of it meanwhile. */
type Clash<Patch, Entry> = { readonly mine: Patch; readonly theirs: Entry; readonly why: string };

type Options<Patch, Entry> = {
  readonly send: (patch: Patch, version: number, why: string) => Promise<Written>;
  readonly read: () => Promise<Entry>;
  readonly done: string;
};

export function useVersioned<Patch, Entry extends { readonly version: number }>({ send, read, done }: Options<Patch, Entry>) {
  const change = useChange();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [clash, setClash] = useState<Clash<Patch, Entry> | null>(null);
  /** True: it is saved. */
  const save = useCallback(
    async (patch: Patch, version: number, why = ""): Promise<boolean> => {
      setBusy(true);
      setError(null);
      setClash(null);
      try {
        await change(() => send(patch, version, why), done);
        return true;
      } catch (refused) {
        const theirs = refused instanceof ApiError && refused.kind === "stale-version" ? await read().catch(() => null) : null;
        if (theirs === null) setError(refused);
        else setClash({ mine: patch, theirs, why });
        return false;
      } finally {
        setBusy(false);
      }
    },
    [change, send, read, done],
  );
  const keepMine = (): Promise<boolean> => (clash === null ? Promise.resolve(false) : save(clash.mine, clash.theirs.version, clash.why));
  return { busy, error, clash, save, keepMine, keepTheirs: () => setClash(null) };
}

/** Both versions side by side. `rows`: what would be different. */
export function ClashAlert({
  rows,
  busy,
  onMine,
  onTheirs,
}: {
  readonly rows: readonly { readonly label: Key; readonly mine: string; readonly theirs: string }[];
  readonly busy: boolean;
  readonly onMine: () => void;
  readonly onTheirs: () => void;
}) {
  const t = useT();
  return (
    <Alert color="yellow" variant="outline" role="alert" title={t("clash.title")}>
      <Text size="sm">{t("clash.text")}</Text>
      <Table mt="xs" layout="fixed">
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">{t("clash.field")}</Table.Th>
            <Table.Th scope="col">{t("clash.mine")}</Table.Th>
            <Table.Th scope="col">{t("clash.theirs")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map(({ label, mine, theirs }) => (
            <Table.Tr key={label}>
              <Table.Th scope="row">{t(label)}</Table.Th>
              <Table.Td className="address">{visible(mine)}</Table.Td>
              <Table.Td className="address">{visible(theirs)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <Group mt="sm" gap="xs">
        <Button size="xs" variant="default" onClick={onTheirs}>
          {t("clash.keepTheirs")}
        </Button>
        <Button size="xs" onClick={onMine} loading={busy}>
          {t("clash.keepMine")}
        </Button>
      </Group>
    </Alert>
  );
}
