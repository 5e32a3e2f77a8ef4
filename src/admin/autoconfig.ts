import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { type Lookup, unavailable } from "../mail/lookup.ts";
import { type Mailbox, mailboxText, parseMailbox } from "../mail/mailbox.ts";
import { appleProfile, autodiscoverXml, type MailServers, thunderbirdXml } from "./autoconfig-forms.ts";

/** What mail programs are told, and about which domains. */
export type AutoconfigSource = MailServers & {
  /** Absent: not a domain of ours, of which nothing is told. */
  readonly domain: (name: string) => Promise<Lookup<unknown>>;
};

/** Outlook asks with a few hundred octets. */
const BODY_LIMIT = 16 * 1024;

const XML = { "content-type": "application/xml; charset=utf-8", "cache-control": "no-store" };
const PROFILE = { "content-type": "application/x-apple-aspen-config; charset=utf-8", "cache-control": "no-store" };
const NO_IMAP = "Apple's profiles name an IMAP server, and this server knows of none: set autoconfig.imap_hostname.\n";

/**
 * Set-up of mail programs: Thunderbird asks by GET, Outlook by POST, Apple's devices open a profile. Everybody may ask, and learns what DNS and
 * a port scan tell too; whether an address exists is never told.
 */
export function autoconfigRoutes(source: AutoconfigSource) {
  const thunderbird = (c: Context) =>
    answering(c, source, c.req.query("emailaddress"), (mailbox) => c.body(thunderbirdXml(source, mailbox), 200, XML));
  return new Hono()
    .get("/mail/config-v1.1.xml", thunderbird)
    .get("/.well-known/autoconfig/mail/config-v1.1.xml", thunderbird)
    .post("/autodiscover/autodiscover.xml", bodyLimit({ maxSize: BODY_LIMIT }), async (c) =>
      answering(c, source, askedIn(await c.req.text()), (mailbox) => c.body(autodiscoverXml(source, mailbox), 200, XML)),
    )
    .get("/mail/apple.mobileconfig", (c) =>
      answering(c, source, c.req.query("emailaddress"), (mailbox) => {
        const profile = appleProfile(source, mailbox);
        return profile === null ? c.text(NO_IMAP, 404) : c.body(profile, 200, PROFILE);
      }),
    );
}

/** The address in Outlook's question. Not parsed as XML: without a document type there are no entities but the five, and an address here has none. */
function askedIn(xml: string): string | undefined {
  if (/<!/.test(xml)) return undefined; // no DOCTYPE, no ENTITY, no CDATA
  return /<EMailAddress>\s*([^<>&\s]{3,254})\s*<\/EMailAddress>/.exec(xml)?.[1];
}

async function answering(
  c: Context,
  source: AutoconfigSource,
  asked: string | undefined,
  answer: (mailbox: Mailbox) => Response,
): Promise<Response> {
  const parsed = parseMailbox(asked ?? "");
  if (!parsed.ok || mailboxText(parsed.mailbox) !== parsed.mailbox.key)
    return c.text("Ask with an e-mail address, as in ?emailaddress=ann@campus.example\n", 400);
  if (source.submissionPort === null && source.submissionsPort === null) return c.text("Nobody sends mail through this server.\n", 404);
  const domain = await source.domain(parsed.mailbox.domain).catch(unavailable);
  if (domain.kind === "unavailable") return c.text("Try again later.\n", 503);
  return domain.kind === "found" ? answer(parsed.mailbox) : c.text("Not a domain of this server.\n", 404);
}
