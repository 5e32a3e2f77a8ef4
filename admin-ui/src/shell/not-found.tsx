import { useT } from "../i18n/i18n.tsx";
import { Empty } from "../parts/page.tsx";

export function NotFound() {
  const t = useT();
  return <Empty title={t("error.notFound")}>{t("error.notFound.text")}</Empty>;
}
