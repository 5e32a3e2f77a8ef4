/** Is mail flowing, and what needs somebody today? */
import { Anchor, Code, Group, Loader, Paper, SegmentedControl, SimpleGrid, Stack, Table, Text, Title } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, Navigate } from "@tanstack/react-router";
import type { InferResponseType } from "hono/client";
import { api, body } from "../../api.ts";
import { useI18n, useT } from "../../i18n/i18n.tsx";
import { Failure } from "../../parts/failure.tsx";
import { LiveBar, useLive } from "../../parts/live.tsx";
import { useSeconds } from "../../parts/outcome.tsx";
import { Empty, Page } from "../../parts/page.tsx";
import { Picture } from "../../parts/picture.tsx";
import { visible } from "../../parts/text.tsx";
import { useMay } from "../../shell/session.tsx";
import { Cards } from "./cards.tsx";

type Flow = InferResponseType<typeof api.flow.$get, 200>;

const route = getRouteApi("/");
const SPANS = ["24h", "7d", "30d"] as const;
const OUTCOMES = [
  ["sent", "teal.7"],
  ["deferred", "yellow.6"],
  ["bounced", "red.7"],
  ["expired", "grape.7"],
  ["discarded", "gray.6"],
  ["deleted", "gray.8"],
] as const;

/** Those for whom there are no figures begin with their addresses. */
export function Home() {
  return useMay("flow.see") ? <Overview /> : <Navigate to="/addresses" replace />;
}

function Overview() {
  const t = useT();
  const navigate = route.useNavigate();
  const { span: asked } = route.useSearch();
  const span = SPANS.find((each) => each === asked) ?? "24h";
  const flow = useQuery({
    queryKey: ["flow", span],
    queryFn: () => body(api.flow.$get({ query: { span } })),
    placeholderData: keepPreviousData,
  });
  const attention = useQuery({ queryKey: ["attention"], queryFn: () => body(api.attention.$get({ query: {} })) });
  const live = useLive(["queue", "change", "message"], () => {
    void flow.refetch();
    void attention.refetch();
  });
  const needs = attention.data?.items.filter((card) => !card.failed && card.count > 0).length;
  return (
    <Page title={t("nav.home")} about={<Sentence flow={flow.data} needs={needs} />}>
      <LiveBar {...live}>{flow.data !== undefined && <Counted flow={flow.data} />}</LiveBar>
      {attention.isError && <Failure error={attention.error} retry={() => void attention.refetch()} />}
      {attention.isPending && <Loader role="status" aria-label={t("page.loading")} />}
      {attention.data !== undefined && <Cards cards={attention.data.items} />}
      <SegmentedControl
        aria-label={t("home.span")}
        value={span}
        onChange={(chosen) => void navigate({ search: { span: chosen } })}
        data={SPANS.map((value) => ({ value, label: t(`home.span.${value}`) }))}
        w="fit-content"
      />
      {flow.isError && <Failure error={flow.error} retry={() => void flow.refetch()} />}
      {flow.data !== undefined && <Figures flow={flow.data} />}
    </Page>
  );
}

const passed = ({ hours }: Flow): number => hours.reduce((sum, hour) => sum + OUTCOMES.reduce((all, [name]) => all + hour[name], 0), 0);

/** The one sentence on top. */
function Sentence({ flow, needs }: { readonly flow: Flow | undefined; readonly needs: number | undefined }) {
  const t = useT();
  if (flow === undefined) return <span role="status">{t("page.loading")}</span>;
  const first =
    flow.queue.own_trouble > 0 ? t("home.trouble", { count: flow.queue.own_trouble }) : t(passed(flow) > 0 ? "home.flowing" : "home.none");
  return (
    <span role="status">
      {first} {needs !== undefined && t("home.attention", { count: needs })}
    </span>
  );
}

function Counted({ flow }: { readonly flow: Flow }) {
  const { language, t } = useI18n();
  if (flow.counted_at === null) return null;
  const time = new Intl.DateTimeFormat(language, { timeStyle: "short" }).format(new Date(flow.counted_at));
  return <>{`${t("home.counted", { time, scope: t(flow.of_all ? "home.counted.all" : "home.counted.scope") })}. ${t("flow.delivered")}`}</>;
}

function Figures({ flow }: { readonly flow: Flow }) {
  const { language, t } = useI18n();
  if (passed(flow) === 0 && flow.queue.recipients === 0)
    return (
      <Empty title={t("home.empty")}>
        {t("home.empty.text")} <Code>swaks --server 127.0.0.1:2525 --from you@elsewhere.example --to ann.lee@campus.example</Code>
      </Empty>
    );
  const format = new Intl.DateTimeFormat(
    language,
    flow.span === "24h" ? { timeStyle: "short" } : { dateStyle: "short", timeStyle: "short" },
  );
  const used = OUTCOMES.filter(([name], i) => i < 3 || flow.hours.some((hour) => hour[name] > 0));
  return (
    <>
      <Picture
        title={t("home.perHour")}
        kind="area"
        x="hour"
        xLabel={t("home.hour")}
        data={flow.hours.map((hour) => ({ ...hour, hour: format.format(new Date(hour.hour)) }))}
        series={used.map(([name, color]) => ({ name, label: t(`flow.outcome.${name}`), color }))}
      />
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Waiting queue={flow.queue} />
        <Delays delays={flow.delays} />
      </SimpleGrid>
    </>
  );
}

function Waiting({ queue }: { readonly queue: Flow["queue"] }) {
  const t = useT();
  return (
    <Paper withBorder p="md">
      <Group justify="space-between">
        <Title order={2} size="h4">
          {t("home.waiting")}
        </Title>
        <Anchor component={Link} to="/queue">
          {t("nav.queue")}
        </Anchor>
      </Group>
      <Text mt="xs">
        {queue.sampled_rows === null
          ? t("home.waiting.count", { count: queue.recipients })
          : t("queue.total.about", { count: queue.recipients })}
      </Text>
      {queue.top.length > 0 && (
        <Table mt="xs">
          <Table.Caption className="for-readers">{t("home.reasons")}</Table.Caption>
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">{t("home.reasons")}</Table.Th>
              <Table.Th scope="col" ta="right">
                {t("queue.recipients")}
              </Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {queue.top.map(({ key, party, status, cause, recipients }) => (
              <Table.Tr key={key}>
                <Table.Td>
                  {t(`cause.${cause}`, { party: visible(party) })}
                  {status !== "" && ` (${status})`}
                </Table.Td>
                <Table.Td ta="right">{recipients}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Paper>
  );
}

const PARTS = ["before", "queued", "connecting", "sending"] as const;

function Delays({ delays }: { readonly delays: Flow["delays"] }) {
  const t = useT();
  const seconds = useSeconds();
  return (
    <Paper withBorder p="md">
      <Stack gap="xs">
        <Title order={2} size="h4">
          {t("home.delays")}
        </Title>
        <Table>
          <Table.Caption className="for-readers">{t("home.delays")}</Table.Caption>
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">{t("home.delay.part")}</Table.Th>
              <Table.Th scope="col" ta="right">
                {t("home.delay.half")}
              </Table.Th>
              <Table.Th scope="col" ta="right">
                {t("home.delay.most")}
              </Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {PARTS.map((part) => (
              <Table.Tr key={part}>
                <Table.Th scope="row">{t(`home.delay.${part}`)}</Table.Th>
                <Table.Td ta="right">{seconds(delays[part].p50)}</Table.Td>
                <Table.Td ta="right">{seconds(delays[part].p95)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Stack>
    </Paper>
  );
}
