import { Alert, Button, Group, List, Text } from "@mantine/core";
import { ApiError } from "../api.ts";
import { useT } from "../i18n/i18n.tsx";

/** What went wrong, what it means, and the next step; with `retry`, a button for it. */
export function Failure({ error, retry }: { readonly error: unknown; readonly retry?: () => void }) {
  const t = useT();
  const problem = error instanceof ApiError ? error.problem : null;
  return (
    <Alert color="red" variant="outline" role="alert" title={problem?.title ?? t("error.title")}>
      <Text size="sm">{problem?.detail ?? String((error as Error).message)}</Text>
      {problem?.errors !== undefined && problem.errors.length > 1 && (
        <List size="sm">
          {problem.errors.map(({ pointer, detail }) => (
            <List.Item key={pointer + detail}>
              {pointer}: {detail}
            </List.Item>
          ))}
        </List>
      )}
      {problem?.hint !== undefined && (
        <Text size="sm" mt={4}>
          {problem.hint}
        </Text>
      )}
      {retry !== undefined && (
        <Group mt="sm">
          <Button size="xs" variant="default" onClick={retry}>
            {t("error.retry")}
          </Button>
        </Group>
      )}
    </Alert>
  );
}
