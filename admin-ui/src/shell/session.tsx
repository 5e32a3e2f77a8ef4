/** Who is signed in, and the page where they do. */
import { Alert, Button, Center, Container, Loader, PasswordInput, Stack, Text, TextInput, Title } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { InferResponseType } from "hono/client";
import { createContext, type FormEvent, type ReactNode, useContext, useEffect, useRef, useState } from "react";
import { ApiError, api, body, SIGNED_OUT } from "../api.ts";
import { useT } from "../i18n/i18n.tsx";
import { Failure } from "../parts/failure.tsx";
import { ProviderSignIn } from "./provider-sign-in.tsx";

export type Session = InferResponseType<typeof api.session.$get, 200>;
export type Action = keyof Session["may"];

const SessionContext = createContext<Session | null>(null);

/** Who signed in. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === null) throw new Error("nobody is signed in here");
  return session;
}

/** True: the server would let them. It decides; this only leaves out what it would refuse. */
export const useMay = (action: Action): boolean => useSession().may[action] !== undefined;

const SESSION = ["session"] as const;

/** Shows its children to who is signed in, and the sign-in page to who is not. */
export function SessionGate({ children }: { readonly children: ReactNode }) {
  const queries = useQueryClient();
  const session = useQuery({
    queryKey: SESSION,
    staleTime: 60_000,
    queryFn: () =>
      body(api.session.$get()).catch((error: unknown) => {
        if (error instanceof ApiError && error.problem.status === 401) return null;
        throw error;
      }),
  });
  useEffect(() => {
    const left = (): void => void queries.setQueryData(SESSION, null);
    window.addEventListener(SIGNED_OUT, left);
    return () => window.removeEventListener(SIGNED_OUT, left);
  }, [queries]);
  if (session.isPending)
    return (
      <Center h="100vh">
        <Loader />
      </Center>
    );
  if (session.isError)
    return (
      <Container size="xs" py="xl">
        <Failure error={session.error} retry={() => void session.refetch()} />
      </Container>
    );
  if (session.data === null) return <SignIn signedIn={(who) => queries.setQueryData(SESSION, who)} />;
  return <SessionContext value={session.data}>{children}</SessionContext>;
}

/** Ends the session here and at the server. */
export function useSignOut(): () => Promise<void> {
  const queries = useQueryClient();
  return async () => {
    await api.session.$delete();
    queries.clear();
    queries.setQueryData(SESSION, null);
  };
}

function SignIn({ signedIn }: { readonly signedIn: (session: Session) => void }) {
  const t = useT();
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const alert = useRef<HTMLDivElement>(null);
  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string): string => form.get(name) as string;
    const code = text("code").trim();
    setBusy(true);
    setError(null);
    try {
      signedIn(
        await body(api.session.$post({ json: { login: text("login").trim(), password: text("password"), ...(code !== "" && { code }) } })),
      );
    } catch (refused) {
      setError(refused);
      alert.current?.focus();
    } finally {
      setBusy(false);
    }
  };
  return (
    <Container component="main" size={420} py={80}>
      <Title order={1} size="h2" mb="lg">
        {t("signIn.title")}
      </Title>
      <Stack mb="md">
        <ProviderSignIn />
      </Stack>
      <form onSubmit={(event) => void submit(event)}>
        <Stack>
          <div ref={alert} tabIndex={-1} aria-live="polite">
            {error !== null && (
              <Alert color="red" variant="outline" title={error instanceof ApiError ? error.problem.title : t("error.title")}>
                {error instanceof ApiError && error.retryAfter !== null
                  ? `${error.problem.detail} ${t("signIn.wait", { seconds: error.retryAfter })}`
                  : String((error as Error).message)}
              </Alert>
            )}
          </div>
          <TextInput
            name="login"
            label={t("signIn.login")}
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            required
            autoFocus
          />
          <PasswordInput name="password" label={t("signIn.password")} autoComplete="current-password" required />
          <TextInput
            name="code"
            label={t("signIn.code")}
            description={t("signIn.code.hint")}
            autoComplete="one-time-code"
            inputMode="numeric"
          />
          <Button type="submit" loading={busy}>
            {t("signIn.submit")}
          </Button>
          <Text size="sm" c="dimmed">
            {t("signIn.help")}
          </Text>
        </Stack>
      </form>
    </Container>
  );
}
