/** Tokens of programs: one's own, or everybody's for those who see everything. */
import { Button, Group, List, Loader, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { InferResponseType } from "hono/client";
import { useState } from "react";
import { api, body } from "../../api.ts";
import { useI18n, useT } from "../../i18n/i18n.tsx";
import { useChange } from "../../parts/change.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Failure } from "../../parts/failure.tsx";
import { Empty } from "../../parts/page.tsx";
import { Status } from "../../parts/status.tsx";
import { Time, visible } from "../../parts/text.tsx";
import { useSession } from "../../shell/session.tsx";
import { Dialog } from "./dialog.tsx";
import { lastDay } from "./last-day.ts";
import { NewToken } from "./new-token.tsx";
import { useScopeText } from "./scope-text.ts";
import { ShownOnce } from "./shown-once.tsx";

type Token = InferResponseType<typeof api.tokens.$get, 200>["items"][number];

export function Tokens() {
  const t = useT();
  const { may, principal } = useSession();
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<{ readonly name: string; readonly token: string } | null>(null);
  const [revoking, setRevoking] = useState<Token | null>(null);
  const tokens = useQuery({ queryKey: ["tokens"], queryFn: () => body(api.tokens.$get()) });
  const mayRevoke = (token: Token): boolean => may["tokens.edit"] === "all" || token.principal === principal;
  const columns = useColumns(may["tokens.see"] === "all", mayRevoke, setRevoking);
  return (
    <Stack>
      <Group justify="space-between">
        <Text c="dimmed" maw="40rem">
          {t("access.tokens.about")}
        </Text>
        <Button onClick={() => setMaking(true)} disabled={tokens.data === undefined}>
          {t("access.tokens.new")}
        </Button>
      </Group>
      {tokens.isPending && <Loader role="status" aria-label={t("page.loading")} />}
      {tokens.isError && <Failure error={tokens.error} retry={() => void tokens.refetch()} />}
      {tokens.data?.items.length === 0 && <Empty title={t("access.tokens.none")}>{t("access.tokens.none.text")}</Empty>}
      {tokens.data !== undefined && tokens.data.items.length > 0 && (
        <DataTable caption={t("access.tab.tokens")} columns={columns} rows={tokens.data.items} keyOf={({ id }) => String(id)} />
      )}
      {making && tokens.data !== undefined && <NewToken scopes={tokens.data.scopes} made={setMade} close={() => setMaking(false)} />}
      {made !== null && <ShownOnce name={made.name} token={made.token} close={() => setMade(null)} />}
      {revoking !== null && <Revoke token={revoking} close={() => setRevoking(null)} />}
    </Stack>
  );
}

function useColumns(withOwner: boolean, mayRevoke: (token: Token) => boolean, revoke: (token: Token) => void): readonly Column<Token>[] {
  const { t, language } = useI18n();
  const words = useScopeText();
  return [
    { key: "name", header: t("access.tokens.column.name"), cell: ({ name }) => <bdi>{visible(name)}</bdi> },
    ...(withOwner
      ? [
          {
            key: "owner",
            header: t("access.tokens.column.owner"),
            cell: ({ principal }: Token) => <bdi className="address">{visible(principal)}</bdi>,
          },
        ]
      : []),
    {
      key: "may",
      header: t("access.tokens.column.may"),
      cell: ({ scopes }) => (
        <List size="sm" listStyleType="none">
          {scopes.map((scope) => (
            <List.Item key={scope}>{words(scope)}</List.Item>
          ))}
        </List>
      ),
    },
    {
      key: "where",
      header: t("access.tokens.column.where"),
      cell: ({ domain, networks }) => (
        <>
          {domain === null ? t("access.tokens.anywhere") : visible(domain)}
          {networks.length > 0 && ` ${t("access.tokens.from", { networks: networks.join(", ") })}`}
        </>
      ),
    },
    { key: "used", header: t("access.tokens.column.used"), cell: ({ last_used_at }) => <Time at={last_used_at} /> },
    {
      key: "ends",
      header: t("access.tokens.column.ends"),
      cell: ({ ends_at }) => <span className="time">{lastDay(ends_at, language)}</span>,
    },
    { key: "state", header: t("access.tokens.column.state"), cell: (token) => <State token={token} /> },
    {
      key: "actions",
      header: t("access.column.actions"),
      cell: (token) =>
        isInUse(token) && mayRevoke(token) ? (
          <Button
            size="compact-sm"
            variant="default"
            aria-label={t("access.tokens.revoke", { name: visible(token.name) })}
            onClick={() => revoke(token)}
          >
            {t("access.tokens.revoke.short")}
          </Button>
        ) : null,
    },
  ];
}

const isInUse = ({ revoked_at, ends_at }: Token): boolean => revoked_at === null && new Date(ends_at) > new Date();

function State({ token }: { readonly token: Token }) {
  const t = useT();
  if (isInUse(token)) return <Status tone="good">{t("access.tokens.state.active")}</Status>;
  return <Status tone="quiet">{t(token.revoked_at === null ? "access.tokens.state.ended" : "access.tokens.state.revoked")}</Status>;
}

function Revoke({ token: { id, name, principal }, close }: { readonly token: Token; readonly close: () => void }) {
  const t = useT();
  const change = useChange();
  const values = { name: visible(name), owner: visible(principal) };
  const submit = () =>
    change(() => body(api.tokens[":id"].$delete({ param: { id: String(id) }, query: {} })), t("access.tokens.revoke.done", values));
  return (
    <Dialog title={t("access.tokens.revoke.title")} save={t("access.tokens.revoke.short")} danger submit={submit} close={close}>
      <Text>{t("access.tokens.revoke.text", values)}</Text>
    </Dialog>
  );
}
