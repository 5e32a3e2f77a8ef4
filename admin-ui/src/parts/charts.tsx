/** Pictures of figures, loaded where they are shown. Whoever shows one offers the same as a table. */
import "@mantine/charts/styles.css";
import { AreaChart, BarChart } from "@mantine/charts";

export type Series = { readonly name: string; readonly label: string; readonly color: string };
export type Point = Readonly<Record<string, string | number>>;

type Props = {
  readonly label: string;
  readonly data: readonly Point[];
  readonly x: string;
  readonly series: readonly Series[];
};

const common = ({ data, x, series }: Props) => ({
  h: 320,
  data: data.map((point) => ({ ...point })),
  dataKey: x,
  series: series.map((each) => ({ ...each })),
  withLegend: true,
  legendProps: { verticalAlign: "bottom" as const },
  tickLine: "none" as const,
  textColor: "var(--mantine-color-text)",
});

export function StackedArea(props: Props) {
  return (
    <div role="img" aria-label={props.label}>
      <AreaChart {...common(props)} type="stacked" curveType="step" withDots={false} areaChartProps={{ accessibilityLayer: false }} />
    </div>
  );
}

export function StackedBars(props: Props) {
  return (
    <div role="img" aria-label={props.label}>
      <BarChart {...common(props)} type="stacked" barChartProps={{ accessibilityLayer: false }} />
    </div>
  );
}
