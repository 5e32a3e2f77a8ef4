/** One's own second factor: set up, and taken away again. */
import { Alert, Anchor, Button, Code, Group, Loader, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useState } from "react";
import { api, body } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { useChange } from "../../parts/change.tsx";
import { Failure } from "../../parts/failure.tsx";
import { Status } from "../../parts/status.tsx";

export function SecondFactor() {
  const t = useT();
  const factor = useQuery({ queryKey: ["second-factor"], queryFn: () => body(api.me.totp.$get()) });
  if (factor.isPending) return <Loader role="status" aria-label={t("page.loading")} />;
  if (factor.isError) return <Failure error={factor.error} retry={() => void factor.refetch()} />;
  const { local, set } = factor.data;
  return (
    <Stack maw="30rem">
      <Text c="dimmed">{t("access.factor.about")}</Text>
      {local ? (
        <>
          <Group>
            {set ? <Status tone="good">{t("access.factor.on")}</Status> : <Status tone="warn">{t("access.factor.off")}</Status>}
          </Group>
          {set ? <TurnOff /> : <SetUp />}
        </>
      ) : (
        <Alert variant="outline">{t("access.factor.notLocal")}</Alert>
      )}
    </Stack>
  );
}

function SetUp() {
  const t = useT();
  const change = useChange();
  const [shown, setShown] = useState<{ readonly secret: string; readonly uri: string } | null>(null);
  if (shown === null)
    return (
      <Form
        save={t("access.factor.begin")}
        submit={async ({ password }) => setShown(await body(api.me.totp.$post({ json: { password } })))}
      >
        <Password />
      </Form>
    );
  return (
    <Form
      save={t("access.factor.confirm")}
      submit={({ code }) => change(() => body(api.me.totp.confirm.$post({ json: { code }, query: {} })), t("access.factor.confirmed"))}
    >
      <div>
        <Text size="sm" fw={500}>
          {t("access.factor.secret")}
        </Text>
        <Code display="block" fz="md" p="sm" className="address">
          {(shown.secret.match(/.{1,4}/g) ?? []).join(" ")}
        </Code>
        <Anchor href={shown.uri} size="sm">
          {t("access.factor.link")}
        </Anchor>
      </div>
      <OneTimeCode />
    </Form>
  );
}

function TurnOff() {
  const t = useT();
  const change = useChange();
  return (
    <Form
      save={t("access.factor.remove")}
      danger
      submit={(json) => change(() => body(api.me.totp.$delete({ json, query: {} })), t("access.factor.removed"))}
    >
      <Text size="sm">{t("access.factor.remove.text")}</Text>
      <Password />
      <OneTimeCode />
    </Form>
  );
}

const Password = () => <PasswordInput name="password" label={useT()("access.factor.password")} autoComplete="current-password" required />;
const OneTimeCode = () => (
  <TextInput
    name="code"
    label={useT()("access.factor.code")}
    autoComplete="one-time-code"
    inputMode="numeric"
    pattern="[0-9 ]{6,7}"
    required
  />
);

type Typed = { readonly password: string; readonly code: string };

function Form({
  save,
  danger = false,
  submit,
  children,
}: {
  readonly save: string;
  readonly danger?: boolean;
  readonly submit: (typed: Typed) => Promise<unknown>;
  readonly children: ReactNode;
}) {
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const onSubmit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string): string => (form.get(name) as string | null) ?? "";
    setBusy(true);
    setError(null);
    try {
      await submit({ password: text("password"), code: text("code") });
    } catch (refused) {
      setError(refused);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form onSubmit={(event) => void onSubmit(event)}>
      <Stack>
        {children}
        <div aria-live="polite">{error !== null && <Failure error={error} />}</div>
        <Group>
          <Button type="submit" loading={busy} {...(danger && { color: "red", variant: "outline" })}>
            {save}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
