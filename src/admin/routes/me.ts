/** Self-service: what somebody sees of their own mail, and what they change about it. Always by the addresses they signed in with. */
import { z } from "zod";
import { describeOwn, ownMailboxes } from "../../actions/forwarding/own-address.ts";
import { type ForwardingView, viewForwarding } from "../../actions/forwarding/view.ts";
import { leaveOwn, steerOwnAlias } from "../../actions/own-mail.ts";
import { ownAliases, ownLists, waysTo } from "../../actions/own-mail-view.ts";
import { recentArrivals } from "../../queue/arrivals.ts";
import { type AdminDeps, carryOut, panel } from "../context.ts";
import { may } from "../guard.ts";
import { addressParam, cursorOf, dryRun, input, momentText, PAGE, placeOf } from "../input.ts";
import { expectedVersion } from "../versions.ts";
import { written } from "./aliases.ts";
import { appPasswordRoutes, programRoutes } from "./me-devices.ts";
import { forwardingRoutes } from "./me-forwarding.ts";

const aliasPatch = z.strictObject({ on: z.boolean().optional(), expires_at: momentText.nullable().optional() });
const listing = z.strictObject(PAGE);
const nothing = z.strictObject({});

export function meRoutes(deps: AdminDeps) {
  const { db } = deps;
  return panel
    .createApp()
    .get("/", may("me.see"), async (c) => {
      const { owners } = c.get("scope");
      const mailboxes = await ownMailboxes(db, owners);
      const { own, complete } = await describeOwn(deps, owners);
      const campus = [...new Set(own.flatMap((one) => one.campus.map(({ key }) => key)))];
      const [aliases, ways, arrivals, forwarding] = await Promise.all([
        ownAliases(db, owners),
        waysTo(db, owners, campus),
        recentArrivals(db, owners, [...owners, ...campus], new Date()),
        Promise.all(own.map((one) => viewForwarding(db, one))),
      ]);
      return c.json(
        {
          addresses: mailboxes.map(({ key }) => key),
          forwarding: forwarding satisfies readonly ForwardingView[],
          /** False: the campus directory does not answer, and not everything is known. */
          complete,
          aliases,
          ways,
          week: arrivals,
          help: mailboxes[0] === undefined ? null : `postmaster@${mailboxes[0].domain}`,
        },
        200,
      );
    })
    .patch(
      "/aliases/:address",
      may("me.edit"),
      input("param", addressParam),
      input("query", dryRun),
      input("json", aliasPatch),
      async (c) => {
        const version = expectedVersion(c);
        const { owners } = c.get("scope");
        const done = await carryOut(c, db, (on, author) =>
          steerOwnAlias(on, author, owners, c.req.valid("param").address, version, c.req.valid("json")),
        );
        return written(c, done);
      },
    )
    .get("/lists", may("me.see"), input("query", listing), async (c) => {
      const { limit, cursor } = c.req.valid("query");
      const items = await ownLists(db, c.get("scope").owners, placeOf(cursor, z.string().max(400)) ?? "", limit);
      const last = items.length === limit ? items.at(-1) : undefined;
      return c.json({ items, next_cursor: last === undefined ? null : cursorOf(last.address) }, 200);
    })
    .post(
      "/lists/:address/leave",
      may("me.edit"),
      input("param", addressParam),
      input("query", dryRun),
      input("json", nothing),
      async (c) => {
        const { owners } = c.get("scope");
        const { result, change_no } = await carryOut(c, db, (on, author) => leaveOwn(on, author, owners, c.req.valid("param").address));
        return c.json({ ...result, change_no }, 200);
      },
    )
    .route("/forwarding", forwardingRoutes(deps))
    .route("/app-passwords", appPasswordRoutes(deps))
    .route("/programs", programRoutes(deps));
}
