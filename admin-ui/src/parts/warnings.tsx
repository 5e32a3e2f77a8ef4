import { Alert, List } from "@mantine/core";
import { useT } from "../i18n/i18n.tsx";

/** What is allowed but probably not meant. */
export function Warnings({ texts }: { readonly texts: readonly string[] }) {
  const t = useT();
  if (texts.length === 0) return null;
  return (
    <Alert color="yellow" variant="outline" title={t("warnings.title")}>
      <List size="sm">
        {texts.map((text) => (
          <List.Item key={text}>{text}</List.Item>
        ))}
      </List>
    </Alert>
  );
}
