/** Giving roles and taking them back. */
import { NativeSelect, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { api, body, reasonHeader } from "../../api.ts";
import { type Translate, useT } from "../../i18n/i18n.tsx";
import { useChange } from "../../parts/change.tsx";
import { visible } from "../../parts/text.tsx";
import { useSession } from "../../shell/session.tsx";
import { Dialog } from "./dialog.tsx";
import type { Grant } from "./people.tsx";

type RoleName = Grant["role"];
const OF_A_DOMAIN: readonly RoleName[] = ["department-admin", "helpdesk"];
const EVERYWHERE: readonly RoleName[] = ["auditor", "superadmin"];

const roleText = (t: Translate, { role, domain }: Pick<Grant, "role" | "domain">): string =>
  domain === null ? t(`access.role.${role}`) : t("access.role.in", { role: t(`access.role.${role}`), domain: visible(domain) });

/** A role in words. */
export function useRoleText(): (grant: Pick<Grant, "role" | "domain">) => string {
  const t = useT();
  return (grant) => roleText(t, grant);
}

/** `who` empty: whoever is typed. */
export function GiveRole({ who, close }: { readonly who: string; readonly close: () => void }) {
  const t = useT();
  const change = useChange();
  const { may, grants } = useSession();
  const roles = may["access.edit"] === "all" ? [...OF_A_DOMAIN, ...EVERYWHERE] : OF_A_DOMAIN;
  const ownDomain = grants.find(({ role, domain }) => role === "department-admin" && domain !== null)?.domain ?? "";
  const [fields, setFields] = useState({ who, role: "helpdesk" as RoleName, domain: ownDomain, ends: "", why: "" });
  const set = (name: keyof typeof fields) => (event: { readonly currentTarget: { readonly value: string } }) =>
    setFields({ ...fields, [name]: event.currentTarget.value });
  const domain = OF_A_DOMAIN.includes(fields.role) ? fields.domain.trim() : null;
  const submit = () =>
    change(
      () =>
        body(
          api.users[":principal"].roles[":role"].$put(
            {
              param: { principal: encodeURIComponent(fields.who.trim()), role: fields.role },
              query: {},
              json: { ...(domain !== null && { domain }), ...(fields.ends !== "" && { ends: fields.ends }) },
            },
            { headers: reasonHeader(fields.why) },
          ),
        ),
      t("access.give.done", { who: visible(fields.who.trim()), role: roleText(t, { role: fields.role, domain }) }),
    );
  return (
    <Dialog
      title={who === "" ? t("access.give.title") : t("access.give.to", { who: visible(who) })}
      save={t("access.give.save")}
      submit={submit}
      close={close}
    >
      {who === "" && (
        <TextInput
          label={t("access.give.who")}
          description={t("access.give.who.hint")}
          placeholder="ldap:alee"
          value={fields.who}
          onChange={set("who")}
          required
          autoCapitalize="none"
          spellCheck={false}
          data-autofocus
        />
      )}
      <NativeSelect
        label={t("access.give.role")}
        description={t(`access.role.about.${fields.role}`)}
        value={fields.role}
        onChange={set("role")}
        data={roles.map((role) => ({ value: role, label: t(`access.role.${role}`) }))}
      />
      {domain !== null && (
        <TextInput
          label={t("access.give.domain")}
          placeholder="cs.campus.example"
          value={fields.domain}
          onChange={set("domain")}
          required
          autoCapitalize="none"
          spellCheck={false}
        />
      )}
      <TextInput
        type="date"
        label={t("access.give.ends")}
        description={t("access.give.ends.hint")}
        value={fields.ends}
        onChange={set("ends")}
      />
      <TextInput label={t("action.reason")} description={t("action.reason.hint")} value={fields.why} onChange={set("why")} />
      <Text size="sm" c="dimmed">
        {t("access.give.signedOut")}
      </Text>
    </Dialog>
  );
}

export function RevokeRole({ who, grant, close }: { readonly who: string; readonly grant: Grant; readonly close: () => void }) {
  const t = useT();
  const change = useChange();
  const values = { who: visible(who), role: roleText(t, grant) };
  const submit = () =>
    change(
      () =>
        body(
          api.users[":principal"].roles[":role"].$delete({
            param: { principal: encodeURIComponent(who), role: grant.role },
            query: grant.domain === null ? {} : { domain: grant.domain },
          }),
        ),
      t("access.revoke.done", values),
    );
  return (
    <Dialog title={t("access.revoke.title")} save={t("access.revoke.confirm")} danger submit={submit} close={close}>
      <Text>{t("access.revoke.text", values)}</Text>
    </Dialog>
  );
}
