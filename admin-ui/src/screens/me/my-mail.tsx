/** Every address that reaches somebody, and where their mail goes. */
import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { InferResponseType } from "hono/client";
import { api, body } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { Failure } from "../../parts/failure.tsx";
import { Empty } from "../../parts/page.tsx";
import { Address } from "../../parts/text.tsx";
import { Aliases } from "./aliases.tsx";
import { ForwardingSays } from "./forwarding-says.tsx";
import { Item, Part, SelfPage, Waiting } from "./self-page.tsx";
import { Ways } from "./ways.tsx";
import { Week } from "./week.tsx";

export type Mine = InferResponseType<typeof api.me.$get, 200>;

export function MyMail() {
  const t = useT();
  const mine = useQuery({ queryKey: ["me"], queryFn: () => body(api.me.$get()) });
  return (
    <SelfPage title={t("me.title")}>
      {mine.isPending && <Waiting />}
      {mine.isError && <Failure error={mine.error} retry={() => void mine.refetch()} />}
      {mine.data !== undefined && <Shown mine={mine.data} />}
    </SelfPage>
  );
}

function Shown({ mine }: { readonly mine: Mine }) {
  const t = useT();
  if (mine.addresses.length === 0) return <Empty title={t("me.none")}>{t("me.none.text")}</Empty>;
  return (
    <Stack gap="xl">
      {!mine.complete && (
        <Alert color="yellow" variant="outline">
          {t("me.incomplete")}
        </Alert>
      )}
      <Part title={t("me.forwarding")}>
        {mine.forwarding.map((each) => (
          <Item key={each.address}>
            <Stack gap="sm" align="flex-start">
              <Text fw={600}>
                <Address>{each.address}</Address>
              </Text>
              <ForwardingSays forwarding={each} />
              <Group>
                <Button component={Link} variant="default" to="/me/forwarding" search={{ address: each.address } as never}>
                  {t("me.forwarding.change")}
                </Button>
              </Group>
            </Stack>
          </Item>
        ))}
      </Part>
      <Aliases aliases={mine.aliases} />
      <Ways ways={mine.ways} />
      <Week week={mine.week} />
    </Stack>
  );
}
