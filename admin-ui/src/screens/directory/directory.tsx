/** The LDAP sources: whether they answer, whom they know, what is held back, and what one address is to them. */
import { Alert, Badge, Button, Card, Code, Group, Loader, Stack, Text, Title } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import type { InferResponseType } from "hono/client";
import { useState } from "react";
import { api, body } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { Facts } from "../../parts/facts.tsx";
import { Failure } from "../../parts/failure.tsx";
import { Empty, Page } from "../../parts/page.tsx";
import { Status } from "../../parts/status.tsx";
import { Address, Time, visible } from "../../parts/text.tsx";
import { useMay, useSession } from "../../shell/session.tsx";
import { Accept } from "./accept.tsx";
import { TrySource } from "./try.tsx";

export type Source = InferResponseType<typeof api.directories.$get, 200>["items"][number];

const SAMPLE = `ldap:
  campus:
    url: ldaps://ldap.campus.example
    bind_dn: cn=mailroom,dc=campus,dc=example
    bind_password_file: /etc/mailroom/ldap-password
    people:
      base: ou=people,dc=campus,dc=example
      address: mail
      mailbox: "{uid}@mbx.campus.example"`;

export function Directory() {
  const t = useT();
  const found = useQuery({ queryKey: ["directories"], queryFn: () => body(api.directories.$get()), refetchInterval: 15_000 });
  return (
    <Page title={t("nav.directory")} about={t("directory.about")}>
      {found.isPending && <Loader role="status" aria-label={t("page.loading")} />}
      {found.isError && <Failure error={found.error} retry={() => void found.refetch()} />}
      {found.data !== undefined &&
        (found.data.items.length === 0 ? (
          <Empty title={t("directory.empty")}>
            <Stack>
              <Text>{t("directory.empty.text")}</Text>
              <Code block ta="left">
                {SAMPLE}
              </Code>
            </Stack>
          </Empty>
        ) : (
          found.data.items.map((source) => <SourceCard key={source.id} source={source} />)
        ))}
    </Page>
  );
}

function SourceCard({ source }: { readonly source: Source }) {
  const t = useT();
  const mayEdit = useMay("directory.edit");
  return (
    <Card withBorder component="section" aria-label={visible(source.id)}>
      <Stack>
        <Group justify="space-between">
          <Group gap="xs">
            <Title order={2} size="h4">
              {visible(source.id)}
            </Title>
            <StateOf source={source} />
          </Group>
          {mayEdit && <Check id={source.id} />}
        </Group>
        {source.fault !== null && (
          <Alert color="red" variant="outline" title={t("directory.away")}>
            <Text size="sm">{visible(source.fault)}</Text>
            <Text size="sm">{t("directory.away.means")}</Text>
          </Alert>
        )}
        <Facts
          rows={[
            [
              t("directory.urls"),
              <span key="urls" className="breakable">
                {source.urls.map(visible).join(", ")}
              </span>,
            ],
            [t("directory.bind"), source.bindDn === null ? t("directory.anonymous") : visible(source.bindDn)],
            [t("directory.domains"), source.domains === null ? t("directory.domains.all") : source.domains.map(visible).join(", ")],
            [t("directory.latency"), source.latency_ms === null ? "–" : t("domains.ms", { ms: Math.round(source.latency_ms) })],
            [t("directory.known"), t("directory.known.value", { people: source.people, groups: source.groups })],
            [t("directory.newest"), <Time key="newest" at={source.newest_answer} withSeconds />],
            [t("directory.oldest"), <Time key="oldest" at={source.oldest_answer} withSeconds />],
            [
              t("directory.compared"),
              source.compared === null ? (
                t("directory.compared.never")
              ) : (
                <span key="compared">
                  <Time at={source.compared.at} /> {source.compared.fault === null ? "" : visible(source.compared.fault)}
                </span>
              ),
            ],
          ]}
        />
        <Text size="xs" c="dimmed">
          {t("directory.settings", { key: `ldap.${source.id}` })}
        </Text>
        {source.frozen.map((frozen) => (
          <Frozen key={frozen.address} id={source.id} frozen={frozen} />
        ))}
        <TrySource id={source.id} />
      </Stack>
    </Card>
  );
}

function StateOf({ source: { fault, frozen } }: { readonly source: Source }) {
  const t = useT();
  if (fault !== null) return <Status tone="bad">{t("directory.state.away")}</Status>;
  if (frozen.length > 0) return <Status tone="warn">{t("directory.state.frozen")}</Status>;
  return <Status tone="good">{t("directory.state.live")}</Status>;
}

/** Lists everybody once, page by page: what that finds no single question would. */
function Check({ id }: { readonly id: string }) {
  const t = useT();
  const check = useMutation({ mutationFn: () => body(api.directories[":id"].check.$post({ param: { id } })) });
  const { data } = check;
  return (
    <Stack gap="xs" align="flex-end">
      <Button size="xs" variant="default" onClick={() => check.mutate()} loading={check.isPending}>
        {t("directory.check")}
      </Button>
      <div aria-live="polite">
        {check.isError && <Failure error={check.error} />}
        {data !== undefined && (
          <Stack gap={2}>
            <Text size="sm">{t("directory.check.done", { people: data.people, groups: data.groups, problems: data.problem_count })}</Text>
            {data.problems.slice(0, 20).map((problem) => (
              <Text size="sm" key={problem} className="breakable">
                {visible(problem)}
              </Text>
            ))}
          </Stack>
        )}
      </div>
    </Stack>
  );
}

function Frozen({ id, frozen }: { readonly id: string; readonly frozen: Source["frozen"][number] }) {
  const t = useT();
  const mayAccept = useSession().may["directory.edit"] === "all";
  const [open, setOpen] = useState(false);
  const share = Math.round((100 * frozen.lost) / Math.max(1, frozen.known));
  return (
    <Alert
      color="yellow"
      variant="outline"
      title={frozen.is_whole ? t("directory.frozen.whole") : t("directory.frozen.group", { address: visible(frozen.address) })}
    >
      <Stack gap="xs" align="flex-start">
        <Text size="sm">{t("directory.frozen.text", { lost: frozen.lost, known: frozen.known, share })}</Text>
        <Text size="sm">
          {t("directory.frozen.since")} <Time at={frozen.since} />
        </Text>
        {frozen.sample.length > 0 && (
          <Group gap={4}>
            {frozen.sample.map((address) => (
              <Badge key={address} variant="default" tt="none" fw={400}>
                <Address>{address}</Address>
              </Badge>
            ))}
          </Group>
        )}
        {mayAccept && (
          <Button size="xs" variant="default" onClick={() => setOpen(true)}>
            {t("directory.accept")}
          </Button>
        )}
      </Stack>
      {open && <Accept id={id} frozen={frozen} close={() => setOpen(false)} />}
    </Alert>
  );
}
