/** Letting come true what the guard held back: what would go is asked for anew and shown first. */
import { Code, Loader, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { api, body } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { useChange } from "../../parts/change.tsx";
import { Confirm } from "../../parts/confirm.tsx";
import { Failure } from "../../parts/failure.tsx";
import { visible } from "../../parts/text.tsx";
import type { Source } from "./directory.tsx";

export function Accept({
  id,
  frozen,
  close,
}: {
  readonly id: string;
  readonly frozen: Source["frozen"][number];
  readonly close: () => void;
}) {
  const t = useT();
  const change = useChange();
  const json = (lost: number) => ({ ...(!frozen.is_whole && { address: frozen.address }), expected_lost: lost });
  const found = useQuery({
    queryKey: ["rehearsed", "accept", id, frozen.address],
    staleTime: 0,
    retry: false,
    queryFn: () => body(api.directories[":id"].accept.$post({ param: { id }, json: json(frozen.lost), query: { dry_run: "true" } })),
  });
  const lost = found.data?.lost ?? 0;
  return (
    <Confirm
      title={t("directory.accept.title", { source: visible(id) })}
      verb={t("directory.accept")}
      close={close}
      disabled={found.data === undefined}
      act={() =>
        change(
          () => body(api.directories[":id"].accept.$post({ param: { id }, json: json(lost), query: {} })),
          t("directory.accepted", { source: id }),
        )
      }
    >
      {found.isPending && <Loader size="sm" aria-label={t("page.loading")} />}
      {found.isError && <Failure error={found.error} retry={() => void found.refetch()} />}
      {found.data !== undefined && (
        <Stack gap="xs">
          <Text size="sm">{t(frozen.is_whole ? "directory.accept.whole" : "directory.accept.group", { count: lost })}</Text>
          {found.data.names.length > 0 && (
            <Code block className="breakable">
              {found.data.names.map(visible).join("\n")}
              {lost > found.data.names.length && "\n…"}
            </Code>
          )}
        </Stack>
      )}
    </Confirm>
  );
}
