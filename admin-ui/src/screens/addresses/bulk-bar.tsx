/** What can be done to the rows that are chosen, or to all that a search finds. */
import { Button, Group, Text } from "@mantine/core";
import { useState } from "react";
import { api, body } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { Failure } from "../../parts/failure.tsx";
import { BulkDialog, KINDS, type Kind, type Selection } from "./bulk-dialog.tsx";

type Props = {
  readonly chosen: ReadonlySet<string>;
  /** All that the page's search finds. */
  readonly search: string;
  readonly total: number;
  readonly clear: () => void;
};

export function BulkBar({ chosen, search, total, clear }: Props) {
  const t = useT();
  const [all, setAll] = useState<{ readonly search: string; readonly count: number } | null>(null);
  const [kind, setKind] = useState<Kind | null>(null);
  const [error, setError] = useState<unknown>(null);
  const isAll = all !== null && all.search === search;
  const selection: Selection = isAll ? { filter: { q: search }, expected: all.count } : { addresses: [...chosen] };
  const count = isAll ? all.count : chosen.size;
  const chooseAll = async (): Promise<void> => {
    setError(null);
    try {
      const found = await body(api.aliases.count.$get({ query: { q: search } }));
      if (found.count > found.most) setError(new Error(t("bulk.tooMany", { most: found.most })));
      else setAll({ search, count: found.count });
    } catch (refused) {
      setError(refused);
    }
  };
  const leave = (): void => {
    setAll(null);
    clear();
  };
  if (chosen.size === 0) return null;
  return (
    <section className="bulk-bar" aria-label={t("bulk.title")}>
      {error !== null && <Failure error={error} />}
      <Group gap="xs">
        <Text size="sm" fw={600} aria-live="polite">
          {t(isAll ? "bulk.all" : "bulk.chosen", { count })}
        </Text>
        {!isAll && total > chosen.size && (
          <Button size="xs" variant="subtle" onClick={() => void chooseAll()}>
            {t("bulk.chooseAll")}
          </Button>
        )}
        {KINDS.map((one) => (
          <Button key={one} size="xs" variant="default" onClick={() => setKind(one)}>
            {t(`bulk.do.${one}`)}
          </Button>
        ))}
        <Button size="xs" variant="subtle" onClick={leave}>
          {t("bulk.clear")}
        </Button>
      </Group>
      {kind !== null && <BulkDialog kind={kind} selection={selection} count={count} close={() => setKind(null)} done={leave} />}
    </section>
  );
}
