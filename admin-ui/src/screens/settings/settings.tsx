/** Every setting with its value, where that comes from, and when a new one would count. They are changed in the file and the environment. */
import { Anchor, Code, Loader, Switch, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { InferResponseType } from "hono/client";
import { api, body } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Failure } from "../../parts/failure.tsx";
import { Empty, Page } from "../../parts/page.tsx";
import { visible } from "../../parts/text.tsx";

type Setting = InferResponseType<typeof api.settings.$get, 200>["items"][number];

const route = getRouteApi("/settings");

export function Settings() {
  const t = useT();
  const { q = "", set } = route.useSearch();
  const navigate = route.useNavigate();
  const found = useQuery({ queryKey: ["settings"], queryFn: () => body(api.settings.$get()) });
  const ask = (search: { readonly q?: string; readonly set?: string }): void => void navigate({ search, replace: true });
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = (found.data?.items ?? []).filter(
    ({ key, sentence, value, origin }) =>
      (set !== "yes" || origin !== "default") && words.every((word) => `${key} ${sentence} ${value ?? ""}`.toLowerCase().includes(word)),
  );
  return (
    <Page title={t("nav.settings")} about={t("settings.about")}>
      <TextInput
        data-page-search
        type="search"
        aria-label={t("settings.search")}
        placeholder={t("settings.search")}
        value={q}
        onChange={({ currentTarget: { value } }) => ask({ q: value, ...(set !== undefined && { set }) })}
      />
      <Switch
        label={t("settings.onlySet")}
        checked={set === "yes"}
        onChange={({ currentTarget: { checked } }) => ask({ q, ...(checked && { set: "yes" }) })}
      />
      {found.isPending && <Loader role="status" aria-label={t("page.loading")} />}
      {found.isError && <Failure error={found.error} retry={() => void found.refetch()} />}
      {found.data !== undefined &&
        (rows.length === 0 ? (
          <Empty title={t("settings.none")}>
            <Anchor component="button" type="button" onClick={() => ask({})}>
              {t("settings.all")}
            </Anchor>
          </Empty>
        ) : (
          <DataTable caption={t("nav.settings")} columns={columnsFor(t)} rows={rows} keyOf={({ key }) => key} />
        ))}
    </Page>
  );
}

const columnsFor = (t: ReturnType<typeof useT>): readonly Column<Setting>[] => [
  {
    key: "key",
    header: t("settings.key"),
    cell: ({ key, sentence }) => (
      <>
        <Code className="breakable">{key}</Code>
        <Text size="xs" c="dimmed">
          {sentence.replaceAll("`", "")}
        </Text>
      </>
    ),
  },
  {
    key: "value",
    header: t("settings.value"),
    cell: ({ value }) => (value === null || value === "" ? t("settings.unset") : <span className="breakable">{visible(value)}</span>),
  },
  {
    key: "origin",
    header: t("settings.origin"),
    cell: ({ origin }) => (
      <Text size="sm" className="breakable" fw={origin === "default" ? 400 : 600}>
        {origin === "default" ? t("settings.default") : visible(origin)}
      </Text>
    ),
  },
  { key: "applies", header: t("settings.applies"), cell: ({ applies }) => t(`settings.applies.${applies}`) },
];
