/** What would be different with other targets: the change is rehearsed by the server, explained, and dropped. */
import { Button, Group, Popover, Stack, Textarea } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { api, body } from "../../api.ts";
import type { Explanation } from "../../explain/explanation.ts";
import { useT } from "../../i18n/i18n.tsx";
import { Failure } from "../../parts/failure.tsx";
import { pasted } from "../../parts/pasted.ts";
import { useMay } from "../../shell/session.tsx";

type Props = {
  readonly address: string;
  readonly from: string | undefined;
  readonly explanation: Explanation;
  readonly draft: Explanation | undefined;
  readonly setDraft: (draft: Explanation | undefined) => void;
};

export function Draft({ address, from, explanation, draft, setDraft }: Props) {
  const t = useT();
  const mayEdit = useMay("aliases.edit");
  const [opened, setOpened] = useState(false);
  const [targets, setTargets] = useState(() => targetsIn(explanation).join("\n"));
  const [error, setError] = useState<unknown>(null);
  const compare = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setError(null);
    try {
      setDraft(
        await body(api.explain.$post({ json: { address, ...(from !== undefined && { from }), draft: { targets: pasted(targets) } } })),
      );
      setOpened(false);
    } catch (refused) {
      setError(refused);
    }
  };
  if (!mayEdit || explanation.nodes[0]?.kind !== "alias") return null;
  return (
    <>
      <Popover opened={opened} onChange={setOpened} width={340} trapFocus position="bottom-start">
        <Popover.Target>
          <Button variant="default" size="xs" onClick={() => setOpened(!opened)}>
            {t("explain.draft")}
          </Button>
        </Popover.Target>
        <Popover.Dropdown>
          <form onSubmit={(event) => void compare(event)}>
            <Stack gap="sm">
              <Textarea
                label={t("addresses.field.targets")}
                description={t("explain.draft.hint")}
                value={targets}
                onChange={(event) => setTargets(event.currentTarget.value)}
                autosize
                minRows={3}
              />
              {error !== null && <Failure error={error} />}
              <Group justify="flex-end">
                <Button type="submit" size="xs">
                  {t("explain.draft.compare")}
                </Button>
              </Group>
            </Stack>
          </form>
        </Popover.Dropdown>
      </Popover>
      {draft !== undefined && (
        <Button variant="default" size="xs" onClick={() => setDraft(undefined)}>
          {t("explain.draft.drop")}
        </Button>
      )}
    </>
  );
}

/** Where the asked address leads in one step. */
function targetsIn({ hops, nodes }: Explanation): readonly string[] {
  return hops.filter(({ from }) => from === 0).flatMap(({ to }) => nodes[to]?.address ?? []);
}
