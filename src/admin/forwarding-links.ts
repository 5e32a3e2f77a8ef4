/**
 * The pages behind the links in our mail about forwarding. Whoever holds a link may do that one thing and nothing else. Only a POST changes
 * something: mail scanners and previews follow links with GET. A link that is none, was used, or is too old gets one and the same answer.
 */
import { type Context, Hono } from "hono";
import type { ForwardingDeps } from "../actions/forwarding/ask.ts";
import { CONFIRM_PATH, tokenOf, UNDO_PATH } from "../actions/forwarding/codes.ts";
import { confirmForwarding, prepareConfirmation, requestOfLink } from "../actions/forwarding/confirm.ts";
import { undoableOfLink, undoForwarding } from "../actions/forwarding/undo.ts";
import { Refusal } from "../actions/refusal.ts";
import type { Log } from "../log/log.ts";
import { html, PLAIN_HEADERS, plainPage } from "./plain-page.ts";

export function forwardingLinkRoutes(deps: ForwardingDeps & { readonly log: Log }) {
  return new Hono()
    .get(`${CONFIRM_PATH}:token`, (c) =>
      answering(c, deps.log, async (token) => {
        const request = await requestOfLink(deps.db, token);
        return request === null ? null : askToConfirm(request.address, request.target);
      }),
    )
    .post(`${CONFIRM_PATH}:token`, (c) =>
      answering(c, deps.log, async (token) => {
        const request = await requestOfLink(deps.db, token);
        if (request === null) return null;
        const confirmable = await prepareConfirmation(deps, request.requestNo, null, request.address);
        await confirmForwarding(deps.db, deps, { actor: `${request.principal} via link to ${request.target}`, why: null }, confirmable);
        return confirmed(request.address, request.target);
      }),
    )
    .get(`${UNDO_PATH}:token`, (c) =>
      answering(c, deps.log, async (token) => {
        const undoable = await undoableOfLink(deps.db, token);
        return undoable === null ? null : askToUndo(undoable.address);
      }),
    )
    .post(`${UNDO_PATH}:token`, (c) =>
      answering(c, deps.log, async (token) => {
        if ((await undoableOfLink(deps.db, token)) === null) return null;
        const { address } = await undoForwarding(deps, { actor: "holder of an undo link", why: null }, token);
        return undone(address);
      }),
    );
}

/** A page, or the one answer for every link that does not count. What a rule refuses is told: whoever has the link may know. */
async function answering(c: Context, log: Log, answer: (token: string) => Promise<string | null>): Promise<Response> {
  const token = tokenOf(c.req.param("token") ?? "");
  try {
    const page = token === null ? null : await answer(token);
    return page === null ? c.html(unknown, 404, PLAIN_HEADERS) : c.html(page, 200, PLAIN_HEADERS);
  } catch (error) {
    if (error instanceof Refusal && error.kind === "notFound") return c.html(unknown, 404, PLAIN_HEADERS);
    if (error instanceof Refusal && error.kind === "refused") return c.html(refused(error), 422, PLAIN_HEADERS);
    log.error("a link about forwarding could not be followed", { error: String(error) });
    return c.html(later, 503, { ...PLAIN_HEADERS, "retry-after": "60" });
  }
}

const askToConfirm = (address: string, target: string): string =>
  plainPage(
    "Forward mail here?",
    `<p>Mail for <b>${html(address)}</b> will be forwarded to <b>${html(target)}</b>.</p>
<p>If you did not ask for this, close this page: then nothing is forwarded.</p><form method="post"><button>Forward the mail</button></form>`,
  );

const confirmed = (address: string, target: string): string =>
  plainPage(
    "Forwarding is on",
    `<p>Mail for <b>${html(address)}</b> is forwarded to <b>${html(target)}</b> from now on.</p><p>You can close this page.</p>`,
  );

const askToUndo = (address: string): string =>
  plainPage(
    "Undo the forwarding?",
    `<p>Mail for <b>${html(address)}</b> will go again where it went before it was changed, and whoever is signed in as its holder is signed
out.</p><form method="post"><button>Undo the forwarding</button></form>`,
  );

const undone = (address: string): string =>
  plainPage(
    "The forwarding is undone",
    `<p>Mail for <b>${html(address)}</b> goes again where it went before.</p>
<p>If you did not make the change, somebody may know your password: change it now, and tell the mail administration.</p>`,
  );

const refused = (refusal: Refusal): string =>
  plainPage("This cannot be done", `<p>${html(refusal.message)}</p>${refusal.hint === null ? "" : `<p>${html(refusal.hint)}</p>`}`);

const unknown = plainPage(
  "This link does not count",
  "<p>It is not whole, was used, or is too old. Nothing was changed.</p><p>The newest mail has the link that counts.</p>",
);
const later = plainPage("Not now", "<p>Nothing was changed. Please try again in a minute.</p>");
