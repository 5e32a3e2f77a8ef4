/**
 * Sign-in through an OpenID provider: authorization code with PKCE (RFC 7636), state and nonce. Somebody is who the provider's `iss` and `sub`
 * say; every other claim may change or be somebody else's tomorrow.
 */
import * as client from "openid-client";

export type OidcSettings = {
  readonly issuer: string;
  readonly clientId: string;
  /** Null: a public client. */
  readonly clientSecret: { reveal(): string } | null;
  /** What the button on the sign-in page says. */
  readonly name: string;
  readonly addressClaim: string;
};

/** What must be the same when somebody comes back. */
export type Checks = { readonly state: string; readonly nonce: string; readonly verifier: string };

/** `address`: what the provider vouches for as theirs; null: nothing. */
export type Identity = { readonly principal: string; readonly address: string | null };

export type OidcProvider = {
  readonly name: string;
  /** Where somebody is sent to sign in. Rejects with ProviderAway. */
  start(redirectUri: string): Promise<Checks & { readonly url: URL }>;
  /** Who came back by this URL. Rejects with ProviderAway, or with NotProved. */
  finish(url: URL, checks: Checks): Promise<Identity>;
};

/** The provider does not answer, or not as one. */
export class ProviderAway extends Error {
  override readonly name = "ProviderAway";
}

/** What came back proves nobody. The message holds no code, token or claim. */
export class NotProved extends Error {
  override readonly name = "NotProved";
}

const TIMEOUT_SECONDS = 10;
/** The provider's keys and endpoints are asked for again after this time. */
const KEPT_MS = 3_600_000;

/** Asks the provider for nothing yet: it may be away while the server starts, and local accounts need none. */
export function openOidc(settings: OidcSettings): OidcProvider {
  let kept: { readonly config: client.Configuration; readonly until: number } | null = null;
  const configuration = async (): Promise<client.Configuration> => {
    if (kept !== null && kept.until > performance.now()) return kept.config;
    const config = await discovered(settings);
    kept = { config, until: performance.now() + KEPT_MS };
    return config;
  };
  return {
    name: settings.name,
    async start(redirectUri) {
      const config = await configuration();
      const [state, nonce, verifier] = [client.randomState(), client.randomNonce(), client.randomPKCECodeVerifier()];
      const url = client.buildAuthorizationUrl(config, {
        redirect_uri: redirectUri,
        scope: "openid email profile",
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: "S256",
        state,
        nonce,
      });
      return { url, state, nonce, verifier };
    },
    async finish(url, checks) {
      const config = await configuration();
      try {
        return await identityOf(config, settings, url, checks);
      } catch (error) {
        throw isTrouble(error) ? new ProviderAway(said(error)) : new NotProved(said(error));
      }
    },
  };
}

async function discovered({ issuer, clientId, clientSecret }: OidcSettings): Promise<client.Configuration> {
  const extensions = [client.enableNonRepudiationChecks]; // signatures are checked even though the answer came over TLS
  // Only the settings file names an issuer over http, and only on loopback (config/types/names.ts).
  if (issuer.startsWith("http:")) extensions.push(client.allowInsecureRequests);
  try {
    return await client.discovery(new URL(issuer), clientId, {}, authentication(clientSecret), {
      execute: extensions,
      timeout: TIMEOUT_SECONDS,
    });
  } catch (error) {
    throw new ProviderAway(said(error));
  }
}

/** RFC 8414 §2: client_secret_basic, unless the provider lists others alone. */
function authentication(secret: OidcSettings["clientSecret"]): client.ClientAuth {
  if (secret === null) return client.None();
  return (as, ...request) => {
    const methods = as.token_endpoint_auth_methods_supported ?? ["client_secret_basic"];
    const how = methods.includes("client_secret_basic") ? client.ClientSecretBasic : client.ClientSecretPost;
    return how(secret.reveal())(as, ...request);
  };
}

async function identityOf(config: client.Configuration, settings: OidcSettings, url: URL, checks: Checks): Promise<Identity> {
  const tokens = await client.authorizationCodeGrant(config, url, {
    expectedState: checks.state,
    expectedNonce: checks.nonce,
    pkceCodeVerifier: checks.verifier,
    idTokenExpected: true,
  });
  const claims = tokens.claims();
  if (claims === undefined) throw new NotProved("there is no ID token");
  // OpenID Connect Core 1.0, section 3.1.3.7: an azp that is there is ours; the library looks at it only beside several audiences.
  if (claims.azp !== undefined && claims.azp !== settings.clientId) throw new NotProved("the ID token was made for another client");
  if (!/^[\x20-\x7e]{1,255}$/.test(claims.sub)) throw new NotProved("the subject is none");
  const about = await claimsWithAddress(config, tokens.access_token, claims, settings.addressClaim);
  const address = about[settings.addressClaim];
  const isTheirs = about["email_verified"] === true && typeof address === "string";
  return { principal: `oidc:${subjectText(claims.sub)}@${claims.iss}`, address: isTheirs ? address : null };
}

type Claims = Readonly<Record<string, unknown>>;

/** OpenID Connect Core 1.0, section 5.4: with an access token, claims about the address may be at the UserInfo endpoint alone. */
async function claimsWithAddress(
  config: client.Configuration,
  accessToken: string,
  claims: Claims & { readonly sub: string },
  name: string,
): Promise<Claims> {
  if (claims[name] !== undefined || config.serverMetadata().userinfo_endpoint === undefined) return claims;
  return client.fetchUserInfo(config, accessToken, claims.sub);
}

/** A subject may hold any printable ASCII (OpenID Connect Core 1.0, section 2); principals hold no blanks and quotes. No two subjects become the same. */
const subjectText = (sub: string): string =>
  sub.replace(/[^A-Za-z0-9._@:/#+|=~-]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);

/** No connection, no answer in time, or one of 5xx: nothing that speaks against who came back. */
function isTrouble(error: unknown): boolean {
  if (!(error instanceof Error)) return true;
  const { code, cause } = error as Error & { readonly code?: unknown };
  if (cause instanceof Response) return cause.status >= 500;
  return code === "OAUTH_TIMEOUT" || (error instanceof TypeError && error.message === "fetch failed");
}

/** For the log: what the library says, never what it was told. */
function said(error: unknown): string {
  if (!(error instanceof Error)) return "it failed";
  const { code } = error as { readonly code?: unknown };
  return `${error.message}${typeof code === "string" ? ` (${code})` : ""}`.slice(0, 200);
}
