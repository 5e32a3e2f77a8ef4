/** How a mail program is set up: by itself, by a file, or by hand. */
import { Anchor, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { api, body } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { Failure } from "../../parts/failure.tsx";
import { visible } from "../../parts/text.tsx";
import { Item, Part, Waiting } from "./self-page.tsx";

export function Programs() {
  const t = useT();
  const programs = useQuery({ queryKey: ["me", "programs"], queryFn: () => body(api.me.programs.$get()) });
  const { outgoing, incoming, files, address, login } = programs.data ?? {};
  return (
    <Part title={t("programs.title")}>
      {programs.isPending && <Waiting />}
      {programs.isError && <Failure error={programs.error} retry={() => void programs.refetch()} />}
      {outgoing === null && <Text>{t("programs.none")}</Text>}
      {outgoing != null && (
        <>
          {address != null && <Text className="address">{t("programs.auto", { address: visible(address) })}</Text>}
          {files?.apple != null && (
            <Anchor href={files.apple} underline="always">
              {t("programs.apple")}
            </Anchor>
          )}
          {files?.thunderbird != null && (
            <Anchor href={files.thunderbird} underline="always">
              {t("programs.thunderbird")}
            </Anchor>
          )}
          <Item>
            <Stack gap="sm">
              <Text fw={600}>{t("programs.byHand")}</Text>
              {incoming != null && (
                <Field name={t("programs.incoming")}>
                  {t("programs.server.tls", { host: incoming.hostname, port: String(incoming.tls_port) })}
                </Field>
              )}
              {incoming != null && <Field name={t("programs.incoming.password")}>{t("programs.incoming.password.which")}</Field>}
              <Field name={t("programs.outgoing")}>
                {outgoing.tls_port !== null
                  ? t("programs.server.tls", { host: outgoing.hostname, port: String(outgoing.tls_port) })
                  : t("programs.server.starttls", { host: outgoing.hostname, port: String(outgoing.starttls_port) })}
              </Field>
              {login != null && <Field name={t("programs.login")}>{visible(login)}</Field>}
              <Field name={t("programs.password")}>{t("programs.password.which")}</Field>
            </Stack>
          </Item>
        </>
      )}
    </Part>
  );
}

const Field = ({ name, children }: { readonly name: string; readonly children: string }) => (
  <div>
    <Text size="sm" c="dimmed">
      {name}
    </Text>
    <Text className="address">{children}</Text>
  </div>
);
