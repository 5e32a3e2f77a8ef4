/** Local accounts: made, given a new password, removed. */
import { PasswordInput, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { api, body } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { useChange } from "../../parts/change.tsx";
import { Dialog } from "./dialog.tsx";

export function NewAccount({ close }: { readonly close: () => void }) {
  const t = useT();
  const change = useChange();
  const [login, setLogin] = useState("");
  const [password, setPassword] = useState("");
  const submit = () =>
    change(
      () => body(api.users.$post({ json: { login: login.trim(), password }, query: {} })),
      t("access.account.done", { login: login.trim() }),
    );
  return (
    <Dialog title={t("access.account.new")} save={t("access.account.save")} submit={submit} close={close}>
      <TextInput
        label={t("access.account.login")}
        description={t("access.account.login.hint")}
        value={login}
        onChange={(event) => setLogin(event.currentTarget.value)}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        required
        data-autofocus
      />
      <NewPassword value={password} set={setPassword} />
    </Dialog>
  );
}

type About = { readonly login: string; readonly close: () => void };

export function SetPassword({ login, close }: About) {
  const t = useT();
  const change = useChange();
  const [password, setPassword] = useState("");
  const submit = () =>
    change(
      () => body(api.users[":login"].password.$post({ param: { login }, json: { password }, query: {} })),
      t("access.account.setPassword.done", { login }),
    );
  return (
    <Dialog title={t("access.account.setPassword", { login })} save={t("access.account.setPassword.save")} submit={submit} close={close}>
      <NewPassword value={password} set={setPassword} />
    </Dialog>
  );
}

function NewPassword({ value, set }: { readonly value: string; readonly set: (password: string) => void }) {
  const t = useT();
  return (
    <PasswordInput
      label={t("access.account.password")}
      description={t("access.account.password.hint")}
      value={value}
      onChange={(event) => set(event.currentTarget.value)}
      autoComplete="new-password"
      minLength={12}
      required
    />
  );
}

export function RemoveAccount({ login, close }: About) {
  const t = useT();
  const change = useChange();
  const submit = () =>
    change(() => body(api.users[":login"].$delete({ param: { login }, query: {} })), t("access.account.remove.done", { login }));
  return (
    <Dialog title={t("access.account.remove.title")} save={t("access.account.remove.short")} danger submit={submit} close={close}>
      <Text>{t("access.account.remove.text", { login })}</Text>
    </Dialog>
  );
}
