/** Where mail for an address comes to, in one sentence. */
import { Anchor, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useT } from "../../i18n/i18n.tsx";
import { visible } from "../../parts/text.tsx";
import { readReach } from "./entry-api.ts";

export const useReach = (address: string) => useQuery({ queryKey: ["reach", address], queryFn: () => readReach(address) });

export function ReachSentence({ address }: { readonly address: string }) {
  const t = useT();
  const reach = useReach(address);
  if (reach.isPending) return <Text span>{t("entry.reach.asking")}</Text>;
  if (reach.isError) return <Text span>{t("entry.reach.failed")}</Text>;
  const { verdict, mailboxes, dead_ends, unanswered } = reach.data;
  const name = visible(address);
  return (
    <>
      {verdict.code >= 500
        ? t("entry.reach.refused", { address: name, code: verdict.code, text: visible(verdict.text) })
        : verdict.code >= 400
          ? t("entry.reach.waits", { address: name, text: visible(verdict.text) })
          : t("entry.reach", { address: name, mailboxes, dead: dead_ends })}
      {unanswered > 0 && ` ${t("entry.reach.unanswered", { count: unanswered })}`}{" "}
      <Anchor component={Link} underline="always" to={`/explain?address=${encodeURIComponent(address)}`}>
        {t("entry.explain")}
      </Anchor>
    </>
  );
}
