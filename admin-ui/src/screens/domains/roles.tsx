/** Who answers the addresses that strangers expect every domain to have. */
import { Anchor, Loader } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { InferResponseType } from "hono/client";
import { api, body } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Failure } from "../../parts/failure.tsx";
import { Status, type Tone } from "../../parts/status.tsx";
import { Address } from "../../parts/text.tsx";
import { Section } from "./section.tsx";

type Role = InferResponseType<(typeof api.domains)[":domain"]["roles"]["$get"], 200>["items"][number];

const toneOf = ({ state, answered_by }: Role): Tone =>
  state === "answered" ? "good" : state === "unavailable" ? "note" : state === "fallback" && answered_by.length > 0 ? "good" : "bad";

export function Roles({ domain }: { readonly domain: string }) {
  const t = useT();
  const found = useQuery({ queryKey: ["roles", domain], queryFn: () => body(api.domains[":domain"].roles.$get({ param: { domain } })) });
  const columns: readonly Column<Role>[] = [
    {
      key: "address",
      header: t("domains.roles.address"),
      cell: ({ address }) => (
        <Anchor component={Link} to={`/explain?address=${encodeURIComponent(address)}`}>
          <Address>{address}</Address>
        </Anchor>
      ),
    },
    {
      key: "state",
      header: t("domains.roles.state"),
      cell: (role) => (
        <Status tone={toneOf(role)}>
          {t(role.state === "fallback" && role.answered_by.length === 0 ? "domains.roles.held" : `domains.roles.${role.state}`)}
        </Status>
      ),
    },
    {
      key: "by",
      header: t("domains.roles.by"),
      cell: ({ answered_by, reply }) =>
        answered_by.length === 0
          ? reply
          : answered_by.map((address, i) => (
              <span key={address}>
                {i > 0 && ", "}
                <Address>{address}</Address>
              </span>
            )),
    },
  ];
  return (
    <Section title={t("domains.roles")} about={t("domains.roles.about")}>
      {found.isPending && <Loader size="sm" aria-label={t("page.loading")} />}
      {found.isError && <Failure error={found.error} retry={() => void found.refetch()} />}
      {found.data !== undefined && (
        <DataTable caption={t("domains.roles")} columns={columns} rows={found.data.items} keyOf={({ address }) => address} />
      )}
    </Section>
  );
}
