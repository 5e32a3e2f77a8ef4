/** One captured copy: why it arrived, its header, its text, and its part in HTML shut into a frame without scripts and network. */
import { Anchor, Button, Code, Loader, SegmentedControl, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { InferResponseType } from "hono/client";
import { api, body } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { Facts } from "../../parts/facts.tsx";
import { Failure } from "../../parts/failure.tsx";
import { Page } from "../../parts/page.tsx";
import { Address, Time, visible } from "../../parts/text.tsx";

type Message = InferResponseType<(typeof api.captured)[":id"]["$get"], 200>;

const route = getRouteApi("/captured/$id");

export function CapturedMessage() {
  const t = useT();
  const { id } = route.useParams();
  const found = useQuery({ queryKey: ["captured", "one", id], queryFn: () => body(api.captured[":id"].$get({ param: { id } })) });
  const { data } = found;
  return (
    <Page
      title={data === undefined ? t("captured.message") : data.subject === "" ? t("captured.noSubject") : visible(data.subject)}
      actions={
        <Button component="a" variant="default" href={`/api/v1/captured/${encodeURIComponent(id)}/raw`} download={`${id}.eml`}>
          {t("captured.download")}
        </Button>
      }
    >
      {found.isPending && <Loader role="status" aria-label={t("page.loading")} />}
      {found.isError && <Failure error={found.error} retry={() => void found.refetch()} />}
      {data !== undefined && <Shown message={data} />}
    </Page>
  );
}

/** The tree of the address to which the sender wrote. */
const explainPath = (address: string, from: string | null): string =>
  `/explain?${new URLSearchParams({ address, ...(from !== null && { from }) }).toString()}`;

function Shown({ message }: { readonly message: Message }) {
  const t = useT();
  const { original_recipient: original, final_recipient, paths } = message;
  return (
    <Stack>
      <Facts
        rows={[
          [t("captured.when"), <Time key="when" at={message.arrived_at} withSeconds />],
          [t("captured.from"), <Address key="from">{message.from}</Address>],
          [t("captured.original"), original === null ? t("captured.original.unknown") : <Address key="original">{original}</Address>],
          [t("captured.final"), <Address key="final">{final_recipient}</Address>],
          ...(paths.length > 0
            ? [
                [
                  t("captured.path"),
                  <span key="path" className="breakable">
                    {paths.map((path) => path.map(visible).join(" → ")).join("; ")}
                  </span>,
                ] as const,
              ]
            : []),
          [t("captured.queueId"), message.queue_id ?? "–"],
          [t("captured.size"), t("captured.octets", { size: message.size })],
        ]}
      />
      {original !== null && (
        <Anchor component={Link} to={explainPath(original, message.reverse_path)}>
          {t("captured.why")}
        </Anchor>
      )}
      <Content message={message} />
      {message.attachments.length > 0 && (
        <Facts
          rows={message.attachments.map(({ name, type, size }, i) => [
            t("captured.attachment", { number: i + 1 }),
            <span key={name} className="breakable">
              {visible(name)} {visible(type)} {t("captured.octets", { size })}
            </span>,
          ])}
        />
      )}
      <details>
        <Text component="summary">{t("captured.header")}</Text>
        <Code block className="breakable" mt="xs">
          {message.headers.map(({ name, value }) => `${visible(name)}: ${visible(value)}`).join("\n")}
        </Code>
      </details>
    </Stack>
  );
}

function Content({ message: { id, text, has_html } }: { readonly message: Message }) {
  const t = useT();
  const { part } = route.useSearch();
  const navigate = route.useNavigate();
  const isHtml = has_html && (part === "html" || (part === undefined && text.trim() === ""));
  return (
    <Stack gap="xs" align="stretch">
      {has_html && (
        <SegmentedControl
          aria-label={t("captured.part")}
          value={isHtml ? "html" : "text"}
          onChange={(value) => void navigate({ search: { part: value }, replace: true })}
          data={(["text", "html"] as const).map((value) => ({ value, label: t(`captured.part.${value}`) }))}
        />
      )}
      {isHtml ? (
        <iframe
          className="captured-html"
          title={t("captured.part.html")}
          sandbox=""
          src={`/api/v1/captured/${encodeURIComponent(id)}/html`}
        />
      ) : (
        <Code block className="captured-text">
          {text === "" ? t("captured.noText") : text.split("\n").map(visible).join("\n")}
        </Code>
      )}
    </Stack>
  );
}
