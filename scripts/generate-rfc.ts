/** Writes docs/rfc.md: every RFC section that src/ cites, and the files that do. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { citationsIn, compareSections } from "./rfc-citations.ts";

/** An RFC that is not here is refused: it may be a slip of the finger. */
const TITLES: Readonly<Record<number, string>> = {
  1034: "Domain Names: Concepts and Facilities",
  1035: "Domain Names: Implementation and Specification",
  1123: "Requirements for Internet Hosts: Application and Support",
  1870: "SMTP Service Extension for Message Size Declaration",
  2033: "Local Mail Transfer Protocol",
  2034: "SMTP Service Extension for Returning Enhanced Error Codes",
  2045: "Multipurpose Internet Mail Extensions, Part One: Format of Internet Message Bodies",
  2046: "Multipurpose Internet Mail Extensions, Part Two: Media Types",
  2047: "Multipurpose Internet Mail Extensions, Part Three: Message Header Extensions for Non-ASCII Text",
  2142: "Mailbox Names for Common Services, Roles and Functions",
  2307: "An Approach for Using LDAP as a Network Information Service",
  2369: "The Use of URLs as Meta-Syntax for Core Mail List Commands and their Transport through Message Header Fields",
  2606: "Reserved Top Level DNS Names",
  2696: "LDAP Control Extension for Simple Paged Results Manipulation",
  2798: "Definition of the inetOrgPerson LDAP Object Class",
  2919: "List-Id: A Structured Field and Namespace for the Identification of Mailing Lists",
  2920: "SMTP Service Extension for Command Pipelining",
  3030: "SMTP Service Extensions for Transmission of Large and Binary MIME Messages",
  3164: "The BSD Syslog Protocol",
  3207: "SMTP Service Extension for Secure SMTP over TLS",
  3461: "SMTP Service Extension for Delivery Status Notifications",
  3462: "The Multipart/Report Content Type",
  3463: "Enhanced Mail System Status Codes",
  3464: "An Extensible Message Format for Delivery Status Notifications",
  3492: "Punycode: A Bootstring Encoding of Unicode for Internationalized Domain Names in Applications",
  3834: "Recommendations for Automatic Responses to Electronic Mail",
  3848: "ESMTP and LMTP Transmission Types Registration",
  4180: "Common Format and MIME Type for Comma-Separated Values Files",
  4226: "HOTP: An HMAC-Based One-Time Password Algorithm",
  4291: "IP Version 6 Addressing Architecture",
  4511: "Lightweight Directory Access Protocol (LDAP): The Protocol",
  4512: "Lightweight Directory Access Protocol (LDAP): Directory Information Models",
  4513: "Lightweight Directory Access Protocol (LDAP): Authentication Methods and Security Mechanisms",
  4514: "Lightweight Directory Access Protocol (LDAP): String Representation of Distinguished Names",
  4515: "Lightweight Directory Access Protocol (LDAP): String Representation of Search Filters",
  4519: "Lightweight Directory Access Protocol (LDAP): Schema for User Applications",
  4616: "The PLAIN Simple Authentication and Security Layer Mechanism",
  4954: "SMTP Service Extension for Authentication",
  5068: "Email Submission Operations: Access and Accountability Requirements",
  5248: "A Registry for SMTP Enhanced Mail System Status Codes",
  5280: "Internet X.509 Public Key Infrastructure Certificate and CRL Profile",
  5321: "Simple Mail Transfer Protocol",
  5322: "Internet Message Format",
  5480: "Elliptic Curve Cryptography Subject Public Key Information",
  5598: "Internet Mail Architecture",
  5737: "IPv4 Address Blocks Reserved for Documentation",
  5758: "Internet X.509 Public Key Infrastructure: Additional Algorithms and Identifiers for DSA and ECDSA",
  5890: "Internationalized Domain Names for Applications: Definitions",
  5891: "Internationalized Domain Names in Applications: Protocol",
  5952: "A Recommendation for IPv6 Address Text Representation",
  6052: "IPv6 Addressing of IPv4/IPv6 Translators",
  6068: "The 'mailto' URI Scheme",
  6238: "TOTP: Time-Based One-Time Password Algorithm",
  6265: "HTTP State Management Mechanism",
  6409: "Message Submission for Mail",
  6749: "The OAuth 2.0 Authorization Framework",
  6750: "The OAuth 2.0 Authorization Framework: Bearer Token Usage",
  6901: "JavaScript Object Notation (JSON) Pointer",
  7636: "Proof Key for Code Exchange by OAuth Public Clients",
  8414: "OAuth 2.0 Authorization Server Metadata",
  9110: "HTTP Semantics",
  9457: "Problem Details for HTTP APIs",
  6152: "SMTP Service Extension for 8-bit MIME Transport",
  6522: "The Multipart/Report Media Type for the Reporting of Mail System Administrative Messages",
  6531: "SMTP Extension for Internationalized Email",
  6532: "Internationalized Email Headers",
  6533: "Internationalized Delivery Status and Disposition Notifications",
  6598: "IANA-Reserved IPv4 Prefix for Shared Address Space",
  6710: "SMTP Extension for Message Transfer Priorities",
  6761: "Special-Use Domain Names",
  6890: "Special-Purpose IP Address Registries",
  7372: "Email Authentication Status Codes",
  7435: "Opportunistic Security: Some Protection Most of the Time",
  7504: "SMTP 521 and 556 Reply Codes",
  7505: "A Null MX No Service Resource Record for Domains That Accept No Mail",
  8058: "Signaling One-Click Functionality for List Email Headers",
  8314: "Cleartext Considered Obsolete: Use of TLS for Email Submission and Access",
  8446: "The Transport Layer Security Protocol Version 1.3",
  8601: "Message Header Field for Indicating Message Authentication Status",
  8996: "Deprecating TLS 1.0 and TLS 1.1",
  9106: "Argon2 Memory-Hard Function for Password Hashing and Proof-of-Work Applications",
  3596: "DNS Extensions to Support IP Version 6",
  6376: "DomainKeys Identified Mail (DKIM) Signatures",
  7208: "Sender Policy Framework (SPF) for Authorizing Use of Domains in Email, Version 1",
  7489: "Domain-based Message Authentication, Reporting, and Conformance (DMARC)",
  8020: "NXDOMAIN: There Really Is Nothing Underneath",
  8460: "SMTP TLS Reporting",
  8461: "SMTP MTA Strict Transport Security (MTA-STS)",
  9112: "HTTP/1.1",
  9228: "Delivered-To Email Header Field",
  9422: "The LIMITS SMTP Service Extension",
  9562: "Universally Unique IDentifiers (UUIDs)",
};

