/** The page that the `type` of every problem leads to. */
import { panel } from "./context.ts";
import { everybody } from "./guard.ts";
import { PROBLEMS, type ProblemType } from "./problem.ts";

/** What it means, and what to do. */
const MEANINGS: Readonly<Record<ProblemType, string>> = {
  validation:
    "A part of the request is missing, unknown or malformed. errors names each by its JSON pointer. Correct it; repeating it as it is will not help.",
  "not-signed-in":
    "There is no session, or it ended: by signing out, after 12 hours without a request, with a new password, or when a role changed. Sign in, or send a token that is still valid from where you are.",
  "sign-in-refused": "The pair of name and password is not right. Nothing tells which. Tries are slowed down; an account is never locked.",
  "code-needed": "The password is right and the account has a second factor: send the code of the app as well.",
  "not-allowed": "You are known, and none of your roles, or of the token's scopes, lets you do this.",
  "bad-origin": "A change came from another web site than the panel's own. Programs send a token instead of a cookie.",
  "not-found": "There is no such thing, or it lies outside of what you may see. Nothing tells which.",
  "address-taken": "The address exists already. Open it and change it.",
  "address-retired":
    "Somebody held this address before, and mail meant for them would go to somebody else. It can be given away again with a reason.",
  "later-edits":
    "What should be undone was changed again since. conflicts lists by whom and when. Decide for each whether it may be overwritten.",
  "count-changed": "The selection matches another number of things than you have seen. Look again, and send the new number.",
  "key-reused": "The Idempotency-Key was used for another request within a day. Take a new one.",
  "in-progress": "The same request with the same Idempotency-Key is being answered. Wait for Retry-After.",
  "stale-version":
    "The thing was changed since you read it. current_version is what it has now. Read it again, and decide whose change stays.",
  "too-large": "The body is larger than this path takes: 1 MiB, imports 64 MiB.",
  "not-json": "Bodies are JSON: application/json.",
  "alias-loop": "Mail would come back to where it began. The loop is in the detail. Leave out one of its steps.",
  "name-reserved": "The name is one that RFC 2142, or the domain, reserves for those who run it.",
  "policy-external": "Whoever holds this address may not forward it off campus. An exception is made with mailroom policy except.",
  "address-invalid": "Something is no address, date or name. The detail says what, and how it is written.",
  "rule-broken": "A rule forbids it. The detail says which, and hint what can be done.",
  "if-match-missing":
    "Changes name the version they are made to, so that nobody overwrites what they have not seen. Send If-Match with the ETag you have read.",
  "rate-limited": "Too many requests of this kind. Wait for Retry-After.",
  "our-fault": "A mistake of the program. Nothing was changed, and its log says more under the request_id.",
  "directory-unavailable": "An LDAP source does not answer. What needs it has to wait; mail is deferred, never bounced.",
  "database-unavailable": "The database does not answer. Nothing was changed. Mail that is not accepted stays with its sender.",
  busy: "Another change holds the directory. Try again after Retry-After.",
};

const HEADERS = {
  "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
};

const PAGE = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Problems · Mailroom</title>
<style>:root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem}:target{outline:2px solid;outline-offset:6px}</style>
</head><body><main><h1>Problems</h1><p>Every answer of the API that is no success has one of these types (RFC 9457).</p>
${Object.entries(PROBLEMS)
  .map(
    ([type, [status, title]]) =>
      `<section id="${type}"><h2>${title}</h2><p><code>${type}</code>, status ${status}</p><p>${MEANINGS[type as ProblemType]}</p></section>`,
  )
  .join("\n")}
</main></body></html>\n`;

export const problemPage = () => panel.createApp().get("/docs/problems", everybody, (c) => c.html(PAGE, 200, HEADERS));
