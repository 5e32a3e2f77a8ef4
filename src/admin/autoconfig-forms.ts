/** The three forms in which mail programs are told how to send: Thunderbird's config-v1.1, Outlook's autodiscover, Apple's profile. */
import { createHash } from "node:crypto";
import { type Mailbox, mailboxText } from "../mail/mailbox.ts";

/** The servers as the network sees them. A port is null when nothing listens there: STARTTLS, and TLS from the first octet. */
export type MailServers = {
  readonly hostname: string;
  readonly submissionPort: number | null;
  readonly submissionsPort: number | null;
  readonly imapHostname: string | null;
};

/** Text inside an element or an attribute of XML 1.0. */
const xml = (text: string): string =>
  text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`).replace(/[^\t\n\r -\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "\ufffd");

/** The better way first: RFC 8314 §3.3. */
function servers({ submissionPort, submissionsPort }: MailServers): { readonly port: number; readonly implicit: boolean }[] {
  const both = [
    { port: submissionsPort, implicit: true },
    { port: submissionPort, implicit: false },
  ];
  return both.flatMap(({ port, implicit }) => (port === null ? [] : [{ port, implicit }]));
}

/** https://wiki.mozilla.org/Thunderbird:Autoconfiguration:ConfigFileFormat. The program itself puts the address in. */
export function thunderbirdXml(source: MailServers, { domain }: Mailbox): string {
  const incoming =
    source.imapHostname === null
      ? ""
      : `    <incomingServer type="imap">
      <hostname>${xml(source.imapHostname)}</hostname>
      <port>993</port>
      <socketType>SSL</socketType>
      <authentication>password-cleartext</authentication>
      <username>%EMAILADDRESS%</username>
    </incomingServer>
`;
  const outgoing = servers(source).map(
    ({ port, implicit }) => `    <outgoingServer type="smtp">
      <hostname>${xml(source.hostname)}</hostname>
      <port>${port}</port>
      <socketType>${implicit ? "SSL" : "STARTTLS"}</socketType>
      <authentication>password-cleartext</authentication>
      <username>%EMAILADDRESS%</username>
    </outgoingServer>
`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>
<clientConfig version="1.1">
  <emailProvider id="${xml(domain)}">
    <domain>${xml(domain)}</domain>
    <displayName>${xml(domain)}</displayName>
    <displayShortName>${xml(domain)}</displayShortName>
${incoming}${outgoing.join("")}  </emailProvider>
</clientConfig>
`;
}

/** Microsoft's POX autodiscover (MS-OXDSCLI, 4.1.2): `Encryption` TLS is STARTTLS. */
export function autodiscoverXml(source: MailServers, mailbox: Mailbox): string {
  const protocol = (type: string, host: string, port: number, encryption: string) => `      <Protocol>
        <Type>${type}</Type>
        <Server>${xml(host)}</Server>
        <Port>${port}</Port>
        <LoginName>${xml(mailboxText(mailbox))}</LoginName>
        <DomainRequired>off</DomainRequired>
        <SPA>off</SPA>
        <SSL>on</SSL>
        <Encryption>${encryption}</Encryption>
        <AuthRequired>on</AuthRequired>
      </Protocol>
`;
  const imap = source.imapHostname === null ? "" : protocol("IMAP", source.imapHostname, 993, "SSL");
  const smtp = servers(source).map(({ port, implicit }) => protocol("SMTP", source.hostname, port, implicit ? "SSL" : "TLS"));
  return `<?xml version="1.0" encoding="utf-8"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">
  <Response xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a">
    <Account>
      <AccountType>email</AccountType>
      <Action>settings</Action>
${imap}${smtp.join("")}    </Account>
  </Response>
</Autodiscover>
`;
}

/** Apple's com.apple.mail.managed. Null: its form demands an incoming server, and there is none to name. The password is asked on the device. */
export function appleProfile(source: MailServers, mailbox: Mailbox): string | null {
  const [server] = servers(source);
  if (source.imapHostname === null || server === undefined) return null;
  const address = mailboxText(mailbox);
  const string = (key: string, value: string) => `      <key>${key}</key><string>${xml(value)}</string>\n`;
  const flag = (key: string, on: boolean) => `      <key>${key}</key><${String(on)}/>\n`;
  const number = (key: string, value: number) => `      <key>${key}</key><integer>${value}</integer>\n`;
  const account = [
    string("PayloadType", "com.apple.mail.managed"),
    string("PayloadIdentifier", `${source.hostname}.mail`),
    string("PayloadUUID", uuidOf(`account ${address} ${source.hostname}`)),
    number("PayloadVersion", 1),
    string("EmailAccountType", "EmailTypeIMAP"),
    string("EmailAccountDescription", mailbox.domain),
    string("EmailAddress", address),
    string("IncomingMailServerAuthentication", "EmailAuthPassword"),
    string("IncomingMailServerHostName", source.imapHostname),
    number("IncomingMailServerPortNumber", 993),
    flag("IncomingMailServerUseSSL", true),
    string("IncomingMailServerUsername", address),
    string("OutgoingMailServerAuthentication", "EmailAuthPassword"),
    string("OutgoingMailServerHostName", source.hostname),
    number("OutgoingMailServerPortNumber", server.port),
    flag("OutgoingMailServerUseSSL", true),
    string("OutgoingMailServerUsername", address),
  ];
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
  <dict>
    <key>PayloadContent</key>
    <array><dict>
${account.join("")}    </dict></array>
${string("PayloadType", "Configuration")}${string("PayloadDisplayName", `Mail of ${mailbox.domain}`)}${string("PayloadIdentifier", source.hostname)}${string("PayloadUUID", uuidOf(`profile ${address} ${source.hostname}`))}${number("PayloadVersion", 1)}  </dict>
</plist>
`;
}

/** The same for the same person each time: installing the profile again replaces it. RFC 9562 §5.8. */
function uuidOf(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`.toUpperCase();
}
