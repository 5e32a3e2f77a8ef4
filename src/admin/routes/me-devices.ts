/** Passwords for somebody's mail programs, and how those are set up. */
import { z } from "zod";
import { createAppPassword, listAppPasswords, revokeAppPassword } from "../../actions/app-passwords.ts";
import { ownMailboxes } from "../../actions/forwarding/own-address.ts";
import { Refusal } from "../../actions/refusal.ts";
import { found } from "../../mail/lookup.ts";
import type { Principal } from "../access/policy.ts";
import { type AdminDeps, authorOf, carryOut, panel, principalOf } from "../context.ts";
import { may } from "../guard.ts";
import { dryRun, input } from "../input.ts";
import { Problem } from "../problem.ts";

const device = z.strictObject({ device: z.string().trim().min(1).max(100) });
const one = z.strictObject({ id: z.coerce.number().int().min(1).max(2_147_483_647) });
const nothing = z.strictObject({});

/** Passwords somebody may have at once: enough for every device, too few to fill the table with. */
const MOST = 30;

export function appPasswordRoutes({ db }: AdminDeps) {
  return (
    panel
      .createApp()
      .get("/", may("me.see"), async (c) => {
        const login = campusLogin(principalOf(c));
        const all = login === null ? [] : await listAppPasswords(db, login);
        return c.json({ possible: login !== null, items: all.filter(({ revoked_at }) => revoked_at === null).map(viewOf) }, 200);
      })
      // Not rehearsed: it would show a password that never counts.
      .post("/", may("me.edit"), input("query", nothing), input("json", device), async (c) => {
        if (principalOf(c).token !== null) throw new Problem("not-allowed", "A token cannot make passwords.");
        const login = loginOrRefuse(principalOf(c));
        const known = [{ person: async () => found({ login, addresses: [], affiliation: null }) }]; // they have signed in
        const made = await createAppPassword(db, authorOf(c), known, login, c.req.valid("json").device, MOST);
        return c.json({ ...viewOf(made), password: made.password }, 201);
      })
      .delete("/:id", may("me.edit"), input("param", one), input("query", dryRun), async (c) => {
        const { id } = c.req.valid("param");
        const login = campusLogin(principalOf(c));
        const mine = login === null ? [] : await listAppPasswords(db, login);
        if (!mine.some((password) => password.id === id && password.revoked_at === null))
          throw new Refusal("notFound", "there is no such password of yours", "Look at the list again.");
        const { change_no } = await carryOut(c, db, (on, author) => revokeAppPassword(on, author, id));
        return c.json({ changed: true, warnings: [], change_no }, 200);
      })
  );
}

const viewOf = ({
  id,
  device,
  created_at,
  last_used_at,
}: {
  id: number;
  device: string;
  created_at: string;
  last_used_at: string | null;
}) => ({
  id,
  device,
  created_at,
  last_used_at,
});

/**
 * Mail is sent by people of the campus directory. A local account of the panel with the same name is somebody else; it gets none of their
 * passwords.
 */
const campusLogin = ({ id }: Principal): string | null => (id.startsWith("ldap:") ? id.slice("ldap:".length) : null);

function loginOrRefuse(principal: Principal): string {
  const login = campusLogin(principal);
  if (login !== null) return login;
  throw new Refusal("refused", "app passwords are for campus accounts", "Sign in with your campus account.");
}

export function programRoutes({ db, mailServers }: AdminDeps) {
  return panel.createApp().get("/", may("me.see"), async (c) => {
    const [main] = await ownMailboxes(db, c.get("scope").owners);
    const { hostname, submissionPort, submissionsPort, imapHostname } = mailServers;
    const asked = main === undefined ? null : `emailaddress=${encodeURIComponent(main.key)}`;
    const canSend = submissionPort !== null || submissionsPort !== null;
    return c.json(
      {
        login: campusLogin(principalOf(c)),
        address: main?.key ?? null,
        /** Null: nobody sends mail through this server. */
        outgoing: canSend ? { hostname, tls_port: submissionsPort, starttls_port: submissionPort } : null,
        /** Null: this server knows of none. */
        incoming: imapHostname === null ? null : { hostname: imapHostname, tls_port: 993 },
        files:
          asked === null || !canSend
            ? null
            : {
                thunderbird: `/mail/config-v1.1.xml?${asked}`,
                apple: imapHostname === null ? null : `/mail/apple.mobileconfig?${asked}`,
              },
      },
      200,
    );
  });
}
