/** Posts that wait for the list's owner: let through, or sent back with a reason their sender reads. */
import { Button, Group, Loader, Modal, Stack, Text, Textarea } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { InferResponseType } from "hono/client";
import { useState } from "react";
import { api, body } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { useChange } from "../../parts/change.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Failure } from "../../parts/failure.tsx";
import { Empty } from "../../parts/page.tsx";
import { Address, Time, visible } from "../../parts/text.tsx";

type Post = InferResponseType<(typeof api.lists)[":address"]["held"]["$get"], 200>["items"][number];

const LOOK_AGAIN_MS = 15_000;

export function HeldTab({ address }: { readonly address: string }) {
  const t = useT();
  const change = useChange();
  const [refusing, setRefusing] = useState<Post | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState<string | null>(null);
  const held = useQuery({
    queryKey: ["held", address],
    queryFn: () => body(api.lists[":address"].held.$get({ param: { address } })),
    refetchInterval: LOOK_AGAIN_MS,
  });
  const release = async ({ queue_id, copies }: Post): Promise<void> => {
    setError(null);
    setBusy(queue_id);
    const endpoint = api.lists[":address"].held[":queue_id"].approve;
    try {
      await change(() => body(endpoint.$post({ param: { address, queue_id }, query: {} })), t("lists.held.released", { count: copies }));
    } catch (refused) {
      setError(refused);
    } finally {
      setBusy(null);
    }
  };
  if (held.isPending) return <Loader role="status" aria-label={t("page.loading")} />;
  if (held.isError) return <Failure error={held.error} retry={() => void held.refetch()} />;
  const { items, total, subjects_shown } = held.data;
  return (
    <Stack>
      {error !== null && <Failure error={error} />}
      {items.length === 0 ? (
        <Empty title={t("lists.held.none")}>{t("lists.held.none.text")}</Empty>
      ) : (
        <>
          <Text size="sm">{t(subjects_shown ? "lists.held.subjects" : "lists.held.noSubjects")}</Text>
          <DataTable
            caption={t("lists.column.held")}
            columns={columnsFor(t, subjects_shown, busy, { release: (post) => void release(post), refuse: setRefusing })}
            rows={items}
            keyOf={({ queue_id }) => queue_id}
          />
          <Text size="sm" aria-live="polite">
            {t("page.total", { total })}
          </Text>
        </>
      )}
      {refusing !== null && <Refuse address={address} post={refusing} close={() => setRefusing(null)} />}
    </Stack>
  );
}

function Refuse({ address, post, close }: { readonly address: string; readonly post: Post; readonly close: () => void }) {
  const t = useT();
  const change = useChange();
  const [why, setWhy] = useState("");
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const refuse = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    const reason = why.replace(/\s+/g, " ").trim();
    const endpoint = api.lists[":address"].held[":queue_id"].reject;
    try {
      await change(
        () => body(endpoint.$post({ param: { address, queue_id: post.queue_id }, query: {}, json: reason === "" ? {} : { why: reason } })),
        t("lists.held.refused"),
      );
      close();
    } catch (refused) {
      setError(refused);
      setBusy(false);
    }
  };
  return (
    <Modal opened onClose={close} title={t("lists.held.refuse.title")} closeButtonProps={{ "aria-label": t("action.close") }}>
      <Stack>
        <Text>{t("lists.held.refuse.text", { from: visible(post.from ?? "<>"), list: address })}</Text>
        <Textarea
          label={t("lists.held.why")}
          description={t("lists.held.why.hint")}
          value={why}
          onChange={(event) => setWhy(event.currentTarget.value)}
          maxLength={1000}
          autosize
          minRows={2}
        />
        {error !== null && <Failure error={error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close} data-autofocus>
            {t("action.cancel")}
          </Button>
          <Button color="red" onClick={() => void refuse()} loading={busy}>
            {t("lists.held.refuse")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

type Deciding = { readonly release: (post: Post) => void; readonly refuse: (post: Post) => void };

const columnsFor = (
  t: ReturnType<typeof useT>,
  withSubject: boolean,
  busy: string | null,
  { release, refuse }: Deciding,
): readonly Column<Post>[] => [
  {
    key: "from",
    header: t("lists.held.from"),
    cell: ({ from, subject }) => (
      <>
        {from === null ? t("lists.held.nobody") : <Address>{from}</Address>}
        {withSubject && subject !== null && (
          <Text size="sm" className="address">
            <bdi>{visible(subject)}</bdi>
          </Text>
        )}
      </>
    ),
  },
  { key: "reason", header: t("lists.held.reason"), cell: ({ reason }) => visible(reason) },
  { key: "since", header: t("lists.held.since"), cell: ({ held_at }) => <Time at={held_at} /> },
  { key: "copies", header: t("lists.held.copies"), align: "right", cell: ({ copies }) => copies.toLocaleString() },
  {
    key: "act",
    header: t("lists.held.decide"),
    align: "right",
    cell: (post) => (
      <Group gap="xs" justify="flex-end" wrap="nowrap">
        <Button
          size="compact-sm"
          loading={busy === post.queue_id}
          aria-label={t("lists.held.release.one", { from: visible(post.from ?? "<>") })}
          onClick={() => release(post)}
        >
          {t("lists.held.release")}
        </Button>
        <Button
          size="compact-sm"
          variant="default"
          aria-label={t("lists.held.refuse.one", { from: visible(post.from ?? "<>") })}
          onClick={() => refuse(post)}
        >
          {t("lists.held.refuse")}
        </Button>
      </Group>
    ),
  },
];
