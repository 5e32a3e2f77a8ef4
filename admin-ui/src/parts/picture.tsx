/** A chart and its twin as a table, one button apart. */
import { Button, Group, Loader, Paper, Table, Title } from "@mantine/core";
import { lazy, Suspense, useState } from "react";
import { useT } from "../i18n/i18n.tsx";
import type { Point, Series } from "./charts.tsx";

const StackedArea = lazy(() => import("./charts.tsx").then((charts) => ({ default: charts.StackedArea })));
const StackedBars = lazy(() => import("./charts.tsx").then((charts) => ({ default: charts.StackedBars })));

export function Picture({
  title,
  kind,
  data,
  x,
  xLabel,
  series,
}: {
  readonly title: string;
  readonly kind: "area" | "bars";
  readonly data: readonly Point[];
  /** The member of each point that names it. */
  readonly x: string;
  readonly xLabel: string;
  readonly series: readonly Series[];
}) {
  const t = useT();
  const [asTable, setAsTable] = useState(false);
  const Chart = kind === "area" ? StackedArea : StackedBars;
  return (
    <Paper withBorder p="md">
      <Group justify="space-between" mb="sm">
        <Title order={2} size="h4">
          {title}
        </Title>
        <Button size="xs" variant="default" onClick={() => setAsTable(!asTable)}>
          {t(asTable ? "flow.chart" : "flow.table")}
        </Button>
      </Group>
      {asTable ? (
        <Table.ScrollContainer minWidth={300} maxHeight={400} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
          <Table>
            <Table.Caption className="for-readers">{title}</Table.Caption>
            <Table.Thead>
              <Table.Tr>
                <Table.Th scope="col">{xLabel}</Table.Th>
                {series.map(({ name, label }) => (
                  <Table.Th key={name} scope="col" ta="right">
                    {label}
                  </Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {data.map((point) => (
                <Table.Tr key={String(point[x])}>
                  <Table.Th scope="row">{point[x]}</Table.Th>
                  {series.map(({ name }) => (
                    <Table.Td key={name} ta="right">
                      {point[name]}
                    </Table.Td>
                  ))}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      ) : (
        <Suspense fallback={<Loader role="status" aria-label={t("page.loading")} />}>
          <Chart label={title} data={data} x={x} series={series} />
        </Suspense>
      )}
    </Paper>
  );
}
