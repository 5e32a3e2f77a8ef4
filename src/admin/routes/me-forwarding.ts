/** Forwarding of somebody's own address: asked for, confirmed by a code that the target gets, paused, ended. */
import { z } from "zod";
import { askForwarding, checkForwarding } from "../../actions/forwarding/ask.ts";
import { checkCode, confirmForwarding, prepareConfirmation } from "../../actions/forwarding/confirm.ts";
import { describeOwn, ownAddress } from "../../actions/forwarding/own-address.ts";
import { endForwarding, pauseForwarding, resumeForwarding } from "../../actions/forwarding/steer.ts";
import { viewForwarding } from "../../actions/forwarding/view.ts";
import { type AdminDeps, authorOf, carryOut, panel, principalOf } from "../context.ts";
import { may } from "../guard.ts";
import { addressText, DRY_RUN, dryRun, input } from "../input.ts";
import { Problem } from "../problem.ts";

/** Nothing that could end a line or hide in one: refused before anybody looks at it. */
const plain = addressText.refine((text) => !/[\p{C}\p{Zl}\p{Zp}]/u.test(text), "it holds a character that no address has");
const named = { address: plain.optional() };
const asked = z.strictObject({ ...named, target: plain, keep_copy: z.boolean() });
const typed = z.strictObject({ ...named, code: z.string().min(1).max(20) });
const one = z.strictObject(named);
const nothing = z.strictObject({});

export function forwardingRoutes(deps: AdminDeps) {
  const { db } = deps;
  return (
    panel
      .createApp()
      .get("/", may("me.see"), async (c) => {
        const { own, complete } = await describeOwn(deps, c.get("scope").owners);
        if (own.length === 0 && !complete)
          throw new Problem("directory-unavailable", "The campus directory does not answer now. Mail waits if it must; nothing is lost.", {
            hint: "Try again in a few minutes.",
            headers: { "retry-after": "30" },
          });
        const items = await Promise.all(own.map((one) => viewForwarding(db, one)));
        return c.json({ items }, 200);
      })
      .post("/", may("me.edit"), input("query", dryRun), input("json", asked), async (c) => {
        const { address, target, keep_copy } = c.req.valid("json");
        const who = { principal: principalOf(c).id, owners: c.get("scope").owners };
        const askable = await checkForwarding(deps, authorOf(c), { ...who, address, target: target.trim(), keepCopy: keep_copy });
        const { result, change_no } = await carryOut(c, db, (on, author) => askForwarding(on, deps, author, askable));
        return c.json({ changed: true, warnings: [], waiting: result, change_no }, 202);
      })
      // Never rehearsed: a wrong code that was not counted would make guessing free.
      .post("/confirm", may("me.edit"), input("query", nothing), input("json", typed), async (c) => {
        const { owners } = c.get("scope");
        const { mailbox } = await ownAddress(deps, owners, c.req.valid("json").address);
        const answer = await checkCode(db, owners, mailbox.key, c.req.valid("json").code);
        if (answer.kind === "none")
          throw new Problem("not-found", "Nothing waits for a code now.", { hint: "Ask for a new code: an old one counts for 24 hours." });
        if (answer.kind === "wrong")
          throw new Problem(
            "rule-broken",
            answer.left === 0 ? "That code is not right, and after five wrong ones it does not count any more." : "That code is not right.",
            {
              hint: answer.left === 0 ? "Ask for a new code." : `Look again at the newest mail. Tries left: ${answer.left}.`,
              members: { tries_left: answer.left },
            },
          );
        const confirmable = await prepareConfirmation(deps, answer.requestNo, owners, mailbox.key);
        const { result, change_no } = await carryOut(c, db, (on, author) => confirmForwarding(on, deps, author, confirmable));
        return c.json({ changed: result.changed, warnings: result.warnings, change_no }, 200);
      })
      .post("/pause", may("me.edit"), input("query", dryRun), input("json", one), async (c) => {
        const address = await ownAddress(deps, c.get("scope").owners, c.req.valid("json").address);
        const { result, change_no } = await carryOut(c, db, (on, author) => pauseForwarding(on, author, address));
        return c.json({ changed: true, warnings: result.warnings, change_no }, 200);
      })
      .post("/resume", may("me.edit"), input("query", dryRun), input("json", one), async (c) => {
        const address = await ownAddress(deps, c.get("scope").owners, c.req.valid("json").address);
        const { result, change_no } = await carryOut(c, db, (on, author) => resumeForwarding(on, author, address));
        return c.json({ changed: true, warnings: result.warnings, change_no }, 200);
      })
      .delete("/", may("me.edit"), input("query", z.strictObject({ ...named, ...DRY_RUN })), async (c) => {
        const address = await ownAddress(deps, c.get("scope").owners, c.req.valid("query").address);
        const { result, change_no } = await carryOut(c, db, (on, author) => endForwarding(on, author, address));
        return c.json({ changed: result.changed, warnings: result.warnings, change_no }, 200);
      })
  );
}
