/** A password for each device, and what to type into a mail program. */
import { Alert, Button, Code, CopyButton, Group, Stack, Text, TextInput } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, body } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { Failure } from "../../parts/failure.tsx";
import { Empty } from "../../parts/page.tsx";
import { visible } from "../../parts/text.tsx";
import { useConfirmed } from "./confirm.tsx";
import { Programs } from "./programs.tsx";
import { Item, SelfPage, useDay, Waiting } from "./self-page.tsx";

const KEY = ["me", "app-passwords"] as const;

export function AppPasswords() {
  const t = useT();
  const passwords = useQuery({ queryKey: KEY, queryFn: () => body(api.me["app-passwords"].$get()) });
  return (
    <SelfPage title={t("nav.appPasswords")} about={t("devices.about")}>
      {passwords.isPending && <Waiting />}
      {passwords.isError && <Failure error={passwords.error} retry={() => void passwords.refetch()} />}
      {passwords.data?.possible === false && <Empty title={t("devices.impossible")}>{t("devices.impossible.text")}</Empty>}
      {passwords.data?.possible === true && (
        <Stack gap="xl">
          {passwords.data.items.length === 0 && <Text>{t("devices.none")}</Text>}
          {passwords.data.items.map((password) => (
            <Password key={password.id} {...password} />
          ))}
          <Make />
          <Programs />
        </Stack>
      )}
    </SelfPage>
  );
}

type PasswordProps = { readonly id: number; readonly device: string; readonly created_at: string; readonly last_used_at: string | null };

function Password({ id, device, created_at, last_used_at }: PasswordProps) {
  const t = useT();
  const day = useDay();
  const confirmed = useConfirmed();
  const name = visible(device);
  const remove = (): void =>
    confirmed(
      {
        title: t("devices.remove.title", { device: name }),
        text: t("devices.remove.text", { device: name }),
        button: t("devices.remove"),
        done: t("devices.removed", { device: name }),
      },
      () => body(api.me["app-passwords"][":id"].$delete({ param: { id: String(id) }, query: {} })),
    );
  return (
    <Item>
      <Group justify="space-between">
        <Stack gap={2}>
          <Text fw={600} className="address">
            {name}
          </Text>
          <Text size="sm" c="dimmed">
            {t("devices.since", { date: day(created_at) })} ·{" "}
            {last_used_at === null ? t("devices.unused") : t("devices.used", { date: day(last_used_at) })}
          </Text>
        </Stack>
        <Button variant="default" onClick={remove} aria-label={t("devices.remove.label", { device: name })}>
          {t("devices.remove")}
        </Button>
      </Group>
    </Item>
  );
}

/** The new password stays on the screen until its owner says that it is typed in; it is nowhere else. */
function Make() {
  const t = useT();
  const queries = useQueryClient();
  const [device, setDevice] = useState("");
  const [made, setMade] = useState<{ readonly device: string; readonly password: string } | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      setMade(await body(api.me["app-passwords"].$post({ query: {}, json: { device } })));
      setDevice("");
      await queries.invalidateQueries({ queryKey: KEY });
    } catch (refused) {
      setError(refused);
    } finally {
      setBusy(false);
    }
  };
  if (made !== null)
    return (
      <Alert variant="outline" color="gray" title={t("devices.made.title", { device: visible(made.device) })} role="status">
        <Stack gap="sm" align="flex-start">
          <Text size="sm">{t("devices.made.text")}</Text>
          <Code fz="lg" data-password>
            {made.password}
          </Code>
          <Group gap="xs">
            <CopyButton value={made.password}>
              {({ copied, copy }) => (
                <Button variant="default" onClick={copy}>
                  {copied ? t("action.copied") : t("action.copy")}
                </Button>
              )}
            </CopyButton>
            <Button onClick={() => setMade(null)}>{t("devices.made.done")}</Button>
          </Group>
        </Stack>
      </Alert>
    );
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack>
        <TextInput
          label={t("devices.device")}
          description={t("devices.device.hint")}
          value={device}
          onChange={(event) => setDevice(event.currentTarget.value)}
          maxLength={100}
          required
        />
        <div aria-live="polite">{error !== null && <Failure error={error} />}</div>
        <Group>
          <Button type="submit" loading={busy}>
            {t("devices.make")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
