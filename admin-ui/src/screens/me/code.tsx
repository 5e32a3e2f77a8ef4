/** The step in which the target is proved: the code of the mail, or a new mail. */
import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { useInterval } from "@mantine/hooks";
import { type FormEvent, useState } from "react";
import { api, body } from "../../api.ts";
import { useI18n } from "../../i18n/i18n.tsx";
import { useChange } from "../../parts/change.tsx";
import { Failure } from "../../parts/failure.tsx";
import { visible } from "../../parts/text.tsx";
import { useTry } from "./confirm.tsx";
import type { Forwarding } from "./forwarding-says.tsx";
import { Part } from "./self-page.tsx";

type Waiting = NonNullable<Forwarding["waiting"]>;

export function Code({ address, waiting }: { readonly address: string; readonly waiting: Waiting }) {
  const { t, language } = useI18n();
  const change = useChange();
  const [code, setCode] = useState("");
  const [error, setError] = useState<unknown>(null);
  const target = visible(waiting.target);
  const until = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(new Date(waiting.ends_at));
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setError(null);
    try {
      await change(
        () => body(api.me.forwarding.confirm.$post({ query: {}, json: { address, code } })),
        t("forwarding.confirmed", { target }),
      );
    } catch (refused) {
      setError(refused);
      setCode("");
    }
  };
  return (
    <Part title={t("forwarding.code.title")}>
      <form onSubmit={(event) => void submit(event)}>
        <Stack>
          <Text className="address">{t("forwarding.code.text", { target, until })}</Text>
          <TextInput
            name="code"
            label={t("forwarding.code")}
            {...(waiting.tries_left < 5 && { description: t("forwarding.code.tries", { tries: waiting.tries_left }) })}
            inputMode="numeric"
            autoComplete="one-time-code"
            maxLength={10}
            value={code}
            onChange={(event) => setCode(event.currentTarget.value)}
            required
            maw={200}
          />
          <div aria-live="polite">{error !== null && <Failure error={error} />}</div>
          <Group gap="xs">
            <Button type="submit">{t("forwarding.confirm")}</Button>
            <Again address={address} waiting={waiting} />
          </Group>
        </Stack>
      </form>
    </Part>
  );
}

function Again({ address, waiting }: { readonly address: string; readonly waiting: Waiting }) {
  const { t } = useI18n();
  const attempt = useTry();
  const [now, setNow] = useState(Date.now);
  useInterval(() => setNow(Date.now()), 1000, { autoInvoke: true });
  const seconds = Math.ceil((Date.parse(waiting.resend_at) - now) / 1000);
  const json = { address, target: waiting.target, keep_copy: waiting.keep_copy };
  return (
    <Button
      variant="default"
      disabled={seconds > 0}
      onClick={() =>
        void attempt(() => body(api.me.forwarding.$post({ query: {}, json })), t("forwarding.sent", { target: visible(waiting.target) }))
      }
    >
      {seconds > 0 ? t("forwarding.again.wait", { seconds }) : t("forwarding.again")}
    </Button>
  );
}
