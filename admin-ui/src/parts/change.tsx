/** Making changes: what was done is said, and can be undone for ten seconds here and later from the audit. */
import { Button, Group, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useCallback } from "react";
import { ApiError, api, body } from "../api.ts";
import { useT } from "../i18n/i18n.tsx";
import { useMay } from "../shell/session.tsx";

/** What every write answers. */
export type Written = { readonly changed: boolean; readonly change_no: number | null; readonly warnings: readonly string[] };

/** How long a change can be undone where it was made. */
const UNDO_MS = 10_000;

/** Runs a write, tells what came of it with a button to undo it, and has all lists read anew. Rejects with what the server refused. */
export function useChange(): <Answer extends Written>(write: () => Promise<Answer>, done: string) => Promise<Answer> {
  const t = useT();
  const queries = useQueryClient();
  const mayUndo = useMay("changes.undo");
  const navigate = useNavigate();
  return useCallback(
    async (write, done) => {
      const readAnew = () => queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== "session" });
      const written = await write();
      await readAnew();
      const id = crypto.randomUUID();
      const tell = (color: string, text: string): void =>
        void notifications.show({ color, message: text, closeButtonProps: { "aria-label": t("action.close") } });
      const undo = async (changeNo: number): Promise<void> => {
        notifications.hide(id);
        try {
          await body(api.changes[":id"].revert.$post({ param: { id: String(changeNo) }, query: {}, json: {} }));
          await readAnew();
          tell("green", t("action.undone"));
        } catch (refused) {
          const inTheWay = refused instanceof ApiError && refused.kind === "later-edits";
          if (inTheWay) await navigate({ to: `/changes/${changeNo}?undo=1` });
          else
            tell("red", refused instanceof ApiError ? [refused.message, refused.problem.hint].filter(Boolean).join(". ") : String(refused));
        }
      };
      const { changed, change_no: changeNo, warnings } = written;
      notifications.show({
        id,
        autoClose: UNDO_MS,
        color: warnings.length > 0 ? "yellow" : "green",
        closeButtonProps: { "aria-label": t("action.close") },
        message: (
          <Done
            text={changed ? done : t("action.nothing")}
            warnings={warnings}
            undo={changed && changeNo !== null && mayUndo ? () => void undo(changeNo) : null}
          />
        ),
      });
      return written;
    },
    [queries, t, mayUndo, navigate],
  );
}

type DoneProps = { readonly text: string; readonly warnings: readonly string[]; readonly undo: (() => void) | null };

function Done({ text, warnings, undo }: DoneProps) {
  const t = useT();
  return (
    <Group justify="space-between" wrap="nowrap">
      <Stack gap={2}>
        <Text size="sm">{text}</Text>
        {warnings.map((warning) => (
          <Text size="sm" key={warning}>
            {warning}
          </Text>
        ))}
      </Stack>
      {undo !== null && (
        <Button size="xs" variant="default" onClick={undo} miw="auto">
          {t("action.undo")}
        </Button>
      )}
    </Group>
  );
}
