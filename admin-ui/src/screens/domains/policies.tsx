/** Who may forward off campus. */
import { Button, Group, Modal, SegmentedControl, Stack, Text, TextInput, Title } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import type { InferResponseType } from "hono/client";
import { type FormEvent, useState } from "react";
import { api, body, reasonHeader } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { useChange } from "../../parts/change.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Failure } from "../../parts/failure.tsx";
import { Status } from "../../parts/status.tsx";
import { visible } from "../../parts/text.tsx";
import { Warnings } from "../../parts/warnings.tsx";
import { useSession } from "../../shell/session.tsx";

type Policy = InferResponseType<typeof api.policies.$get, 200>["items"][number];

export function Policies() {
  const t = useT();
  const mayEdit = useSession().may["domains.edit"] === "all";
  const [open, setOpen] = useState<Pick<Policy, "affiliation" | "off_campus"> | null>(null);
  const found = useQuery({ queryKey: ["policies"], queryFn: () => body(api.policies.$get()) });
  const columns: readonly Column<Policy>[] = [
    { key: "affiliation", header: t("domains.policy.affiliation"), cell: ({ affiliation }) => visible(affiliation) },
    {
      key: "off_campus",
      header: t("domains.policy.offCampus"),
      cell: ({ off_campus }) => (
        <Status tone={off_campus ? "good" : "note"}>{t(off_campus ? "domains.policy.allowed" : "domains.policy.forbidden")}</Status>
      ),
    },
    {
      key: "addresses",
      header: t("domains.column.addresses"),
      align: "right",
      cell: ({ addresses }) => (addresses === null ? "–" : t("domains.count", { count: addresses })),
    },
    {
      key: "actions",
      header: t("domains.column.actions"),
      cell: (policy) => (
        <Button
          size="compact-sm"
          variant="default"
          onClick={() => setOpen(policy)}
          aria-label={`${t("action.edit")}: ${policy.affiliation}`}
        >
          {t("action.edit")}
        </Button>
      ),
    },
  ];
  return (
    <Stack gap="xs">
      <Group justify="space-between">
        <Title order={2} size="h4">
          {t("domains.policies")}
        </Title>
        {mayEdit && (
          <Button variant="default" size="xs" onClick={() => setOpen({ affiliation: "", off_campus: false })}>
            {t("domains.policy.new")}
          </Button>
        )}
      </Group>
      <Text size="sm" c="dimmed">
        {t("domains.policies.about")}
      </Text>
      {found.isError && <Failure error={found.error} retry={() => void found.refetch()} />}
      {found.data !== undefined &&
        (found.data.items.length === 0 ? (
          <Text size="sm">{t("domains.policies.none")}</Text>
        ) : (
          <DataTable
            caption={t("domains.policies")}
            columns={mayEdit ? columns : columns.slice(0, 3)}
            rows={found.data.items}
            keyOf={({ affiliation }) => affiliation}
          />
        ))}
      {open !== null && <EditPolicy policy={open} close={() => setOpen(null)} />}
    </Stack>
  );
}

/** What it would stop is said before it is saved: the same change, rehearsed. */
function EditPolicy({ policy, close }: { readonly policy: Pick<Policy, "affiliation" | "off_campus">; readonly close: () => void }) {
  const t = useT();
  const change = useChange();
  const [affiliation, setAffiliation] = useState(policy.affiliation);
  const [allowed, setAllowed] = useState(policy.off_campus);
  const [why, setWhy] = useState("");
  const request = { param: { affiliation: affiliation.trim() }, json: { off_campus: allowed } };
  const rehearsal = useQuery({
    queryKey: ["rehearsed", "policy", request],
    enabled: affiliation.trim() !== "",
    retry: false,
    queryFn: () => body(api.policies[":affiliation"].$put({ ...request, query: { dry_run: "true" } })),
  });
  const save = useMutation({
    mutationFn: () =>
      change(
        () => body(api.policies[":affiliation"].$put({ ...request, query: {} }, { headers: reasonHeader(why) })),
        t("domains.policy.saved", { affiliation: affiliation.trim() }),
      ),
    onSuccess: close,
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <Modal opened onClose={close} title={t("domains.policy.title")} closeButtonProps={{ "aria-label": t("action.close") }}>
      <form onSubmit={submit}>
        <Stack>
          <TextInput
            label={t("domains.policy.affiliation")}
            placeholder="staff"
            value={affiliation}
            onChange={(event) => setAffiliation(event.currentTarget.value)}
            readOnly={policy.affiliation !== ""}
            required
          />
          <SegmentedControl
            aria-label={t("domains.policy.offCampus")}
            value={allowed ? "allowed" : "forbidden"}
            onChange={(value) => setAllowed(value === "allowed")}
            data={(["allowed", "forbidden"] as const).map((value) => ({ value, label: t(`domains.policy.${value}`) }))}
          />
          <TextInput
            label={t("action.reason")}
            description={t("action.reason.hint")}
            value={why}
            onChange={(event) => setWhy(event.currentTarget.value)}
          />
          <div aria-live="polite">
            {rehearsal.data !== undefined && <Warnings texts={rehearsal.data.warnings} />}
            {rehearsal.isError && !save.isError && <Failure error={rehearsal.error} />}
            {save.isError && <Failure error={save.error} />}
          </div>
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {t("action.cancel")}
            </Button>
            <Button type="submit" loading={save.isPending}>
              {t("action.save")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