const files = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
const byRfc = new Map<number, Map<string, string[]>>();
for (const file of files.map((name) => join("src", name)).sort()) {
  for (const { rfc, section } of citations(file)) {
    const sections = byRfc.get(rfc) ?? new Map<string, string[]>();
    const citing = sections.get(section) ?? [];
    if (!citing.includes(file)) citing.push(file);
    byRfc.set(rfc, sections.set(section, citing));
  }
}
const untitled = [...byRfc].filter(([rfc]) => TITLES[rfc] === undefined);
for (const [rfc, sections] of untitled)
  console.error(`RFC ${rfc}, cited by ${[...sections.values()].flat().join(", ")}, has no title in scripts/generate-rfc.ts`);
process.exitCode = Math.min(untitled.length, 1);
const chapters = [...byRfc].sort(([a], [b]) => a - b).map(([rfc, sections]) => chapter(rfc, sections));
writeFileSync(
  "docs/rfc.md",
  `# Standards, section by section\n\nWritten by \`npm run generate\` from the comments in \`src/\`.\n\n${chapters.join("\n")}`,
);

function citations(file: string) {
  try {
    return citationsIn(readFileSync(file, "utf8"));
  } catch (error) {
    throw new Error(`${file}, ${(error as Error).message}`);
  }
}

function chapter(rfc: number, sections: ReadonlyMap<string, readonly string[]>): string {
  const rows = [...sections]
    .sort(([a], [b]) => compareSections(a, b))
    .map(([section, citing]) => `| ${section === "" ? "as a whole" : `§${section}`} | ${citing.map(link).join("<br>")} |`);
  return `## RFC ${rfc}: ${TITLES[rfc]}\n\n| section | where |\n| --- | --- |\n${rows.join("\n")}\n`;
}

function link(file: string): string {
  return `[${file.slice("src/".length)}](../${file})`;
}
