/** An OpenID provider on loopback, with real keys, that checks what a careful one checks and can be told to answer wrongly. */
import { createHash, createHmac, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

type Json = Record<string, unknown>;
type Alg = "RS256" | "ES256";
/** What is wrong with the next answers. */
export type Wrong = {
  /** Claims of the ID token, changed; undefined ones are left out. */
  claims?: Json;
  /** `public`: an HMAC keyed with our public key; `stranger`: the right algorithm and another's key. */
  signature?: "none" | "public" | "stranger" | "broken";
  /** Answers 500 to everything, or to the token endpoint alone. */
  down?: "all" | "token" | "userinfo";
  /** What discovery says differently. */
  metadata?: Json;
  /** Parameters of the way back, changed. */
  back?: Record<string, string | null>;
  userinfo?: Json;
};

export type Issuer = {
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Who signs in next. */
  person: Json & { sub: string };
  alg: Alg;
  /** The address is told at the UserInfo endpoint alone. */
  addressAtUserInfo: boolean;
  wrong: Wrong;
  /** What a browser does at the provider: signs in, and is sent back to this URL. Throws when the request is not as it should be. */
  signIn(url: string): URL;
  /** Requests of the token endpoint that were right. */
  readonly redeemed: () => number;
  close(): Promise<void>;
};

type Code = { readonly nonce: string | null; readonly challenge: string; readonly redirectUri: string; used: boolean };

const b64 = (value: string | Buffer): string => Buffer.from(value).toString("base64url");
const pair = {
  RS256: generateKeyPairSync("rsa", { modulusLength: 2048 }),
  ES256: generateKeyPairSync("ec", { namedCurve: "P-256" }),
};
const strangers = {
  RS256: generateKeyPairSync("rsa", { modulusLength: 2048 }),
  ES256: generateKeyPairSync("ec", { namedCurve: "P-256" }),
};

export async function startIssuer(): Promise<Issuer> {
  const codes = new Map<string, Code>();
  let redeemed = 0;
  const server = createServer((request, response) => {
    void answer(request).then(([status, body]) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer: Issuer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/realm`,
    clientId: "mailroom",
    clientSecret: "a secret: with/odd+signs",
    person: { sub: "ann-1" },
    alg: "RS256",
    addressAtUserInfo: false,
    wrong: {},
    signIn: (url) => signIn(new URL(url)),
    redeemed: () => redeemed,
    close: () => new Promise((resolve) => void server.close(() => resolve())),
  };

  function signIn(at: URL): URL {
    const asked = Object.fromEntries(at.searchParams) as Record<string, string>;
    const { client_id, response_type, code_challenge_method, code_challenge = "", redirect_uri = "", scope = "" } = asked;
    if (client_id !== issuer.clientId || response_type !== "code" || code_challenge_method !== "S256" || code_challenge.length !== 43)
      throw new Error(`a bad authorization request: ${at.search}`);
    if (!scope.split(" ").includes("openid") || !asked["state"] || !asked["nonce"])
      throw new Error(`no state, nonce or openid: ${at.search}`);
    const code = randomBytes(16).toString("hex");
    codes.set(code, { nonce: asked["nonce"], challenge: code_challenge, redirectUri: redirect_uri, used: false });
    const back = new URL(redirect_uri);
    const parameters = { code, state: asked["state"], iss: issuer.url, ...issuer.wrong.back };
    for (const [name, value] of Object.entries(parameters)) if (value !== null) back.searchParams.set(name, value);
    return back;
  }

  async function answer(request: IncomingMessage): Promise<[number, unknown]> {
    const path = new URL(request.url ?? "/", issuer.url).pathname;
    const { down } = issuer.wrong;
    if (down === "all" || path === `/realm/${down}`) return [500, { error: "server_error" }];
    if (path === "/realm/.well-known/openid-configuration") return [200, { ...metadata(), ...issuer.wrong.metadata }];
    if (path === "/realm/jwks")
      return [
        200,
        {
          keys: (["RS256", "ES256"] as const).map((alg) => ({
            ...pair[alg].publicKey.export({ format: "jwk" }),
            alg,
            kid: alg,
            use: "sig",
          })),
        },
      ];
    if (path === "/realm/token") return token(request);
    if (path === "/realm/userinfo") return [200, { ...issuer.person, ...issuer.wrong.userinfo }];
    return [404, {}];
  }

  const metadata = (): Json => ({
    issuer: issuer.url,
    authorization_endpoint: `${issuer.url}/authorize`,
    token_endpoint: `${issuer.url}/token`,
    jwks_uri: `${issuer.url}/jwks`,
    userinfo_endpoint: `${issuer.url}/userinfo`,
    response_types_supported: ["code"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS256", "ES256"],
    authorization_response_iss_parameter_supported: true,
  });

  async function token(request: IncomingMessage): Promise<[number, unknown]> {
    let body = "";
    for await (const piece of request) body += piece;
    const form = new URLSearchParams(body);
    const [id = "", secret = ""] = Buffer.from((request.headers.authorization ?? "").replace(/^Basic /, ""), "base64")
      .toString()
      .split(":");
    const isClient = decodeURIComponent(id) === issuer.clientId && decodeURIComponent(secret.replaceAll("+", " ")) === issuer.clientSecret;
    if (!isClient) return [401, { error: "invalid_client" }];
    const code = codes.get(form.get("code") ?? "");
    const challenge = b64(
      createHash("sha256")
        .update(form.get("code_verifier") ?? "")
        .digest(),
    );
    if (code === undefined || code.used || code.redirectUri !== form.get("redirect_uri") || code.challenge !== challenge)
      return [400, { error: "invalid_grant" }];
    code.used = true;
    redeemed += 1;
    return [200, { access_token: randomBytes(16).toString("hex"), token_type: "Bearer", expires_in: 300, id_token: idToken(code) }];
  }

  function idToken({ nonce }: Code): string {
    const now = Math.floor(Date.now() / 1000);
    const { sub } = issuer.person;
    const about = issuer.addressAtUserInfo ? { sub } : issuer.person;
    const claims = { iss: issuer.url, aud: issuer.clientId, iat: now, exp: now + 300, nonce, ...about, ...issuer.wrong.claims };
    return jwt(claims, issuer.alg, issuer.wrong.signature);
  }
  return issuer;
}

function jwt(claims: Json, alg: Alg, wrong: Wrong["signature"]): string {
  const said = wrong === "none" ? "none" : wrong === "public" ? "HS256" : alg;
  const signed = `${b64(JSON.stringify({ alg: said, kid: alg, typ: "JWT" }))}.${b64(JSON.stringify(claims))}`;
  if (wrong === "none") return `${signed}.`;
  if (wrong === "public") {
    const key = pair[alg].publicKey.export({ format: "pem", type: "spki" });
    return `${signed}.${b64(createHmac("sha256", key).update(signed).digest())}`;
  }
  const made = signature(signed, (wrong === "stranger" ? strangers : pair)[alg].privateKey);
  if (wrong === "broken") made.writeUInt8(made.readUInt8(5) ^ 1, 5);
  return `${signed}.${b64(made)}`;
}

const signature = (text: string, key: KeyObject): Buffer => sign("sha256", Buffer.from(text), { key, dsaEncoding: "ieee-p1363" });
