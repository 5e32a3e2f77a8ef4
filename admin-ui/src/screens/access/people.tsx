/** People with roles, and the local accounts. */
import { Button, Group, Loader, Stack, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { InferResponseType } from "hono/client";
import { useEffect, useState } from "react";
import { api, body } from "../../api.ts";
import { useI18n, useT } from "../../i18n/i18n.tsx";
import { type Column, DataTable, Pager } from "../../parts/data-table.tsx";
import { Failure } from "../../parts/failure.tsx";
import { Empty } from "../../parts/page.tsx";
import { Time, visible } from "../../parts/text.tsx";
import { useMay, useSession } from "../../shell/session.tsx";
import { NewAccount, RemoveAccount, SetPassword } from "./accounts.tsx";
import { lastDay } from "./last-day.ts";
import { GiveRole, RevokeRole, useRoleText } from "./roles.tsx";

type Person = InferResponseType<typeof api.users.$get, 200>["items"][number];
export type Grant = Person["grants"][number];

/** The window that is open, and whom it is about. */
type Open =
  | { readonly kind: "give"; readonly who: string }
  | { readonly kind: "revoke"; readonly who: string; readonly grant: Grant }
  | { readonly kind: "account" }
  | { readonly kind: "password" | "remove"; readonly login: string };

const route = getRouteApi("/access");

export function People() {
  const t = useT();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { principal } = useSession();
  const [mayGive, mayMake] = [useMay("access.edit"), useMay("accounts.edit")];
  const [open, setOpen] = useState<Open | null>(null);
  const query = { ...(search.q !== undefined && { q: search.q }), ...(search.cursor !== undefined && { cursor: search.cursor }) };
  const people = useQuery({
    queryKey: ["people", query],
    queryFn: () => body(api.users.$get({ query })),
    placeholderData: keepPreviousData,
  });
  const ask = (changed: { readonly q?: string; readonly cursor?: string }): void => {
    const q = changed.q ?? search.q;
    void navigate({
      search: { ...(q !== undefined && q !== "" && { q }), ...(changed.cursor !== undefined && { cursor: changed.cursor }) },
    });
  };
  const close = (): void => setOpen(null);
  const columns = useColumns(setOpen, mayGive, mayMake);
  const isAlone = search.q === undefined && people.data?.total === 1 && people.data.items[0]?.principal === principal;
  return (
    <Stack>
      <Group justify="space-between">
        <SearchPeople value={search.q ?? ""} ask={(q) => ask({ q })} />
        <Group gap="xs">
          {mayMake && (
            <Button variant="default" onClick={() => setOpen({ kind: "account" })}>
              {t("access.account.new")}
            </Button>
          )}
          {mayGive && <Button onClick={() => setOpen({ kind: "give", who: "" })}>{t("access.give")}</Button>}
        </Group>
      </Group>
      {people.isPending && <Loader role="status" aria-label={t("page.loading")} />}
      {people.isError && <Failure error={people.error} retry={() => void people.refetch()} />}
      {people.data !== undefined && (
        <>
          {people.data.items.length > 0 && (
            <DataTable
              caption={t("access.tab.people")}
              columns={columns}
              rows={people.data.items}
              keyOf={(person) => person.principal}
              dimmed={people.isPlaceholderData}
            />
          )}
          {isAlone && <Empty title={t("access.onlyYou")}>{t("access.onlyYou.text")}</Empty>}
          {people.data.items.length === 0 && <Empty title={t("access.noMatch", { q: visible(search.q ?? "") })} />}
          <Pager
            total={people.data.total}
            next={people.data.next_cursor}
            isFirst={search.cursor === undefined}
            onFirst={() => ask({})}
            onNext={(cursor) => ask({ cursor })}
          />
        </>
      )}
      {open?.kind === "give" && <GiveRole who={open.who} close={close} />}
      {open?.kind === "revoke" && <RevokeRole who={open.who} grant={open.grant} close={close} />}
      {open?.kind === "account" && <NewAccount close={close} />}
      {open?.kind === "password" && <SetPassword login={open.login} close={close} />}
      {open?.kind === "remove" && <RemoveAccount login={open.login} close={close} />}
    </Stack>
  );
}

function SearchPeople({ value, ask }: { readonly value: string; readonly ask: (q: string) => void }) {
  const t = useT();
  const [text, setText] = useState(value);
  const [settled] = useDebouncedValue(text, 250);
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked once for what was typed, not for each new function
  useEffect(() => {
    if (settled !== value) ask(settled);
  }, [settled]);
  return (
    <TextInput
      data-page-search
      type="search"
      aria-label={t("access.search")}
      placeholder={t("access.search.example")}
      value={text}
      onChange={(event) => setText(event.currentTarget.value)}
      flex="1 1 16rem"
      maw="28rem"
    />
  );
}

function useColumns(open: (what: Open) => void, mayGive: boolean, mayMake: boolean): readonly Column<Person>[] {
  const t = useT();
  return [
    { key: "who", header: t("access.column.who"), cell: (person) => <Who person={person} /> },
    {
      key: "roles",
      header: t("access.column.roles"),
      cell: ({ principal, grants }) => (
        <Stack gap={4}>
          {grants.length === 0 && <Text size="sm">{t("access.role.none")}</Text>}
          {grants.map((grant) => (
            <Role
              key={`${grant.role} ${grant.domain}`}
              who={principal}
              grant={grant}
              {...(mayGive && { revoke: () => open({ kind: "revoke", who: principal, grant }) })}
            />
          ))}
        </Stack>
      ),
    },
    {
      key: "seen",
      header: t("access.column.seen"),
      cell: ({ last_seen_at }) => (last_seen_at === null ? t("access.seen.none") : <Time at={last_seen_at} />),
    },
    ...(mayGive || mayMake
      ? [
          {
            key: "actions",
            header: t("access.column.actions"),
            cell: (person: Person) => <Actions person={person} open={open} mayGive={mayGive} mayMake={mayMake} />,
          },
        ]
      : []),
  ];
}

function Actions({
  person: { principal, local },
  open,
  mayGive,
  mayMake,
}: {
  readonly person: Person;
  readonly open: (what: Open) => void;
  readonly mayGive: boolean;
  readonly mayMake: boolean;
}) {
  const t = useT();
  const login = principal.replace(/^local:/, "");
  return (
    <Group gap={6}>
      {mayGive && (
        <Button
          size="compact-sm"
          variant="default"
          aria-label={t("access.give.to", { who: visible(principal) })}
          onClick={() => open({ kind: "give", who: principal })}
        >
          {t("access.give")}
        </Button>
      )}
      {mayMake && local !== null && (
        <>
          <Button
            size="compact-sm"
            variant="default"
            aria-label={t("access.account.setPassword", { login })}
            onClick={() => open({ kind: "password", login })}
          >
            {t("access.account.setPassword.short")}
          </Button>
          <Button
            size="compact-sm"
            variant="default"
            aria-label={t("access.account.remove", { login })}
            onClick={() => open({ kind: "remove", login })}
          >
            {t("access.account.remove.short")}
          </Button>
        </>
      )}
    </Group>
  );
}

function Who({ person: { principal, local } }: { readonly person: Person }) {
  const t = useT();
  const [, source = "", name = ""] = /^(local|ldap|oidc):(.*)$/s.exec(principal) ?? [];
  const kind =
    source === "local" ? (local === null ? "localNone" : local.has_totp ? "totp" : "local") : source === "oidc" ? "oidc" : "ldap";
  return (
    <div>
      <Text component="bdi" fw={600} className="address">
        {visible(name)}
      </Text>
      <Text size="xs" c="dimmed">
        {t(`access.kind.${kind}`)}
      </Text>
    </div>
  );
}

function Role({ who, grant, revoke }: { readonly who: string; readonly grant: Grant; readonly revoke?: () => void }) {
  const { t, language } = useI18n();
  const role = useRoleText()(grant);
  const date = grant.ends_at === null ? "" : lastDay(grant.ends_at, language);
  const hasEnded = grant.ends_at !== null && new Date(grant.ends_at) <= new Date();
  return (
    <Group gap={6}>
      <Text size="sm" component="span">
        {role}
        {grant.ends_at !== null && `, ${t(hasEnded ? "access.role.ended" : "access.role.until", { date })}`}
      </Text>
      {revoke !== undefined && (
        <Button size="compact-sm" variant="subtle" aria-label={t("access.revoke", { role, who: visible(who) })} onClick={revoke}>
          {t("access.revoke.short")}
        </Button>
      )}
    </Group>
  );
}
