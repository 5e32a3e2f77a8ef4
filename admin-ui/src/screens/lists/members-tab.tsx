/** Who is on a list and through what. */
import { Stack, Text } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { useT } from "../../i18n/i18n.tsx";
import { Empty } from "../../parts/page.tsx";
import { visible } from "../../parts/text.tsx";
import { People } from "./people.tsx";
import type { List } from "./read-list.ts";

const route = getRouteApi("/lists/$address");

export function MembersTab({ list }: { readonly list: List }) {
  const t = useT();
  const { q, cursor } = route.useSearch();
  const navigate = route.useNavigate();
  const { address, filters, member_count, nested_count, may } = list;
  return (
    <Stack>
      {(member_count > 0 || filters.length > 0) && (
        <Text size="sm">{t("lists.sources", { typed: member_count - nested_count, nested: nested_count, filters: filters.length })}</Text>
      )}
      {filters.map(({ source, filter }) => (
        <Text key={`${source} ${filter}`} size="sm" className="address">
          {t("lists.filter", { source: visible(source), filter: visible(filter) })}
        </Text>
      ))}
      <People
        address={address}
        as="member"
        mayEdit={may.edit}
        at={{ ...(q !== undefined && { q }), ...(cursor !== undefined && { cursor }) }}
        go={(at) => void navigate({ search: at })}
        empty={
          filters.length > 0 ? (
            <Empty title={t("lists.member.noneTyped")}>{t("lists.member.noneTyped.text")}</Empty>
          ) : (
            <Empty title={t("lists.member.none")}>{t("lists.member.none.text")}</Empty>
          )
        }
      />
    </Stack>
  );
}
