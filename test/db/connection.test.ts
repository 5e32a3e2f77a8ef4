import { userInfo } from "node:os";
import { expect, test } from "vitest";
import { BadDatabaseUrl, parseDatabaseUrl } from "../../src/db/connection.ts";

test.each([
  [
    "postgres://mail:s%40cret@db.campus.test:6432/mailroom",
    { hosts: [{ host: "db.campus.test", port: 6432 }], user: "mail", password: "s@cret", database: "mailroom", tls: null },
  ],
  ["postgresql://mail@db/", { hosts: [{ host: "db", port: 5432 }], user: "mail", password: null, database: "mail", tls: null }],
  ["postgres://mail:@[::1]:7/x", { hosts: [{ host: "::1", port: 7 }], user: "mail", password: "", database: "x", tls: null }],
  [
    "postgres://u@a:1,b/x?target_session_attrs=read-write",
    {
      hosts: [
        { host: "a", port: 1 },
        { host: "b", port: 5432 },
      ],
      user: "u",
      password: null,
      database: "x",
      tls: null,
    },
  ],
  [
    "postgres:///x?host=/run/postgresql&user=u",
    { hosts: [{ host: "/run/postgresql", port: 5432 }], user: "u", password: null, database: "x", tls: null },
  ],
  [
    "postgres://u@%2Frun%2Fpostgresql/x",
    { hosts: [{ host: "/run/postgresql", port: 5432 }], user: "u", password: null, database: "x", tls: null },
  ],
  [
    "postgres://u@a/x?sslmode=require&options=-c%20foo%3D1",
    {
      hosts: [{ host: "a", port: 5432 }],
      user: "u",
      password: null,
      database: "x",
      tls: { verify: "nothing" },
      options: "-c foo=1",
    },
  ],
])("%s", (url, expected) => {
  expect(parseDatabaseUrl(url)).toEqual(expected);
});

test("without a user it is the account's name, as with every Postgres client", () => {
  expect(parseDatabaseUrl("postgres:///").user).toBe(userInfo().username);
});

test.each([
  ["", "not of the form"],
  ["mysql://u@h/x", "not of the form"],
  ["postgres://u:pa:ss/word@h/x", "not of the form"],
  ["postgres://u:p%zz@h/x", "password has a %"],
  ["postgres://u@h:99999/x", "port"],
  ["postgres://u@h:/x", "host"],
  ["postgres://u@[::1/x", "host"],
  ["postgres://u@h h/x", "host"],
  ["postgres://u@h/x?sslmod=require", "unknown parameter sslmod"],
  ["postgres://u@h/x?sslmode=prefer", "sslmode"],
  ["postgres://u@h/x?sslrootcert=/nowhere.pem", "cannot read /nowhere.pem (ENOENT)"],
])("%s is refused: %s", (url, message) => {
  expect(() => parseDatabaseUrl(url)).toThrow(BadDatabaseUrl);
  expect(() => parseDatabaseUrl(url)).toThrow(message);
});

test("no refusal repeats the password", () => {
  for (const url of [
    "postgres://u:s3cret@h:x/d",
    "postgres://u:s3cret@h/x?sslmode=no",
    "postgres:/u:s3cret@h",
    "postgres://u:s3cret%@h/x",
    "postgres://u:s3cret/x@h/x",
    "postgres://u:a@s3cret@h/x",
  ]) {
    const message = (() => {
      try {
        parseDatabaseUrl(url);
        return null;
      } catch (error) {
        return (error as Error).message;
      }
    })();
    expect(message).not.toBeNull();
    expect(message).not.toContain("s3cret");
  }
});
