/** Copies that would have left this machine, newest first. */
import { Anchor, Button, Code, Loader, Text, TextInput } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { InferResponseType } from "hono/client";
import { useEffect, useState } from "react";
import { api, body } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { useChange } from "../../parts/change.tsx";
import { Confirm } from "../../parts/confirm.tsx";
import { type Column, DataTable, Pager } from "../../parts/data-table.tsx";
import { Failure } from "../../parts/failure.tsx";
import { Empty, Page } from "../../parts/page.tsx";
import { Address, Time, visible } from "../../parts/text.tsx";
import { useMay } from "../../shell/session.tsx";

type Copy = InferResponseType<typeof api.captured.$get, 200>["items"][number];

const route = getRouteApi("/captured");

const FIRST_MAIL = `swaks --server 127.0.0.1:2525 --from you@elsewhere.example --to cs-faculty@cs.campus.example --header "Subject: Hello"`;

export function Captured() {
  const t = useT();
  const { q = "", cursor } = route.useSearch();
  const navigate = route.useNavigate();
  const mayClear = useMay("captured.clear");
  const [clearing, setClearing] = useState(false);
  const [text, setText] = useState(q);
  const query = { q, ...(cursor !== undefined && { cursor }) };
  const found = useQuery({
    queryKey: ["captured", query],
    queryFn: () => body(api.captured.$get({ query })),
    placeholderData: keepPreviousData,
  });
  useEffect(() => {
    if (text === q) return;
    const timer = setTimeout(() => void navigate({ search: { q: text }, replace: true }), 250);
    return () => clearTimeout(timer);
  }, [text, q, navigate]);
  const total = found.data?.total ?? 0;
  return (
    <Page
      title={t("nav.captured")}
      about={t("captured.about")}
      actions={
        mayClear &&
        total > 0 && (
          <Button variant="default" onClick={() => setClearing(true)}>
            {t("captured.clear")}
          </Button>
        )
      }
    >
      <TextInput
        data-page-search
        type="search"
        aria-label={t("captured.search")}
        placeholder={t("captured.search")}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      {found.isPending && <Loader role="status" aria-label={t("page.loading")} />}
      {found.isError && <Failure error={found.error} retry={() => void found.refetch()} />}
      {found.data !== undefined &&
        (found.data.items.length === 0 ? (
          <Empty title={q === "" ? t("captured.empty") : t("captured.noMatch", { q })}>
            {q === "" && (
              <>
                <Text>{t("captured.empty.text")}</Text>
                <Code block ta="left" className="breakable">
                  {FIRST_MAIL}
                </Code>
              </>
            )}
          </Empty>
        ) : (
          <>
            <DataTable
              caption={t("nav.captured")}
              columns={columnsFor(t)}
              rows={found.data.items}
              keyOf={({ id }) => id}
              dimmed={found.isPlaceholderData}
            />
            <Pager
              total={total}
              next={found.data.next_cursor}
              isFirst={cursor === undefined}
              onFirst={() => void navigate({ search: { q } })}
              onNext={(next) => void navigate({ search: { q, cursor: next } })}
            />
          </>
        ))}
      {clearing && <Clear total={total} close={() => setClearing(false)} />}
    </Page>
  );
}

const columnsFor = (t: ReturnType<typeof useT>): readonly Column<Copy>[] => [
  { key: "when", header: t("captured.when"), cell: ({ arrived_at }) => <Time at={arrived_at} withSeconds /> },
  {
    key: "subject",
    header: t("captured.subject"),
    cell: ({ id, subject }) => (
      <Anchor component={Link} to={`/captured/${id}`} className="breakable">
        {subject === "" ? t("captured.noSubject") : visible(subject)}
      </Anchor>
    ),
  },
  { key: "from", header: t("captured.from"), cell: ({ from }) => <Address>{from}</Address> },
  { key: "original", header: t("captured.original"), cell: ({ original_recipient: to }) => (to === null ? "–" : <Address>{to}</Address>) },
  { key: "final", header: t("captured.final"), cell: ({ final_recipient }) => <Address>{final_recipient}</Address> },
  {
    key: "size",
    header: t("captured.size"),
    align: "right",
    cell: ({ size }) => <span className="time">{t("captured.octets", { size })}</span>,
  },
];

function Clear({ total, close }: { readonly total: number; readonly close: () => void }) {
  const t = useT();
  const change = useChange();
  return (
    <Confirm
      title={t("captured.clear.title", { count: total })}
      verb={t("captured.clear")}
      close={close}
      act={() => change(() => body(api.captured.$delete({ query: {} })), t("captured.cleared"))}
    >
      <Text size="sm">{t("captured.clear.text")}</Text>
    </Confirm>
  );
}
