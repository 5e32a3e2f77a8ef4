/**
 * The page behind the link in a list's copies (RFC 8058). Whoever holds the link may take that member off that list and nothing else. Only a
 * POST changes something: mail scanners and previews follow links with GET.
 */
import { Hono } from "hono";
import { leaveList } from "../actions/lists.ts";
import type { Db } from "../db/client.ts";
import { isUnavailable } from "../db/faults.ts";
import type { Log } from "../log/log.ts";
import { LEAVE_PATH, type Leaving, readLeaveToken } from "../mail/leave-token.ts";
import { html, PLAIN_HEADERS, plainPage } from "./plain-page.ts";

export type LeaveDeps = { readonly db: Db; readonly secret: Buffer; readonly log: Log };

/** GET shows what will happen and a button; POST does it, as often as it is sent. A token that is none is 404, told by nothing else apart. */
export function leaveRoutes({ db, secret, log }: LeaveDeps) {
  return new Hono()
    .get(`${LEAVE_PATH}:token`, (c) => {
      const leaving = readLeaveToken(secret, c.req.param("token"));
      return leaving === null ? c.html(unknown, 404, PLAIN_HEADERS) : c.html(ask(leaving), 200, PLAIN_HEADERS);
    })
    .post(`${LEAVE_PATH}:token`, async (c) => {
      const leaving = readLeaveToken(secret, c.req.param("token"));
      if (leaving === null) return c.html(unknown, 404, PLAIN_HEADERS);
      try {
        const author = { actor: `${leaving.member} via one-click leave`, why: null };
        const left = await leaveList(db, author, leaving.list, leaving.member);
        return c.html(left ? done(leaving) : already(leaving), 200, PLAIN_HEADERS);
      } catch (error) {
        log.error("a member could not leave a list", { list: leaving.list, unavailable: isUnavailable(error), error: String(error) });
        return c.html(later, 503, { ...PLAIN_HEADERS, "retry-after": "60" });
      }
    });
}

const ask = ({ list, member }: Leaving): string =>
  plainPage(
    "Leave this list?",
    `<p>${html(member)} will get no more mail of the list <b>${html(list)}</b>.</p><form method="post"><button>Leave the list</button></form>`,
  );

const done = ({ list, member }: Leaving): string =>
  plainPage(
    "You have left the list",
    `<p>${html(member)} is not on <b>${html(list)}</b> any more.</p><p>To come back, write to the list's owner.</p>`,
  );

const already = ({ list, member }: Leaving): string =>
  plainPage(
    "Nothing to leave",
    `<p>${html(member)} is not on <b>${html(list)}</b>, or members cannot leave it by themselves. Nothing was changed.</p>`,
  );

const unknown = plainPage(
  "This link does not work",
  "<p>It is not whole, or not ours. Copy it again from the mail, or write to the list's owner.</p>",
);
const later = plainPage("Not now", "<p>Nothing was changed. Please try again in a minute.</p>");
