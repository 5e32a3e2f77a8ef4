/** A part of a domain's page. */
import { Divider, Group, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";

export function Section({
  title,
  actions,
  about,
  children,
}: {
  readonly title: string;
  readonly actions?: ReactNode;
  readonly about?: string;
  readonly children: ReactNode;
}) {
  return (
    <Stack gap="xs" component="section" aria-label={title}>
      <Divider />
      <Group justify="space-between">
        <Title order={2} size="h4">
          {title}
        </Title>
        {actions}
      </Group>
      {about !== undefined && (
        <Text size="sm" c="dimmed">
          {about}
        </Text>
      )}
      {children}
    </Stack>
  );
}
