/** What DNS says of a domain beside what it should say, with the records to publish. */
import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { InferResponseType } from "hono/client";
import { type FormEvent, useEffect, useState } from "react";
import { api, body } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import type { Key } from "../../i18n/messages.ts";
import { CopyText } from "../../parts/copy.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Failure } from "../../parts/failure.tsx";
import { Status } from "../../parts/status.tsx";
import { Time, visible } from "../../parts/text.tsx";
import { Section } from "./section.tsx";

type Finding = InferResponseType<(typeof api.domains)[":domain"]["check"]["$post"], 200>["items"][number];

const TONES = { good: "good", warn: "warn", bad: "bad", unknown: "note" } as const;

export function DnsCheck({ domain }: { readonly domain: string }) {
  const t = useT();
  const [selector, setSelector] = useState("");
  const check = useMutation({
    mutationFn: () =>
      body(api.domains[":domain"].check.$post({ param: { domain }, json: { selectors: selector.trim() === "" ? [] : [selector.trim()] } })),
  });
  const { mutate } = check;
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each domain that is looked at
  useEffect(() => mutate(), [domain]);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    mutate();
  };
  return (
    <Section title={t("domains.dns")} about={t("domains.dns.about", { hostname: check.data?.hostname ?? "…" })}>
      <form onSubmit={submit}>
        <Group align="flex-end" gap="xs">
          <TextInput
            size="xs"
            label={t("domains.dns.selector")}
            placeholder="s2026"
            value={selector}
            onChange={(event) => setSelector(event.currentTarget.value)}
          />
          <Button size="xs" variant="default" type="submit" loading={check.isPending}>
            {t("domains.dns.again")}
          </Button>
          {check.data !== undefined && (
            <Text size="sm" c="dimmed" aria-live="polite">
              {t("domains.dns.at")} <Time at={check.data.checked_at} withSeconds />
            </Text>
          )}
        </Group>
      </form>
      {check.isError && <Failure error={check.error} retry={() => mutate()} />}
      {check.data !== undefined && (
        <DataTable
          caption={t("domains.dns")}
          columns={columnsFor(t)}
          rows={check.data.items}
          keyOf={({ record }) => record}
          dimmed={check.isPending}
        />
      )}
    </Section>
  );
}

/** A record's own verdicts, or one that all can have. */
const verdict = (record: Finding["record"], code: string): Key =>
  code === "unavailable" ? "domains.dns.code.unavailable" : (`domains.dns.code.${record}.${code}` as Key);

const columnsFor = (t: ReturnType<typeof useT>): readonly Column<Finding>[] => [
  { key: "record", header: t("domains.dns.record"), cell: ({ record }) => t(`domains.dns.record.${record}`) },
  {
    key: "state",
    header: t("domains.dns.state"),
    cell: ({ record, state, code }) => (
      <Stack gap={4} align="flex-start">
        <Status tone={TONES[state]}>{t(`domains.dns.state.${state}`)}</Status>
        <Text size="sm">{t(verdict(record, code))}</Text>
      </Stack>
    ),
  },
  {
    key: "found",
    header: t("domains.dns.found"),
    cell: ({ found }) =>
      found.length === 0 ? (
        "–"
      ) : (
        <Stack gap={4}>
          {found.map((text) => (
            <Text key={text} size="sm" ff="monospace" className="breakable">
              {visible(text)}
            </Text>
          ))}
        </Stack>
      ),
  },
  {
    key: "publish",
    header: t("domains.dns.publish"),
    cell: ({ record, publish }) =>
      publish === null ? "–" : <CopyText label={t(`domains.dns.record.${record}`)} text={recordLine(publish)} />,
  },
];

/** As it stands in a zone file. */
const recordLine = ({ name, type, value }: NonNullable<Finding["publish"]>): string =>
  `${name}. IN ${type} ${type === "TXT" ? `"${value}"` : value}`;
