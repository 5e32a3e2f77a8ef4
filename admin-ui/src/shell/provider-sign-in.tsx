/** The button of the OpenID provider on the sign-in page, where the server has one; and what became of the last try. */
import { Alert, Button, Divider } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { api, body } from "../api.ts";
import { useT } from "../i18n/i18n.tsx";
import { visible } from "../parts/text.tsx";

const PROBLEMS = ["again", "away", "busy"] as const;

export function ProviderSignIn() {
  const t = useT();
  const offered = useQuery({ queryKey: ["sign-in"], staleTime: 60_000, queryFn: () => body(api["sign-in"].$get()) });
  const { pathname, search } = window.location;
  const isSignInPage = pathname === "/signin";
  const problem = isSignInPage ? PROBLEMS.find((each) => each === new URLSearchParams(search).get("problem")) : undefined;
  const returnTo = isSignInPage ? "/" : `${pathname}${search}`;
  const provider = offered.data?.oidc ?? null;
  return (
    <>
      {problem !== undefined && (
        <Alert color={problem === "again" ? "red" : "yellow"} variant="outline" role="alert">
          {t(`signIn.problem.${problem}`)}
        </Alert>
      )}
      {provider !== null && (
        <>
          <Button component="a" href={`/api/v1/session/oidc?return_to=${encodeURIComponent(returnTo)}`} variant="default">
            {t("signIn.with", { name: visible(provider.name) })}
          </Button>
          <Divider label={t("signIn.or")} />
        </>
      )}
    </>
  );
}
