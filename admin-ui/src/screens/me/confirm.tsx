/** Asking before something is done that others feel: the thing is named, and the safe button has the focus. */
import { Text } from "@mantine/core";
import { modals } from "@mantine/modals";
import { notifications } from "@mantine/notifications";
import { ApiError } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { useChange, type Written } from "../../parts/change.tsx";
import { Failure } from "../../parts/failure.tsx";

type Question = { readonly title: string; readonly text: string; readonly button: string; readonly done: string };

/** Makes a change at once; what the server refuses is said where it cannot be missed. */
export function useTry(): (write: () => Promise<Written>, done: string) => Promise<void> {
  const change = useChange();
  return async (write, done) => {
    try {
      await change(write, done);
    } catch (error) {
      notifications.show({ color: "red", autoClose: false, message: <Failure error={error} />, withBorder: false });
      if (!(error instanceof ApiError)) throw error;
    }
  };
}

export function useConfirmed(): (question: Question, write: () => Promise<Written>) => void {
  const t = useT();
  const attempt = useTry();
  return ({ title, text, button, done }, write) =>
    void modals.openConfirmModal({
      title,
      children: <Text size="sm">{text}</Text>,
      labels: { confirm: button, cancel: t("action.cancel") },
      cancelProps: { "data-autofocus": true },
      closeButtonProps: { "aria-label": t("action.close") },
      onConfirm: () => void attempt(write, done),
    });
}
