/** Changing many addresses by a file: uploaded, checked, previewed, applied whole or not at all. The upload's number in the page's address finds it again. */
import { Anchor, Button, Loader, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { api, body } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { DataTable } from "../../parts/data-table.tsx";
import { Failure } from "../../parts/failure.tsx";
import { Page } from "../../parts/page.tsx";
import { Time, visible } from "../../parts/text.tsx";
import { Source } from "./source.tsx";
import { Steps } from "./steps.tsx";
import { Upload } from "./upload.tsx";

const route = getRouteApi("/import");

export function Import() {
  const t = useT();
  const { id } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <Page
      title={t("imports.title")}
      about={t("imports.about")}
      actions={
        id !== undefined && (
          <Button variant="default" onClick={() => void navigate({ search: {} })}>
            {t("imports.another")}
          </Button>
        )
      }
    >
      {id === undefined ? (
        <>
          <Steps at="source" />
          <Source uploaded={(number) => void navigate({ search: { id: String(number) } })} />
          <Recent />
        </>
      ) : (
        <Upload key={id} id={id} />
      )}
    </Page>
  );
}

/** What was uploaded today: a closed tab loses nothing. */
function Recent() {
  const t = useT();
  const recent = useQuery({ queryKey: ["imports"], queryFn: () => body(api.imports.$get({ query: {} })) });
  if (recent.isPending) return <Loader role="status" aria-label={t("page.loading")} />;
  if (recent.isError) return <Failure error={recent.error} retry={() => void recent.refetch()} />;
  if (recent.data.items.length === 0) return <Text c="dimmed">{t("imports.none")}</Text>;
  return (
    <section>
      <Text component="h2" fw={600} mb="xs">
        {t("imports.recent")}
      </Text>
      <DataTable
        caption={t("imports.recent")}
        rows={recent.data.items}
        keyOf={({ id }) => String(id)}
        columns={[
          {
            key: "name",
            header: t("imports.column.file"),
            cell: ({ id, name }) => (
              <Anchor component={Link} to={`/import?id=${id}`}>
                {visible(name)}
              </Anchor>
            ),
          },
          { key: "state", header: t("imports.column.state"), cell: ({ state }) => t(`imports.state.${state}`) },
          { key: "by", header: t("imports.column.by"), cell: ({ by }) => visible(by) },
          { key: "at", header: t("imports.column.at"), cell: ({ made_at }) => <Time at={made_at} /> },
        ]}
      />
    </section>
  );
}
