import { Button, Code, CopyButton, Group, Modal, Stack, Text } from "@mantine/core";
import { useT } from "../../i18n/i18n.tsx";
import { visible } from "../../parts/text.tsx";

/** A new token. It stays until somebody says they have it: a click beside it must not lose it. */
export function ShownOnce({ name, token, close }: { readonly name: string; readonly token: string; readonly close: () => void }) {
  const t = useT();
  return (
    <Modal
      opened
      onClose={close}
      title={t("access.tokens.shown.title", { name: visible(name) })}
      size="lg"
      closeOnClickOutside={false}
      closeOnEscape={false}
      withCloseButton={false}
    >
      <Stack>
        <Text>{t("access.tokens.shown.text")}</Text>
        <Code
          display="block"
          fz="sm"
          p="sm"
          className="address"
          role="textbox"
          aria-readonly="true"
          tabIndex={0}
          aria-label={t("access.tokens.shown.label")}
        >
          {token}
        </Code>
        <Group justify="flex-end">
          <CopyButton value={token}>
            {({ copied, copy }) => (
              <Button variant="default" onClick={copy} data-autofocus>
                {copied ? t("action.copied") : t("action.copy")}
              </Button>
            )}
          </CopyButton>
          <Button onClick={close}>{t("access.tokens.shown.close")}</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
