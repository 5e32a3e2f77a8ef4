/** Where mail for an address goes, and why: as a picture, as a tree, and the other way round. */
import { Alert, Button, Group, List, Loader, SegmentedControl, Stack, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { type FormEvent, lazy, Suspense, useEffect, useState } from "react";
import { api, body } from "../../api.ts";
import { ExplainTree } from "../../explain/ExplainTree.tsx";
import type { Explanation } from "../../explain/explanation.ts";
import { useT } from "../../i18n/i18n.tsx";
import type { Key } from "../../i18n/messages.ts";
import { Failure } from "../../parts/failure.tsx";
import { Empty, Page } from "../../parts/page.tsx";
import { visible } from "../../parts/text.tsx";
import { useSingleKeys } from "../../shell/preferences.ts";
import { Draft } from "./draft.tsx";
import { Exports } from "./exports.tsx";
import { Reverse } from "./reverse.tsx";

const ExplainPicture = lazy(() => import("../../explain/ExplainPicture.tsx").then((part) => ({ default: part.ExplainPicture })));

const route = getRouteApi("/explain");
const VIEWS = ["picture", "tree", "reverse"] as const;
type View = (typeof VIEWS)[number];

export function Explain() {
  const t = useT();
  const { address = "", from, as_of, view = "picture" } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <Page title={t("nav.explain")}>
      <Question key={`${address} ${from} ${as_of}`} asked={{ address, from: from ?? "", as_of: as_of ?? "" }} />
      {address === "" ? (
        <Empty title={t("explain.empty")}>{t("explain.empty.text")}</Empty>
      ) : (
        <>
          <SegmentedControl
            aria-label={t("explain.view")}
            value={view}
            onChange={(chosen) => void navigate({ search: (now) => ({ ...now, view: chosen }) })}
            data={VIEWS.map((each) => ({ value: each, label: t(`explain.view.${each}`) }))}
          />
          {view === "reverse" ? (
            <Reverse address={address} />
          ) : (
            <Answer key={address} address={address} from={from} asOf={as_of} view={view as View} />
          )}
        </>
      )}
    </Page>
  );
}

function Question({ asked }: { readonly asked: { readonly address: string; readonly from: string; readonly as_of: string } }) {
  const t = useT();
  const navigate = route.useNavigate();
  const [fields, setFields] = useState(asked);
  const set = (name: keyof typeof asked) => (event: { readonly currentTarget: { readonly value: string } }) =>
    setFields({ ...fields, [name]: event.currentTarget.value });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const filled = Object.entries(fields).filter(([, value]) => value.trim() !== "");
    void navigate({ search: (now) => ({ view: now.view, ...Object.fromEntries(filled.map(([name, value]) => [name, value.trim()])) }) });
  };
  return (
    <form onSubmit={submit} role="search">
      <Group align="flex-end" gap="sm">
        <TextInput
          data-page-search
          label={t("addresses.field.address")}
          value={fields.address}
          onChange={set("address")}
          required
          miw={240}
        />
        <TextInput label={t("explain.field.from")} title={t("explain.field.from.hint")} value={fields.from} onChange={set("from")} />
        <TextInput
          type="date"
          label={t("explain.field.asOf")}
          title={t("explain.field.asOf.hint")}
          value={fields.as_of}
          onChange={set("as_of")}
        />
        <Button type="submit">{t("explain.ask")}</Button>
      </Group>
    </form>
  );
}

type AnswerProps = { readonly address: string; readonly from: string | undefined; readonly asOf: string | undefined; readonly view: View };

function Answer({ address, from, asOf, view }: AnswerProps) {
  const t = useT();
  const [keys] = useSingleKeys();
  const { node = null } = route.useSearch();
  const navigate = route.useNavigate();
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set());
  const [draft, setDraft] = useState<Explanation | undefined>(undefined);
  const query = { address, ...(from !== undefined && { from }), ...(asOf !== undefined && { as_of: asOf }) };
  const answer = useQuery({ queryKey: ["explain", query], queryFn: () => body(api.explain.$get({ query })) });
  // biome-ignore lint/correctness/useExhaustiveDependencies: another question drops what was tried for the one before
  useEffect(() => setDraft(undefined), [address, from, asOf]);
  if (answer.isPending) return <Loader role="status" aria-label={t("page.loading")} />;
  if (answer.isError) return <Failure error={answer.error} retry={() => void answer.refetch()} />;
  const explanation: Explanation = answer.data;
  const shared = {
    explanation,
    draft,
    toggled,
    onToggled: setToggled,
    selected: node,
    onSelect: (id: string | null) => void navigate({ replace: true, search: (now) => ({ ...now, node: id ?? undefined }) }),
    t: (key: string, values?: Record<string, string | number>) => t(key as Key, values),
    areKeysOff: !keys,
  };
  const { verdict, warnings } = explanation;
  return (
    <Stack gap="sm">
      <Text>{t("explain.verdict", { code: verdict.code, status: verdict.enhanced_status, text: visible(verdict.text) })}</Text>
      {warnings.length > 0 && (
        <Alert color="yellow" variant="outline" title={t("explain.warnings")}>
          <List size="sm">
            {warnings.map((warning) => (
              <List.Item key={warning}>{visible(warning)}</List.Item>
            ))}
          </List>
        </Alert>
      )}
      <Group gap="xs">
        <Exports explanation={explanation} draft={draft} toggled={toggled} t={shared.t} />
        {asOf === undefined && <Draft address={address} from={from} explanation={explanation} draft={draft} setDraft={setDraft} />}
      </Group>
      {view === "tree" ? (
        <ExplainTree {...shared} />
      ) : (
        <Suspense fallback={<Loader role="status" aria-label={t("page.loading")} />}>
          <ExplainPicture {...shared} />
        </Suspense>
      )}
    </Stack>
  );
}
