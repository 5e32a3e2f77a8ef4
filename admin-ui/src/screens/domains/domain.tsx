/** One of our domains: who answers in it, where its mail goes, what the world sees of it, and what is special there. */
import { Button, Group, Loader, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import type { InferResponseType } from "hono/client";
import { useState } from "react";
import { api, body } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { useChange } from "../../parts/change.tsx";
import { Confirm } from "../../parts/confirm.tsx";
import { Failure } from "../../parts/failure.tsx";
import { Page } from "../../parts/page.tsx";
import { Address, visible } from "../../parts/text.tsx";
import { useMay } from "../../shell/session.tsx";
import { DnsCheck } from "./dns-check.tsx";
import { RouteText } from "./domains.tsx";
import { Properties } from "./properties.tsx";
import { Roles } from "./roles.tsx";
import { NewRoute, RemoveRoute, RouteTest } from "./routes.tsx";
import { Section } from "./section.tsx";

export type DomainView = InferResponseType<(typeof api.domains)[":domain"]["$get"], 200>;

const route = getRouteApi("/domains/$domain");

export function DomainPage() {
  const t = useT();
  const { domain } = route.useParams();
  const mayEdit = useMay("domains.edit");
  const [removing, setRemoving] = useState(false);
  const found = useQuery({ queryKey: ["domain", domain], queryFn: () => body(api.domains[":domain"].$get({ param: { domain } })) });
  return (
    <Page
      title={visible(domain)}
      about={found.data && <Summary view={found.data} />}
      actions={
        mayEdit &&
        found.data !== undefined && (
          <Button variant="default" onClick={() => setRemoving(true)}>
            {t("domains.remove")}
          </Button>
        )
      }
    >
      {found.isPending && <Loader role="status" aria-label={t("page.loading")} />}
      {found.isError && <Failure error={found.error} retry={() => void found.refetch()} />}
      {found.data !== undefined && (
        <>
          <Roles domain={domain} />
          <WayOfMail view={found.data} mayEdit={mayEdit} />
          <DnsCheck domain={domain} />
          <Properties view={found.data} mayEdit={mayEdit} />
        </>
      )}
      {removing && <RemoveDomain domain={domain} close={() => setRemoving(false)} />}
    </Page>
  );
}

function Summary({ view: { alias_of, alias_domains, addresses } }: { readonly view: DomainView }) {
  const t = useT();
  if (alias_of !== null) return <>{t("domains.summary.alias", { domain: visible(alias_of) })}</>;
  return (
    <>
      {[
        t("domains.summary.addresses", { count: addresses }),
        ...(alias_domains.length > 0 ? [t("domains.meantBy", { domains: alias_domains.map(visible).join(", ") })] : []),
      ].join(" · ")}
    </>
  );
}

function WayOfMail({ view: { domain, route: own, effective_route }, mayEdit }: { readonly view: DomainView; readonly mayEdit: boolean }) {
  const t = useT();
  const [open, setOpen] = useState<"new" | "test" | "remove" | null>(null);
  const close = (): void => setOpen(null);
  const actions = mayEdit && (
    <Group gap="xs">
      {(own === null ? (["test", "new"] as const) : (["test", "new", "remove"] as const)).map((what) => (
        <Button key={what} size="xs" variant="default" onClick={() => setOpen(what)}>
          {t(what === "new" && own === null ? "domains.route.set" : `domains.route.do.${what}`)}
        </Button>
      ))}
    </Group>
  );
  return (
    <Section title={t("domains.route.heading")} actions={actions} about={t("domains.route.about")}>
      <RouteText {...effective_route} />
      {open === "new" && <NewRoute domain={domain} url={own ?? ""} close={close} />}
      {open === "test" && <RouteTest domain={domain} close={close} />}
      {open === "remove" && own !== null && <RemoveRoute domain={domain} url={own} close={close} />}
    </Section>
  );
}

/** Lists what would stop working; the number of addresses that was seen goes along, so that nothing else is removed. */
function RemoveDomain({ domain, close }: { readonly domain: string; readonly close: () => void }) {
  const t = useT();
  const change = useChange();
  const navigate = useNavigate();
  const found = useQuery({
    queryKey: ["reach", domain],
    staleTime: 0,
    queryFn: () => body(api.domains[":domain"].reach.$get({ param: { domain } })),
  });
  const reach = found.data;
  const remove = async (): Promise<void> => {
    await change(
      () => body(api.domains[":domain"].$delete({ param: { domain }, query: { expected_entries: String(reach?.entries ?? 0) } })),
      t("domains.removed", { domain }),
    );
    await navigate({ to: "/domains" });
  };
  return (
    <Confirm
      title={t("domains.remove.title", { domain: visible(domain) })}
      verb={t("domains.remove")}
      close={close}
      act={remove}
      disabled={reach === undefined}
    >
      {found.isPending && <Loader size="sm" aria-label={t("page.loading")} />}
      {found.isError && <Failure error={found.error} retry={() => void found.refetch()} />}
      {reach !== undefined && (
        <Stack gap={6}>
          <Text size="sm">{t("domains.remove.entries", { count: reach.entries })}</Text>
          {reach.examples.length > 0 && (
            <Text size="sm" c="dimmed">
              {reach.examples.map((address, i) => (
                <span key={address}>
                  {i > 0 && ", "}
                  <Address>{address}</Address>
                </span>
              ))}
              {reach.entries > reach.examples.length && "…"}
            </Text>
          )}
          {reach.alias_domains.length > 0 && (
            <Text size="sm">{t("domains.remove.aliases", { domains: reach.alias_domains.map(visible).join(", ") })}</Text>
          )}
          {reach.pointed_at_by > 0 && <Text size="sm">{t("domains.remove.pointedAt", { count: reach.pointed_at_by })}</Text>}
          {reach.catch_all_of.length > 0 && (
            <Text size="sm">{t("domains.remove.catchAll", { domains: reach.catch_all_of.map(visible).join(", ") })}</Text>
          )}
          {reach.route !== null && <Text size="sm">{t("domains.remove.route", { url: visible(reach.route) })}</Text>}
        </Stack>
      )}
    </Confirm>
  );
}
