/** One message: what happened, try by try, and beside it why it went where it went, as the directory was then. */
import { Anchor, Button, Code, Group, Loader, Paper, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { InferResponseType } from "hono/client";
import { api, body } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { Failure } from "../../parts/failure.tsx";
import { LiveBar, useLive } from "../../parts/live.tsx";
import { Outcome } from "../../parts/outcome.tsx";
import { Page } from "../../parts/page.tsx";
import { Address, Time, visible } from "../../parts/text.tsx";
import { useMay } from "../../shell/session.tsx";
import { QueueActions } from "../queue/actions.tsx";
import { CopyTicket } from "./ticket.tsx";
import { Sender } from "./trace.tsx";

export type Message = InferResponseType<(typeof api.messages)[":id"]["$get"], 200>;

const route = getRouteApi("/trace/$id");

export function MessagePage() {
  const t = useT();
  const { id } = route.useParams();
  const message = useQuery({ queryKey: ["message", id], queryFn: () => body(api.messages[":id"].$get({ param: { id } })) });
  const live = useLive(["queue", "message"], () => {
    if (message.data === undefined || message.data.waiting.length > 0) void message.refetch(); // one that is over does not change
  });
  return (
    <Page
      title={t("queue.message", { id: visible(id) })}
      about={
        <Anchor component={Link} to="/trace">
          {t("trace.back")}
        </Anchor>
      }
      actions={message.data !== undefined && <CopyTicket message={message.data} />}
    >
      {message.isPending && <Loader role="status" aria-label={t("page.loading")} />}
      {message.isError && <Failure error={message.error} retry={() => void message.refetch()} />}
      {message.data !== undefined && (
        <>
          {message.data.waiting.length > 0 && (
            <LiveBar {...live}>
              <QueueActions
                asked={{ ids: [id] }}
                what={t("queue.message", { id: visible(id) })}
                canRelease={message.data.waiting.some(({ state }) => state === "held" || state === "quarantined")}
              />
            </LiveBar>
          )}
          <SimpleGrid cols={{ base: 1, lg: 2 }}>
            <Happened message={message.data} />
            <Trees message={message.data} />
          </SimpleGrid>
        </>
      )}
    </Page>
  );
}

function Happened({ message }: { readonly message: Message }) {
  const t = useT();
  return (
    <Stack gap="xs" component="section" aria-label={t("trace.what")}>
      <Title order={2} size="h4">
        {t("trace.what")}
      </Title>
      <ol className="timeline">
        <li>
          <Received message={message} />
        </li>
        {message.deliveries.map((delivery) => (
          <li key={`${delivery.recipientNo} ${delivery.attemptNo}`}>
            <Try {...delivery} at={delivery.endedAt} />
          </li>
        ))}
        {message.waiting.map((recipient) => (
          <li key={recipient.recipientNo}>
            <Try
              {...recipient}
              at={null}
              outcome={recipient.state === "waiting" && recipient.reply !== null ? "deferred" : recipient.state}
              relay={null}
              delays={null}
              status=""
              attemptNo={recipient.attempts}
            />
          </li>
        ))}
      </ol>
      {message.hidden > 0 && <Text size="sm">{t("trace.hidden", { count: message.hidden })}</Text>}
      {message.more && <Text size="sm">{t("trace.shortened")}</Text>}
    </Stack>
  );
}

function Received({ message }: { readonly message: Message }) {
  const t = useT();
  return (
    <Paper withBorder p="sm">
      <Group justify="space-between">
        <Text fw={600}>{t("trace.received")}</Text>
        <Time at={message.receivedAt} withSeconds />
      </Group>
      <Text size="sm">
        {t("trace.from")}: <Sender from={message.from} />
      </Text>
      {message.clientAddress !== null && (
        <Text size="sm">{t("trace.client", { client: visible(message.clientAddress), helo: visible(message.heloName ?? "–") })}</Text>
      )}
      {message.authenticatedAs !== null && <Text size="sm">{t("trace.signedIn", { login: visible(message.authenticatedAs) })}</Text>}
      <Text size="sm">{t("trace.size", { size: message.size })}</Text>
      {message.headerMessageId !== null && (
        <Text size="sm" className="address">
          {visible(message.headerMessageId)}
        </Text>
      )}
    </Paper>
  );
}

type TryProps = Pick<
  Message["deliveries"][number],
  "outcome" | "to" | "origTo" | "paths" | "relay" | "delays" | "status" | "attemptNo" | "plain"
> & {
  readonly at: string | null;
  readonly reply: string | null;
  readonly nextAttemptAt?: string | null;
  readonly expiresAt?: string;
};

/** One try, or what it waits for: in plain words first, then the other side's own. */
function Try({ outcome, to, origTo, paths, relay, delays, attemptNo, plain, at, reply, nextAttemptAt, expiresAt }: TryProps) {
  const t = useT();
  const host = relay?.split("[")[0] ?? "";
  const words = t(`cause.${plain.cause}`, { party: visible(plain.party) });
  const seconds = delays?.reduce((sum, each) => sum + each, 0);
  return (
    <Paper withBorder p="sm">
      <Group justify="space-between">
        <Group gap="xs">
          <Outcome outcome={outcome} />
          {attemptNo > 0 && <Text size="sm">{t("trace.tries", { n: attemptNo })}</Text>}
        </Group>
        {at !== null && <Time at={at} withSeconds />}
      </Group>
      <Text size="sm" fw={600} mt={4}>
        {to === null ? (
          <>
            <Address>{origTo}</Address> ({t("trace.elsewhere")})
          </>
        ) : (
          <Address>{to}</Address>
        )}
      </Text>
      <Text size="sm">{seconds === undefined ? words : t("trace.took", { text: words, seconds })}</Text>
      {reply !== null && (
        <Text size="sm" component="blockquote" className="remote-words">
          {visible(reply)}
        </Text>
      )}
      {paths.map((path) => (
        <Text size="sm" key={path.join(" ")}>
          {t("trace.path")}:{" "}
          {path.map((step, i) => (
            <span key={step}>
              {i > 0 && " → "}
              <Address>{step}</Address>
            </span>
          ))}
        </Text>
      ))}
      {host !== "" && (
        <Text size="sm">
          {t("trace.relayed")}: <span className="address">{visible(relay ?? "")}</span>{" "}
          {outcome !== "sent" && (
            <Anchor underline="always" component={Link} to={`/trace?${new URLSearchParams({ relay: host, status: outcome }).toString()}`}>
              {t("trace.similar")}
            </Anchor>
          )}
        </Text>
      )}
      {nextAttemptAt != null && (
        <Text size="sm">
          {t("trace.next")}: <Time at={nextAttemptAt} />
        </Text>
      )}
      {expiresAt !== undefined && (
        <Text size="sm">
          {t("trace.expires")}: <Time at={expiresAt} />
        </Text>
      )}
    </Paper>
  );
}

/** Trees that are drawn: a message with more first recipients names the rest in what happened. */
const TREES = 3;

function Trees({ message }: { readonly message: Message }) {
  const t = useT();
  const maySee = useMay("addresses.see");
  const originals = [...new Set([...message.deliveries, ...message.waiting].map(({ origTo }) => origTo))];
  if (!maySee || originals.length === 0) return null;
  return (
    <Stack gap="xs" component="section" aria-label={t("trace.tree")}>
      <Title order={2} size="h4">
        {t("trace.tree")}
      </Title>
      {originals.slice(0, TREES).map((address) => (
        <Tree key={address} address={address} asOf={message.as_of} />
      ))}
      {originals.length > TREES && <Text size="sm">{t("trace.more", { count: originals.length - TREES })}</Text>}
    </Stack>
  );
}

function Tree({ address, asOf }: { readonly address: string; readonly asOf: string }) {
  const t = useT();
  const tree = useQuery({
    queryKey: ["explain", address, null, asOf],
    staleTime: Number.POSITIVE_INFINITY, // the past stays as it was
    retry: false,
    queryFn: () => body(api.explain.$get({ query: { address, as_of: asOf } })),
  });
  return (
    <Paper withBorder p="sm">
      <Group justify="space-between" mb="xs">
        <Text fw={600}>
          <Address>{address}</Address>
        </Text>
        <Button component={Link} to={`/explain?${new URLSearchParams({ address, as_of: asOf }).toString()}`} size="xs" variant="default">
          {t("nav.explain")}
        </Button>
      </Group>
      {tree.isPending && <Loader size="sm" aria-label={t("page.loading")} />}
      {tree.isError && <Failure error={tree.error} retry={() => void tree.refetch()} />}
      {tree.data !== undefined && (
        <Code block tabIndex={0}>
          {tree.data.text.split("\n").map(visible).join("\n")}
        </Code>
      )}
    </Paper>
  );
}
