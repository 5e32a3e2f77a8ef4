/** The lists somebody is on and why, and other addresses whose mail comes to them. */
import { Button, Group, Stack, Text } from "@mantine/core";
import { api, body } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { Address, visible } from "../../parts/text.tsx";
import { useConfirmed } from "./confirm.tsx";
import type { Mine } from "./my-mail.tsx";
import { Item, Part } from "./self-page.tsx";

type Way = Mine["ways"]["items"][number];

export function Ways({ ways }: { readonly ways: Mine["ways"] }) {
  const t = useT();
  const lists = ways.items.filter(({ kind }) => kind !== "alias");
  const others = ways.items.filter(({ kind }) => kind === "alias");
  return (
    <>
      <Part title={t("me.lists")}>
        {lists.length === 0 && <Text c="dimmed">{t("me.lists.none")}</Text>}
        {lists.map((list) => (
          <ListItem key={list.address} list={list} />
        ))}
      </Part>
      {others.length > 0 && (
        <Part title={t("me.ways")}>
          {others.map(({ address, via }) => (
            <Item key={address}>
              <Address>{address}</Address>
              {via !== null && (
                <Text size="sm" c="dimmed" className="address">
                  {t("me.way.through", { via: visible(via) })}
                </Text>
              )}
            </Item>
          ))}
        </Part>
      )}
      {ways.more && <Text c="dimmed">{t("me.ways.more")}</Text>}
    </>
  );
}

function ListItem({ list }: { readonly list: Way }) {
  const t = useT();
  const confirmed = useConfirmed();
  const name = visible(list.address);
  const leave = (): void =>
    confirmed(
      {
        title: t("me.list.leave.title", { list: name }),
        text: t("me.list.leave.text", { list: name }),
        button: t("me.list.leave"),
        done: t("me.list.left", { list: name }),
      },
      () => body(api.me.lists[":address"].leave.$post({ param: { address: list.address }, query: {}, json: {} })),
    );
  return (
    <Item>
      <Group justify="space-between" align="flex-start">
        <Stack gap={2}>
          <Text fw={600}>
            <Address>{list.address}</Address>
          </Text>
          <Text size="sm" c="dimmed" className="address">
            {list.via === null ? t("me.list.member") : t("me.list.through", { via: visible(list.via) })}
            {list.owner !== null && ` · ${t("me.list.owner", { owner: visible(list.owner) })}`}
          </Text>
        </Stack>
        {list.may_leave && (
          <Button variant="default" onClick={leave} aria-label={t("me.list.leave.title", { list: name })}>
            {t("me.list.leave")}
          </Button>
        )}
      </Group>
    </Item>
  );
}
