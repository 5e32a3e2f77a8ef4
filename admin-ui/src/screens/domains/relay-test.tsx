/** The ways in which strangers have got mail through servers that were not theirs, tried on this one. */
import { Button, Code, Group, Stack, Text, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { api, body } from "../../api.ts";
import { useT } from "../../i18n/i18n.tsx";
import { Failure } from "../../parts/failure.tsx";
import { Status } from "../../parts/status.tsx";
import { visible } from "../../parts/text.tsx";

export function RelayTest() {
  const t = useT();
  const test = useMutation({ mutationFn: () => body(api["relay-test"].$post()) });
  const { data } = test;
  return (
    <Stack gap="xs">
      <Group justify="space-between">
        <Title order={2} size="h4">
          {t("domains.relay")}
        </Title>
        <Button variant="default" size="xs" onClick={() => test.mutate()} loading={test.isPending}>
          {t("domains.relay.run")}
        </Button>
      </Group>
      <Text size="sm" c="dimmed">
        {t("domains.relay.about")}
      </Text>
      <div aria-live="polite">
        {test.isError && <Failure error={test.error} retry={() => test.mutate()} />}
        {data !== undefined && (
          <Stack gap="xs">
            <Group gap="xs">
              <Status tone={data.failed > 0 ? "bad" : data.is_trusted ? "warn" : "good"}>
                {t(
                  data.failed > 0 && !data.is_trusted
                    ? "domains.relay.open"
                    : data.is_trusted
                      ? "domains.relay.trusted"
                      : "domains.relay.closed",
                )}
              </Status>
              <Text size="sm">{t("domains.relay.sum", { total: data.total, failed: data.failed, at: data.at })}</Text>
            </Group>
            {data.results
              .filter(({ passed }) => !passed)
              .map(({ sender, recipient, got, expected }) => (
                <Code block key={`${sender} ${recipient}`} className="breakable">
                  {visible(`MAIL FROM:${sender} RCPT TO:${recipient}`)}
                  {"\n"}
                  {t("domains.relay.got", { got: visible(got), expected: expected.join(" / ") })}
                </Code>
              ))}
          </Stack>
        )}
      </div>
    </Stack>
  );
}
