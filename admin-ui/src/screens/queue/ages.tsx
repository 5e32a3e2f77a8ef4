/** How long mail has waited, by the five largest reasons. */
import { useT } from "../../i18n/i18n.tsx";
import { Picture } from "../../parts/picture.tsx";
import { type Groups, useReason } from "./groups.tsx";

const COLORS = ["indigo.6", "yellow.6", "teal.7", "red.7", "grape.6"] as const;
const BANDS = ["0", "1", "2", "3", "4", "5"] as const;

export function Ages({ groups }: { readonly groups: Groups }) {
  const t = useT();
  const reason = useReason();
  const top = groups.items.toSorted((a, b) => b.recipients - a.recipients).slice(0, COLORS.length);
  const others = groups.items.filter((group) => !top.includes(group));
  const series = [
    ...top.map((group, i) => ({ name: `r${i}`, label: reason(group), color: COLORS[i] ?? "gray.6" })),
    ...(others.length > 0 ? [{ name: "others", label: t("queue.others"), color: "gray.6" }] : []),
  ];
  const data = BANDS.map((band, i) => ({
    age: t(`queue.age.${band}`),
    ...Object.fromEntries(top.map(({ ages }, n) => [`r${n}`, ages[i] ?? 0])),
    ...(others.length > 0 && { others: others.reduce((sum, { ages }) => sum + (ages[i] ?? 0), 0) }),
  }));
  return <Picture title={t("queue.ages")} kind="bars" data={data} x="age" xLabel={t("queue.age")} series={series} />;
}
