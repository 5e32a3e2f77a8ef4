/** Undoing a change: what it would do to mail, and for whatever was edited since whether that stays. */
import { Button, Checkbox, Group, Loader, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { ApiError, api, body, reasonHeader } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { useChange } from "../../parts/change.tsx";
import { ChangePreview } from "../../parts/change-preview.tsx";
import { Failure } from "../../parts/failure.tsx";
import { Address, Time, visible } from "../../parts/text.tsx";

/** A later edit, as the server tells it with 409. */
type Conflict = {
  readonly key: string;
  readonly member: string;
  readonly by: string;
  readonly at: string | null;
  readonly action: string | null;
  readonly change_no: number | null;
};
type Conflicts = { readonly conflicts: readonly Conflict[]; readonly conflict_count: number };

const conflictsIn = (error: unknown): Conflicts | null =>
  error instanceof ApiError && error.kind === "later-edits" ? (error.problem as unknown as Conflicts) : null;

export function UndoDialog({ changeNo, close }: { readonly changeNo: number; readonly close: () => void }) {
  const t = useT();
  const change = useChange();
  const [overwritten, setOverwritten] = useState<ReadonlySet<string>>(new Set());
  const [why, setWhy] = useState("");
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const param = { id: String(changeNo) };
  const first = useQuery({
    queryKey: ["rehearsed", "undo", changeNo],
    retry: false,
    queryFn: () => body(api.changes[":id"].revert.$post({ param, query: { dry_run: "true" }, json: {} })),
  });
  const later = conflictsIn(first.error);
  const keys = [...new Set(later?.conflicts.map(({ key }) => key))];
  const undo = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    const isAll = later !== null && overwritten.size === keys.length && later.conflict_count <= later.conflicts.length;
    const overwrite = later === null ? ("none" as const) : isAll ? ("all" as const) : [...overwritten];
    try {
      await change(
        () => body(api.changes[":id"].revert.$post({ param, query: {}, json: { overwrite } }, { headers: reasonHeader(why) })),
        t("changes.undone", { no: String(changeNo) }),
      );
      close();
    } catch (refused) {
      setError(refused);
    } finally {
      setBusy(false);
    }
  };
  const toggle = (key: string, on: boolean): void => {
    const next = new Set(overwritten);
    if (on) next.add(key);
    else next.delete(key);
    setOverwritten(next);
  };
  const isPossible = later !== null || (first.data !== undefined && first.data.preview?.refusal == null);
  return (
    <Modal
      opened
      onClose={close}
      title={t("changes.undo.title", { no: String(changeNo) })}
      size="lg"
      closeButtonProps={{ "aria-label": t("action.close") }}
    >
      <Stack>
        <div aria-live="polite">
          {first.isPending && <Loader role="status" aria-label={t("page.loading")} />}
          {first.isError && later === null && <Failure error={first.error} />}
          {first.data?.preview != null && <ChangePreview preview={first.data.preview} />}
        </div>
        {later !== null && (
          <div>
            <Text>{t("changes.conflicts", { count: later.conflict_count })}</Text>
            <Stack gap="xs" mt="xs">
              {keys.map((key) => (
                <Conflicting
                  key={key}
                  name={key}
                  edits={later.conflicts.filter((one) => one.key === key)}
                  overwritten={overwritten.has(key)}
                  choose={(on) => toggle(key, on)}
                />
              ))}
            </Stack>
          </div>
        )}
        {isPossible && (
          <TextInput
            label={t("action.reason")}
            description={t("action.reason.hint")}
            value={why}
            onChange={(event) => setWhy(event.currentTarget.value)}
          />
        )}
        {error !== null && <Failure error={error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close} data-autofocus>
            {t("action.cancel")}
          </Button>
          <Button onClick={() => void undo()} loading={busy} disabled={!isPossible}>
            {later === null
              ? t("action.undo")
              : t("changes.undo.overwriting", { count: overwritten.size, kept: keys.length - overwritten.size })}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

function Conflicting({
  name,
  edits,
  overwritten,
  choose,
}: {
  readonly name: string;
  readonly edits: readonly Conflict[];
  readonly overwritten: boolean;
  readonly choose: (on: boolean) => void;
}) {
  const t = useT();
  return (
    <div>
      <Text component="div" fw={600}>
        <Address>{name}</Address>
      </Text>
      {edits.map(({ member, by, at, action, change_no }) => (
        <Text size="sm" component="div" key={`${member} ${change_no}`}>
          {member !== "" && <>{visible(member)}: </>}
          {t("changes.conflict.by", { by: visible(by), action: action ?? t("changes.byHand") })} <Time at={at} />
        </Text>
      ))}
      <Checkbox
        mt={4}
        label={t("changes.conflict.overwrite", { name: visible(name) })}
        checked={overwritten}
        onChange={(event) => choose(event.currentTarget.checked)}
      />
    </div>
  );
}
