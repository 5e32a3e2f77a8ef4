/** A form in a window of its own: it stays open with the reason when the server refuses. */
import { Button, Group, Modal, Stack } from "@mantine/core";
import { type FormEvent, type ReactNode, useState } from "react";
import { useT } from "../../i18n/i18n.tsx";
import { Failure } from "../../parts/failure.tsx";

export function Dialog({
  title,
  save,
  danger = false,
  submit,
  close,
  children,
}: {
  readonly title: string;
  readonly save: string;
  /** It takes something away: the safe button has the focus. */
  readonly danger?: boolean;
  readonly submit: () => Promise<unknown>;
  readonly close: () => void;
  readonly children: ReactNode;
}) {
  const t = useT();
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const onSubmit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await submit();
      close();
    } catch (refused) {
      setError(refused);
      setBusy(false);
    }
  };
  return (
    <Modal opened onClose={close} title={title} size="lg" closeButtonProps={{ "aria-label": t("action.close") }}>
      <form onSubmit={(event) => void onSubmit(event)}>
        <Stack>
          {children}
          <div aria-live="polite">{error !== null && <Failure error={error} />}</div>
          <Group justify="flex-end">
            <Button variant="default" onClick={close} {...(danger && { "data-autofocus": true })}>
              {t("action.cancel")}
            </Button>
            <Button type="submit" loading={busy} {...(danger && { color: "red" })}>
              {save}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
