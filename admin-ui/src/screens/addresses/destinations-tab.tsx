/** Where mail for an alias goes: one added or removed at a time, or many by paste. */
import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { api, body, reasonHeader } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { useChange } from "../../parts/change.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Failure } from "../../parts/failure.tsx";
import { Empty } from "../../parts/page.tsx";
import { PasteDialog } from "../../parts/paste.tsx";
import { Address, Time } from "../../parts/text.tsx";

export type Alias = {
  readonly address: string;
  readonly targets: readonly string[];
  readonly target_count: number;
  readonly target_dates: Readonly<Record<string, readonly [string | null, string | null]>> | null;
};
type Row = { readonly target: string; readonly from: string | null; readonly until: string | null };

/** More are found by searching. */
const SHOWN = 200;
const SEARCH_FROM = 10;

export function DestinationsTab({ alias, mayEdit }: { readonly alias: Alias; readonly mayEdit: boolean }) {
  const t = useT();
  const change = useChange();
  const [find, setFind] = useState("");
  const [pasting, setPasting] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const matching = alias.targets.filter((target) => target.includes(find.trim().toLowerCase()));
  const rows = matching.slice(0, SHOWN).map((target): Row => {
    const [from, until] = alias.target_dates?.[target] ?? [null, null];
    return { target, from, until };
  });
  const act = async (verb: "$put" | "$delete", target: string): Promise<boolean> => {
    setError(null);
    try {
      const request = { param: { address: alias.address, target }, query: {} };
      const endpoint = api.aliases[":address"].targets[":target"];
      await change(
        () => body(verb === "$put" ? endpoint.$put(request) : endpoint.$delete(request)),
        t(verb === "$put" ? "address.target.added" : "address.target.removed", { target, address: alias.address }),
      );
      return true;
    } catch (refused) {
      setError(refused);
      return false;
    }
  };
  return (
    <Stack>
      {mayEdit && <AddOne add={(target) => act("$put", target)} paste={() => setPasting(true)} />}
      {error !== null && <Failure error={error} />}
      {alias.targets.length > SEARCH_FROM && (
        <TextInput
          data-page-search
          type="search"
          aria-label={t("address.targets.search")}
          placeholder={t("address.targets.search")}
          value={find}
          onChange={(event) => setFind(event.currentTarget.value)}
        />
      )}
      {rows.length === 0 ? (
        <Empty title={t("addresses.noMatch", { q: find })} />
      ) : (
        <DataTable
          caption={t("addresses.column.targets")}
          columns={columnsFor(t, mayEdit && alias.targets.length > 1 ? (target) => void act("$delete", target) : null)}
          rows={rows}
          keyOf={({ target }) => target}
        />
      )}
      <Text size="sm">{t("page.total", { total: alias.target_count })}</Text>
      {rows.length < matching.length && <Text size="sm">{t("address.targets.more", { count: matching.length - rows.length })}</Text>}
      {pasting && <Paste address={alias.address} close={() => setPasting(false)} />}
    </Stack>
  );
}

function AddOne({ add, paste }: { readonly add: (target: string) => Promise<boolean>; readonly paste: () => void }) {
  const t = useT();
  const [target, setTarget] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setBusy(true);
    void add(target.trim())
      .then((added) => added && setTarget(""))
      .finally(() => setBusy(false));
  };
  return (
    <form onSubmit={submit}>
      <Group align="flex-end" gap="xs">
        <TextInput
          className="grow"
          label={t("address.target.new")}
          value={target}
          onChange={(event) => setTarget(event.currentTarget.value)}
          required
          autoComplete="off"
          spellCheck={false}
        />
        <Button type="submit" loading={busy}>
          {t("action.add")}
        </Button>
        <Button variant="default" onClick={paste}>
          {t("paste.many")}
        </Button>
      </Group>
    </form>
  );
}

function Paste({ address, close }: { readonly address: string; readonly close: () => void }) {
  const t = useT();
  const endpoint = api.aliases[":address"].targets;
  return (
    <PasteDialog
      title={t("address.targets.paste", { address })}
      what={["targets", address]}
      rehearse={(json) => body(endpoint.$post({ param: { address }, query: { dry_run: "true" }, json }))}
      write={(json, why) => body(endpoint.$post({ param: { address }, query: {}, json }, { headers: reasonHeader(why) }))}
      close={close}
    />
  );
}

/** `remove` null: the last destination stays, or nobody may take one. */
const columnsFor = (t: ReturnType<typeof useT>, remove: ((target: string) => void) | null): readonly Column<Row>[] => [
  { key: "target", header: t("address.target"), cell: ({ target }) => <Address>{target}</Address> },
  { key: "from", header: t("entry.field.starts"), cell: ({ from }) => (from === null ? "–" : <Time at={from} />) },
  { key: "until", header: t("address.target.until"), cell: ({ until }) => (until === null ? "–" : <Time at={until} />) },
  ...(remove === null
    ? []
    : [
        {
          key: "remove",
          header: t("action.remove"),
          align: "right" as const,
          cell: ({ target }: Row) => (
            <Button size="compact-sm" variant="default" aria-label={t("address.target.remove", { target })} onClick={() => remove(target)}>
              {t("action.remove")}
            </Button>
          ),
        },
      ]),
];
