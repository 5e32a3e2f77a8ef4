import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";
import { type AutoconfigSource, autoconfigRoutes } from "../../src/admin/autoconfig.ts";
import { absent, found, unavailable } from "../../src/mail/lookup.ts";
import { needs } from "../support/needs.ts";

const source: AutoconfigSource = {
  hostname: "mail.campus.test",
  submissionPort: 587,
  submissionsPort: 465,
  imapHostname: "imap.campus.test",
  domain: async (name) => (name === "campus.test" ? found(name) : name === "down.test" ? unavailable(new Error("away")) : absent),
};
const app = autoconfigRoutes(source);
const noImap = autoconfigRoutes({ ...source, imapHostname: null, submissionPort: null });
const get = (path: string, asked: string, from = app) => from.request(`${path}?emailaddress=${encodeURIComponent(asked)}`);
const post = (body: string, from = app) => from.request("/autodiscover/autodiscover.xml", { method: "POST", body });
const question = (address: string) =>
  `<?xml version="1.0"?><Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request><EMailAddress>${address}</EMailAddress><AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a</AcceptableResponseSchema></Request></Autodiscover>`;

const THUNDERBIRD = ["/mail/config-v1.1.xml", "/.well-known/autoconfig/mail/config-v1.1.xml"];
const APPLE = "/mail/apple.mobileconfig";

/** Another's parser reads it: Python's for plists, expat for the others. */
function parsed(text: string, how: string): string {
  const { stdout, stderr } = spawnSync("python3", ["-c", `import sys, json\nraw = sys.stdin.buffer.read()\n${how}`], {
    input: text,
    encoding: "utf8",
  });
  return stdout + stderr;
}
const wellFormed = (text: string) => parsed(text, "import xml.etree.ElementTree as e; print(e.fromstring(raw).tag.split('}')[-1])").trim();

needs("python3")("mail programs are told", () => {
  it.each(THUNDERBIRD)("Thunderbird at %s", async (path) => {
    const answer = await get(path, "ann@campus.test");
    const text = await answer.text();
    expect([answer.status, answer.headers.get("content-type"), wellFormed(text)]).toEqual([
      200,
      "application/xml; charset=utf-8",
      "clientConfig",
    ]);
    expect(text).toMatch(/<hostname>mail\.campus\.test<\/hostname>\s*<port>465<\/port>\s*<socketType>SSL<\/socketType>/);
    expect(text).toMatch(/<port>587<\/port>\s*<socketType>STARTTLS<\/socketType>/);
    expect(text).toContain("<hostname>imap.campus.test</hostname>");
  });

  it("Outlook", async () => {
    const text = await (await post(question("ann@campus.test"))).text();
    expect(wellFormed(text)).toBe("Autodiscover");
    expect(text).toMatch(/<Type>SMTP<\/Type>\s*<Server>mail\.campus\.test<\/Server>\s*<Port>465<\/Port>\s*<LoginName>ann@campus\.test</);
  });

  it("Apple's devices", async () => {
    const answer = await get(APPLE, "o'hara+x@campus.test");
    const text = await answer.text();
    expect(answer.headers.get("content-type")).toMatch(/^application\/x-apple-aspen-config/);
    const account = JSON.parse(parsed(text, "import plistlib; print(json.dumps(plistlib.loads(raw)['PayloadContent'][0]))")) as object;
    expect(account).toMatchObject({
      EmailAddress: "o'hara+x@campus.test",
      OutgoingMailServerHostName: "mail.campus.test",
      OutgoingMailServerPortNumber: 465,
      OutgoingMailServerUseSSL: true,
    });
  });

  it("only of what there is", async () => {
    const text = await (await get(THUNDERBIRD[0] ?? "", "ann@campus.test", noImap)).text();
    expect(text).not.toMatch(/587|incomingServer/);
    expect(await (await get(APPLE, "ann@campus.test", noImap)).text()).toContain("autoconfig.imap_hostname");
    const nothing = autoconfigRoutes({ ...source, submissionPort: null, submissionsPort: null });
    expect((await get(THUNDERBIRD[0] ?? "", "ann@campus.test", nothing)).status).toBe(404);
  });
});

needs("python3")("hostile questions", () => {
  it.each([
    ["<script>alert(1)</script>@campus.test", 400],
    ['"<b>&"@campus.test', 400],
    ["ann@campus.test\r\nSet-Cookie: x=1", 400],
    ["ann@campus.test\0", 400],
    ["", 400],
    ["ann", 400],
    ["ann@[127.0.0.1]", 404],
    ["ann@evil.test", 404],
    ["ann@down.test", 503],
    [`${"a".repeat(5000)}@campus.test`, 400],
    ["%EMAILADDRESS%", 400],
  ])("%j: %i", async (asked, status) => {
    for (const path of [...THUNDERBIRD, APPLE]) {
      const answer = await get(path, asked);
      const text = await answer.text();
      expect([answer.status, answer.headers.get("content-type")]).toEqual([status, "text/plain; charset=UTF-8"]);
      expect(text).not.toContain("<");
    }
    expect((await post(question(asked))).status).toBeGreaterThanOrEqual(400);
  });

  it("a local part with signs of XML is written as text", async () => {
    const text = await (await get(APPLE, "a&b'c@campus.test")).text();
    expect(text).toContain("a&#38;b&#39;c@campus.test");
    expect(wellFormed(text)).toBe("plist");
  });

  it.each([
    ['<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><EMailAddress>&e;@campus.test</EMailAddress>', 400],
    ['<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><EMailAddress>ann@campus.test</EMailAddress>', 400],
    ["<EMailAddress>&#97;nn@campus.test</EMailAddress>", 400],
    ["<EMailAddress>ann@campus.test", 400],
    ["not XML at all", 400],
    [`${"<a>".repeat(10_000)}<EMailAddress>ann@campus.test</EMailAddress>`, 413],
    [`<EMailAddress>${" ".repeat(15_000)}`, 400],
  ])("Outlook's %j", async (body, status) => {
    const started = performance.now();
    expect((await post(body)).status).toBe(status);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});
