/** What a list has by itself: addresses nobody made, and what its copies bear. */
import { List as Bullets, Stack, Table, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { useT } from "../../i18n/i18n.tsx";
import { Status } from "../../parts/status.tsx";
import { Address, Time } from "../../parts/text.tsx";
import type { List } from "./read-list.ts";

export function AboutTab({ list }: { readonly list: List }) {
  const t = useT();
  return (
    <Stack maw="44rem">
      <Table>
        <Table.Tbody>
          <Row label={t("addresses.column.owner")}>
            {list.owner === null ? <Status tone="warn">{t("lists.noOwner")}</Status> : <Address>{list.owner}</Address>}
          </Row>
          <Row label={t("lists.about.copy")}>{t(list.own_copy === false ? "lists.about.copy.no" : "lists.about.copy.yes")}</Row>
          <Row label={t("lists.mayLeave")}>{t(list.may_leave === true ? "lists.about.leave.yes" : "lists.about.leave.no")}</Row>
          <Row label={t("lists.about.bounce")}>
            <Address>{list.bounce_address}</Address>
            <Text size="sm" c="dimmed">
              {t("lists.about.bounce.text")}
            </Text>
          </Row>
          <Row label={t("lists.about.own")}>
            <Bullets listStyleType="none">
              {list.own_addresses.map((address) => (
                <Bullets.Item key={address}>
                  <Address>{address}</Address>
                </Bullets.Item>
              ))}
            </Bullets>
            <Text size="sm" c="dimmed">
              {list.owner === null ? t("lists.about.own.postmaster") : t("lists.about.own.owner", { owner: list.owner })}
            </Text>
          </Row>
          <Row label={t("lists.about.made")}>
            <Time at={list.created_at} />
          </Row>
          <Row label={t("addresses.column.changed")}>
            <Time at={list.changed_at} />
          </Row>
        </Table.Tbody>
      </Table>
    </Stack>
  );
}

function Row({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <Table.Tr>
      <Table.Th scope="row" w="30%">
        {label}
      </Table.Th>
      <Table.Td>{children}</Table.Td>
    </Table.Tr>
  );
}
