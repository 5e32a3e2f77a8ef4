/** A question before something goes: it names the thing and what it reaches; the way back has the focus. */
import { Button, Group, Modal, Stack } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { useT } from "../i18n/i18n.tsx";
import { Failure } from "./failure.tsx";

type Props = {
  readonly title: string;
  readonly children: ReactNode;
  /** The verb on the button. */
  readonly verb: string;
  readonly close: () => void;
  /** Closes when it is done; what it rejects with is shown. */
  readonly act: () => Promise<unknown>;
  readonly disabled?: boolean;
};

export function Confirm({ title, children, verb, close, act, disabled = false }: Props) {
  const t = useT();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const go = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      await act();
      close();
    } catch (refused) {
      setError(refused);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal opened onClose={close} title={title} closeButtonProps={{ "aria-label": t("action.close") }}>
      <Stack>
        {children}
        {error !== null && <Failure error={error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close} data-autofocus>
            {t("action.cancel")}
          </Button>
          <Button color="red" onClick={() => void go()} loading={busy} disabled={disabled}>
            {verb}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
