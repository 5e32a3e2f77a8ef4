import { useT } from "../i18n/i18n.tsx";
import { Empty, Page } from "../parts/page.tsx";

export function NotFound() {
  const t = useT();
  return (
    <Page title={t("error.notFound")}>
      <Empty title={t("error.notFound.text")} />
    </Page>
  );
}
