/** Which domains are ours and where their mail goes; routes of other domains, policies, and the test that we are no open relay. */
import { Anchor, Button, Group, Loader, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { InferResponseType } from "hono/client";
import { useState } from "react";
import { api, body } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Failure } from "../../parts/failure.tsx";
import { Empty, Page } from "../../parts/page.tsx";
import { Address, visible } from "../../parts/text.tsx";
import { useMay } from "../../shell/session.tsx";
import { NewDomain } from "./new-domain.tsx";
import { Policies } from "./policies.tsx";
import { RelayTest } from "./relay-test.tsx";
import { NewRoute, RemoveRoute, RouteTest } from "./routes.tsx";

type Domain = InferResponseType<typeof api.domains.$get, 200>["items"][number];

export function Domains() {
  const t = useT();
  const mayEdit = useMay("domains.edit");
  const [making, setMaking] = useState(false);
  const found = useQuery({ queryKey: ["domains"], queryFn: () => body(api.domains.$get()) });
  return (
    <Page
      title={t("nav.domains")}
      about={t("domains.about")}
      actions={mayEdit && <Button onClick={() => setMaking(true)}>{t("domains.new")}</Button>}
    >
      {found.isPending && <Loader role="status" aria-label={t("page.loading")} />}
      {found.isError && <Failure error={found.error} retry={() => void found.refetch()} />}
      {found.data !== undefined &&
        (found.data.items.length === 0 ? (
          <Empty title={t("domains.empty")}>{t(mayEdit ? "domains.empty.text" : "domains.empty.textReader")}</Empty>
        ) : (
          <DataTable caption={t("domains.caption")} columns={columnsFor(t)} rows={found.data.items} keyOf={({ domain }) => domain} />
        ))}
      {found.data !== undefined && <Routes domains={found.data.items.map(({ domain }) => domain)} mayEdit={mayEdit} />}
      {mayEdit && <RelayTest />}
      <Policies />
      {making && <NewDomain close={() => setMaking(false)} />}
    </Page>
  );
}

const columnsFor = (t: ReturnType<typeof useT>): readonly Column<Domain>[] => [
  {
    key: "domain",
    header: t("domains.column.domain"),
    cell: ({ domain }) => (
      <Anchor component={Link} to={`/domains/${encodeURIComponent(domain)}`}>
        <Address>{domain}</Address>
      </Anchor>
    ),
  },
  {
    key: "meaning",
    header: t("domains.column.meaning"),
    cell: ({ alias_of, alias_domains }) =>
      alias_of !== null
        ? t("domains.aliasOf", { domain: visible(alias_of) })
        : alias_domains.length > 0
          ? t("domains.meantBy", { domains: alias_domains.map(visible).join(", ") })
          : t("domains.itself"),
  },
  {
    key: "addresses",
    header: t("domains.column.addresses"),
    align: "right",
    cell: ({ domain, addresses }) => (
      <Anchor
        component={Link}
        to={`/addresses?q=${encodeURIComponent(`domain:${domain}`)}`}
        aria-label={t("domains.addressesOf", { count: addresses, domain })}
      >
        {t("domains.count", { count: addresses })}
      </Anchor>
    ),
  },
  { key: "route", header: t("domains.column.route"), cell: ({ effective_route }) => <RouteText {...effective_route} /> },
  {
    key: "catch_all",
    header: t("domains.column.catchAll"),
    cell: ({ catch_all }) => (catch_all === null ? "–" : <Address>{catch_all}</Address>),
  },
];

/** A route in words a person can follow, with why it is this one. */
export function RouteText({ url, from }: Domain["effective_route"]) {
  const t = useT();
  return (
    <Text component="span" size="sm" className="breakable">
      {visible(url)}
      {from !== "own" && (
        <Text component="span" size="xs" c="dimmed">
          {" "}
          {t(`domains.route.from.${from}`)}
        </Text>
      )}
    </Text>
  );
}

/** Routes of domains that are not ours: where final mailboxes are, and the way of everything else. */
function Routes({ domains, mayEdit }: { readonly domains: readonly string[]; readonly mayEdit: boolean }) {
  const t = useT();
  const [open, setOpen] = useState<{ readonly what: "new" | "test" | "remove"; readonly domain: string; readonly url: string } | null>(
    null,
  );
  const found = useQuery({ queryKey: ["routes"], queryFn: () => body(api.routes.$get()) });
  const close = (): void => setOpen(null);
  const rows = (found.data?.items ?? []).filter(({ domain }) => !domains.includes(domain));
  type Row = (typeof rows)[number];
  const columns: readonly Column<Row>[] = [
    {
      key: "domain",
      header: t("domains.column.domain"),
      cell: ({ domain }) => (domain === "*" ? t("domains.route.all") : <Address>{domain}</Address>),
    },
    { key: "url", header: t("domains.column.route"), cell: ({ url }) => <RouteText url={url} from="own" /> },
    {
      key: "actions",
      header: t("domains.column.actions"),
      cell: ({ domain, url }) => (
        <Group gap={4}>
          {(["test", "new", "remove"] as const).map((what) => (
            <Button
              key={what}
              size="compact-sm"
              variant="default"
              aria-label={`${t(`domains.route.do.${what}`)}: ${domain}`}
              onClick={() => setOpen({ what, domain, url })}
            >
              {t(`domains.route.do.${what}`)}
            </Button>
          ))}
        </Group>
      ),
    },
  ];
  return (
    <Stack gap="xs">
      <Group justify="space-between">
        <Title order={2} size="h4">
          {t("domains.routes")}
        </Title>
        {mayEdit && (
          <Button variant="default" size="xs" onClick={() => setOpen({ what: "new", domain: "", url: "" })}>
            {t("domains.route.new")}
          </Button>
        )}
      </Group>
      <Text size="sm" c="dimmed">
        {t("domains.routes.about")}
      </Text>
      {found.isError && <Failure error={found.error} retry={() => void found.refetch()} />}
      {found.data !== undefined &&
        (rows.length === 0 ? (
          <Text size="sm">{t("domains.routes.none")}</Text>
        ) : (
          <DataTable
            caption={t("domains.routes")}
            columns={mayEdit ? columns : columns.slice(0, 2)}
            rows={rows}
            keyOf={({ domain }) => domain}
          />
        ))}
      {open?.what === "new" && <NewRoute domain={open.domain} url={open.url} close={close} />}
      {open?.what === "test" && <RouteTest domain={open.domain} close={close} />}
      {open?.what === "remove" && <RemoveRoute domain={open.domain} url={open.url} close={close} />}
    </Stack>
  );
}
