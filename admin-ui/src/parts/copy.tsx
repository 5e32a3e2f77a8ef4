/** A text to put somewhere else, with a button that copies it. */
import { Button, Code, CopyButton, Group } from "@mantine/core";
import { useT } from "../i18n/i18n.tsx";
import { visible } from "./text.tsx";

export function CopyText({ text, label }: { readonly text: string /** What it is, for who cannot see it. */; readonly label: string }) {
  const t = useT();
  return (
    <Group gap="xs" align="flex-start" className="copy-text">
      <Code className="breakable">{visible(text)}</Code>
      <CopyButton value={text}>
        {({ copied, copy }) => (
          <Button size="compact-sm" variant="default" onClick={copy} aria-label={`${t("action.copy")}: ${label}`}>
            {copied ? t("action.copied") : t("action.copy")}
          </Button>
        )}
      </CopyButton>
    </Group>
  );
}
