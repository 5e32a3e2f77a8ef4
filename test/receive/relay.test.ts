import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { resultLine } from "../../src/cli/test-relay.ts";
import { decideRelay, type RelayDecision, type RelayQuestion } from "../../src/receive/relay-decision.ts";
import { relayForms } from "../../src/receive/relay-forms.ts";
import { relayFaults, testRelay } from "../../src/receive/relay-test.ts";
import { type Campus, mailbox, openCampus } from "./campus.ts";

test("mailroom test-relay prints no line twice, also where the address it knows is postmaster", () => {
  const forms = relayForms({ domain: "campus.test", localPart: "postmaster", address: "[192.0.2.1]" });
  const lines = forms.map((form) => resultLine({ ...form, got: "550", passed: true }));
  expect(lines.filter((line, at) => lines.indexOf(line) !== at)).toEqual([]);
});

describe("the decision", () => {
  const ask = (to: string, question: Partial<RelayQuestion> = {}): RelayDecision =>
    decideRelay({
      path: to === "postmaster" ? { kind: "postmaster" } : { kind: "mailbox", mailbox: mailbox(to) },
      domain: to.endsWith("@campus.test") ? "found" : "absent",
      trustedNetwork: false,
      signedIn: false,
      ownLiteral: "[192.0.2.1]",
      ...question,
    });
  const trusted = { trustedNetwork: true };
  const person = { signedIn: true };
  const away = { domain: "unavailable" } as const;

  test.each<[string, Partial<RelayQuestion>, RelayDecision]>([
    ["postmaster", {}, "postmaster"],
    ["postmaster", away, "postmaster"],
    ["postmaster@[192.0.2.1]", {}, "postmaster"],
    ["POSTMASTER@[192.0.2.1]", trusted, "postmaster"],
    ["postmaster@[192.0.2.2]", {}, "relayDenied"],
    ["u@[192.0.2.1]", {}, "relayDenied"],
    ["u@[192.0.2.1]", trusted, "noDestination"],
    ["u@localhost", {}, "relayDenied"],
    ["u@localhost", trusted, "noDestination"],
    ["u@localhost", { domain: "found" }, "relayDenied"],
    ["u@10.0.0.1", {}, "relayDenied"],
    ["u@campus.test", {}, "ours"],
    ["u@campus.test", trusted, "ours"],
    ["u@campus.test", away, "unavailable"],
    ["postmaster@campus.test", away, "unavailable"],
    ["PostMaster@campus.test", {}, "postmaster"],
    ["postmaster@evil.test", {}, "relayDenied"],
    ["postmaster@evil.test", trusted, "relay"],
    ["SRS0=aa=bb=evil.test=x@campus.test", {}, "returnAddressInvalid"],
    ["srs1-aa=evil.test==bb=x@campus.test", {}, "returnAddressInvalid"],
    ["srs0+aa@campus.test", trusted, "returnAddressInvalid"],
    ["srs2=aa@campus.test", {}, "ours"],
    ["srs0@campus.test", {}, "ours"],
    ["x-srs0=aa@campus.test", {}, "ours"],
    ["srs0=aa=bb=x@evil.test", {}, "relayDenied"],
    ["x@evil.test", {}, "relayDenied"],
    ["x@evil.test", away, "unavailable"],
    ["x@evil.test", { ...trusted, ...away }, "unavailable"],
    ["x@evil.test", trusted, "relay"],
    ["x@evil.test", person, "relay"],
    ["x@evil.test", { ...person, ...away }, "unavailable"],
    ["u@campus.test", person, "ours"],
    ["postmaster", person, "postmaster"],
    ["u@localhost", person, "noDestination"],
    ["u@[192.0.2.1]", person, "noDestination"],
    ["postmaster@[192.0.2.1]", person, "postmaster"],
    ["srs0+aa@campus.test", person, "returnAddressInvalid"],
  ])("%s %o: %s", (to, question, decision) => {
    expect(ask(to, question)).toBe(decision);
  });
});

describe("the forms of an open-relay test", () => {
  let campus: Campus;
  beforeAll(async () => {
    campus = await openCampus();
  });
  afterAll(() => campus.receiver.close());
  const own = { domain: "campus.test", localPart: "u" };

  test("all go through the decision as they must", async () => {
    expect(await relayFaults()).toEqual([]);
  });

  test("all are answered by the listener as they must be", async () => {
    const results = await testRelay({ host: "127.0.0.1", port: campus.port }, own);
    expect(results.filter(({ passed }) => !passed)).toEqual([]);
    expect(results.length).toBe(relayForms({ ...own, address: "[127.0.0.1]" }).length);
    expect(campus.stored).toEqual([]);
  });

  test("postmaster will do as the address that takes mail, and what is printed is printable", async () => {
    const results = await testRelay({ host: "127.0.0.1", port: campus.port }, { domain: "campus.test", localPart: "postmaster" });
    expect(results.filter(({ passed }) => !passed)).toEqual([]);
    expect(results.map(({ recipient }) => recipient).join("")).toMatch(/^[ -~]+$/);
  });

  test("an open relay is found out", async () => {
    const open = await openCampus({ trustedNetworks: ["127.0.0.1"] });
    const failed = (await testRelay({ host: "127.0.0.1", port: open.port }, own)).filter(({ passed }) => !passed);
    expect(failed.map(({ recipient, got }) => `${recipient} ${got}`)).toContain("<x@evil.test> 250 2.1.5 Ok");
    await open.receiver.close();
  });

  test("a listener that is not there is no result", async () => {
    const gone = await openCampus();
    await gone.receiver.close();
    await expect(testRelay({ host: "127.0.0.1", port: gone.port }, own)).rejects.toThrow("ECONNREFUSED");
  });
});
