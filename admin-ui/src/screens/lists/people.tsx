/** Those who are something to a list, page by page: members, named senders, excluded addresses. */
import { Button, Group, Loader, Stack } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { InferResponseType } from "hono/client";
import { type ReactNode, useState } from "react";
import { api, body, reasonHeader } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { useChange } from "../../parts/change.tsx";
import { type Column, DataTable, Pager } from "../../parts/data-table.tsx";
import { Failure } from "../../parts/failure.tsx";
import { PasteDialog } from "../../parts/paste.tsx";
import { SearchText } from "../../parts/search-text.tsx";
import { Status, type Tone } from "../../parts/status.tsx";
import { Address, Time } from "../../parts/text.tsx";

type Row = InferResponseType<(typeof api.lists)[":address"]["members"]["$get"], 200>["items"][number];
export type Role = "member" | "sender" | "excluded";
/** Where the reader is; kept by who shows this. */
export type At = { readonly q?: string; readonly cursor?: string };

type Props = {
  readonly address: string;
  readonly as: Role;
  readonly mayEdit: boolean;
  readonly at: At;
  readonly go: (at: At) => void;
  /** Shown when there is nobody at all. */
  readonly empty: ReactNode;
};

export function People({ address, as: role, mayEdit, at, go, empty }: Props) {
  const t = useT();
  const change = useChange();
  const [pasting, setPasting] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const query = { role, q: at.q ?? "", ...(at.cursor !== undefined && { cursor: at.cursor }) };
  const found = useQuery({
    queryKey: ["members", address, query],
    queryFn: () => body(api.lists[":address"].members.$get({ param: { address }, query })),
    placeholderData: keepPreviousData,
  });
  const remove = async (member: string): Promise<void> => {
    setError(null);
    const request = { param: { address, member }, query: { role } };
    try {
      await change(() => body(api.lists[":address"].members[":member"].$delete(request)), t(`lists.${role}.removed`, { member, address }));
    } catch (refused) {
      setError(refused);
    }
  };
  const isSearched = query.q !== "";
  const hasSome = isSearched || (found.data?.items.length ?? 0) > 0;
  return (
    <Stack>
      <Group align="flex-end" gap="xs">
        {hasSome && (
          <SearchText className="grow" label={t(`lists.${role}.search`)} value={query.q} ask={(q) => go(q === "" ? {} : { q })} />
        )}
        {mayEdit && <Button onClick={() => setPasting(true)}>{t("lists.paste")}</Button>}
      </Group>
      {error !== null && <Failure error={error} />}
      {found.isPending && <Loader role="status" aria-label={t("page.loading")} />}
      {found.isError && <Failure error={found.error} retry={() => void found.refetch()} />}
      {found.data !== undefined && !hasSome && empty}
      {found.data !== undefined && hasSome && (
        <>
          <DataTable
            caption={t(`lists.${role}.caption`)}
            columns={columnsFor(t, role, mayEdit ? (member) => void remove(member) : null)}
            rows={found.data.items}
            keyOf={({ member }) => member}
            dimmed={found.isPlaceholderData}
          />
          <Pager
            total={found.data.total}
            next={found.data.next_cursor}
            isFirst={at.cursor === undefined}
            onFirst={() => go(isSearched ? { q: query.q } : {})}
            onNext={(cursor) => go({ ...(isSearched && { q: query.q }), cursor })}
          />
        </>
      )}
      {pasting && <Paste address={address} as={role} close={() => setPasting(false)} />}
    </Stack>
  );
}

function Paste({ address, as: role, close }: { readonly address: string; readonly as: Role; readonly close: () => void }) {
  const t = useT();
  const endpoint = api.lists[":address"].members;
  return (
    <PasteDialog
      title={t(`lists.${role}.paste`, { address })}
      what={["members", address, role]}
      rehearse={(pasted) => body(endpoint.$post({ param: { address }, query: { dry_run: "true" }, json: { ...pasted, role } }))}
      write={(pasted, why) =>
        body(endpoint.$post({ param: { address }, query: {}, json: { ...pasted, role } }, { headers: reasonHeader(why) }))
      }
      close={close}
    />
  );
}

const TONES: Readonly<Record<Row["state"], Tone>> = {
  active: "good",
  off: "quiet",
  moved: "note",
  expired: "warn",
  "not-yet": "note",
  unknown: "bad",
};

const columnsFor = (t: ReturnType<typeof useT>, role: Role, remove: ((member: string) => void) | null): readonly Column<Row>[] => [
  { key: "member", header: t(`lists.${role}.column`), cell: ({ member }) => <Address>{member}</Address> },
  {
    key: "kind",
    header: t("lists.column.source"),
    cell: ({ kind, source }) => (source === null ? t(`lists.kind.${kind}`) : `${t(`lists.kind.${kind}`)} (${source})`),
  },
  ...(role === "member"
    ? [
        {
          key: "state",
          header: t("addresses.column.state"),
          cell: ({ state }: Row) => <Status tone={TONES[state]}>{t(`lists.state.${state}`)}</Status>,
        },
      ]
    : []),
  {
    key: "since",
    header: t("lists.column.since"),
    cell: ({ added_at, expires_at }) => (
      <>
        <Time at={added_at} />
        {expires_at !== null && (
          <>
            {` ${t("lists.until")} `}
            <Time at={expires_at} />
          </>
        )}
      </>
    ),
  },
  ...(remove === null
    ? []
    : [
        {
          key: "remove",
          header: t("action.remove"),
          align: "right" as const,
          cell: ({ member }: Row) => (
            <Button
              size="compact-sm"
              variant="default"
              aria-label={t("address.target.remove", { target: member })}
              onClick={() => remove(member)}
            >
              {t("action.remove")}
            </Button>
          ),
        },
      ]),
];
