import { expect, it } from "vitest";
import { canonicalFilter } from "../../../src/directory/ldap/filter.ts";

it.each([
  ["(uid=ann)", "(uid=ann)"],
  ["  (uid=ann)\n", "(uid=ann)"],
  ["(&(ou=cs)(!(employeeType=student)))", "(&(ou=cs)(!(employeeType=student)))"],
  ["(cn=a*b*)", "(cn=a*b*)"],
  ["(cn=\\2a)", "(cn=\\2a)"],
  ["(mail=a@ldap:b)", "(mail=a@ldap:b)"],
])("%j is kept as %j", (text, kept) => {
  expect(canonicalFilter(text)).toEqual({ ok: true, filter: kept });
  expect(canonicalFilter(kept)).toEqual({ ok: true, filter: kept });
});

it.each([
  "",
  "uid=ann",
  "(uid=ann",
  "(uid=ann))",
  "(uid=ann)(uid=bob)",
  "(uid=ann)) (",
  "()",
  "(&)",
  "(uid)",
  "(=ann)",
  "(uid=a\u0000b)",
  "(uid=a\r\nb)",
  `(uid=${"a".repeat(1000)})`,
  `${"(!".repeat(21)}(uid=ann)${")".repeat(21)}`,
  `${"(!".repeat(400)}(uid=ann)${")".repeat(400)}`,
  "(uid=*)(objectClass=*",
  "(uid=\\zz)",
])("%j is refused", (text) => {
  expect(canonicalFilter(text).ok).toBe(false);
});
