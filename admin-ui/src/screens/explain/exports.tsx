/** Taking an explanation along: as text for a ticket, as a picture for a document. */
import { Button, CopyButton, Text } from "@mantine/core";
import { useState } from "react";
import { asText } from "../../explain/as-text.ts";
import type { Explanation } from "../../explain/explanation.ts";
import { pngOf } from "../../explain/png.ts";
import { svgOf } from "../../explain/svg.ts";
import type { Translate } from "../../explain/words.ts";
import { useT } from "../../i18n/i18n.tsx";

type Props = {
  readonly explanation: Explanation;
  readonly draft: Explanation | undefined;
  readonly toggled: ReadonlySet<string>;
  readonly t: Translate;
};

export function Exports({ explanation, draft, toggled, t: words }: Props) {
  const t = useT();
  const [trouble, setTrouble] = useState<string | null>(null);
  const svg = () => svgOf(explanation, draft, toggled, words);
  const png = async (): Promise<void> => {
    const drawn = await pngOf(svg());
    setTrouble(drawn.kind === "drawn" ? null : words(`explain.export.${drawn.kind}`));
    if (drawn.kind === "drawn") download(drawn.blob, `${explanation.address}.png`);
  };
  return (
    <>
      <CopyButton value={asText(explanation, words)}>
        {({ copied, copy }) => (
          <Button variant="default" size="xs" onClick={copy}>
            {copied ? t("action.copied") : t("explain.copy")}
          </Button>
        )}
      </CopyButton>
      <Button
        variant="default"
        size="xs"
        onClick={() => download(new Blob([svg().text], { type: "image/svg+xml" }), `${explanation.address}.svg`)}
      >
        {t("explain.svg")}
      </Button>
      <Button variant="default" size="xs" onClick={() => void png()}>
        {t("explain.png")}
      </Button>
      {trouble !== null && (
        <Text size="sm" role="alert">
          {trouble}
        </Text>
      )}
    </>
  );
}

/** Hands a file to the reader. The name keeps what no file system takes out. */
function download(content: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name.replace(/[^\w.@+-]/g, "_");
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
