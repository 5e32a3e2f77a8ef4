/** Changing things in a real browser: an import with a bad row, mended, applied and undone; an edit undone where it was made, and from the audit. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { axeFaults, openBrowser, picture, signIn, type Visit, visit } from "../../support/browser.ts";
import { eventually } from "../../support/eventually.ts";
import { type Mailroom, startMailroom } from "../../support/mailroom.ts";
import { needs } from "../../support/needs.ts";

const csv = (name: string, text: string) => ({ name, mimeType: "text/csv", buffer: Buffer.from(text) });

needs("chromium", "fonts")("changes", () => {
  let server: Mailroom;
  let browser: Browser;
  let password = "";
  beforeAll(async () => {
    [server, browser] = await Promise.all([startMailroom({ verb: "demo", env: { MAILROOM_WORKERS: "1" } }), openBrowser()]);
    await eventually(() => expect(server.output()).toMatch(/sign in as admin with/));
    password = /sign in as admin with (\S+)/.exec(server.output())?.[1] ?? "";
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await server?.remove();
  });

  const admin = async (): Promise<Visit> => {
    const seen = await visit(browser, server.http);
    await signIn(seen, "admin", password);
    return seen;
  };
  const upload = async ({ page }: Visit, text: string): Promise<void> => {
    await page.goto("/import");
    await page.locator("input[type=file]").setInputFiles(csv("people.csv", text));
    await page.getByRole("button", { name: "Check it" }).click();
  };
  const make = async ({ page }: Visit, address: string, target: string): Promise<void> => {
    await page.goto("/addresses");
    await page.getByRole("button", { name: "New address" }).click();
    await page.getByLabel("Address", { exact: false }).last().waitFor();
    await page.getByRole("textbox", { name: "Address" }).fill(address);
    await page.getByRole("textbox", { name: "Targets" }).fill(target);
  };

  test("an import with a bad row: the row is shown, mended, the rest applied, and all undone", async () => {
    const seen = await admin();
    const { page } = seen;
    await upload(
      seen,
      "address,targets\ne2e.one@campus.example,alee@mbx.campus.example\ne2e..two@campus.example,alee@mbx.campus.example\n",
    );
    await page.getByText("1 row has a problem").waitFor();
    await page.getByRole("cell", { name: /write e2e\.two@campus\.example/ }).waitFor();
    expect(await page.getByRole("button", { name: /^Apply/ }).count()).toBe(0);
    await picture(seen, "import-problem-desktop-light");
    expect(await axeFaults(seen)).toEqual([]);

    await upload(seen, "address,targets\ne2e.one@campus.example,alee@mbx.campus.example\ne2e.two@campus.example,alee@mbx.campus.example\n");
    await page.getByText("+2 new, ~0 changed").waitFor();
    await picture(seen, "import-preview-desktop-light");
    await page.getByRole("button", { name: "Apply 2 changes" }).click();
    await page.getByRole("button", { name: "Undo this import" }).click();
    await page.getByRole("button", { name: "Undo", exact: true }).click();
    await page.getByText(/Change #\d+ is undone/).waitFor();
    await page.goto("/addresses?q=e2e.one");
    await page.getByText("No address matches").waitFor();
    expect(seen.complaints).toEqual([]);
    await seen.context.close();
  }, 120_000);

  test("a loop is drawn while typing, and a new address is undone from its toast", async () => {
    const seen = await admin();
    const { page } = seen;
    await make(seen, "e2e.toast@campus.example", "e2e.toast@campus.example");
    await page.getByText(/It would make a loop|A rule forbids it|Not an address/).waitFor();
    await page.getByRole("textbox", { name: "Targets" }).fill("alee@mbx.campus.example");
    await page.getByText("What it does to mail").waitFor();
    await picture(seen, "new-address-preview-desktop-light");
    await page.getByRole("button", { name: "Make it" }).click();
    await page.getByRole("alert").getByRole("button", { name: "Undo" }).click();
    await page.getByText("Undone.").waitFor();
    await page.goto("/addresses?q=e2e.toast");
    await page.getByText("No address matches").waitFor();
    expect(seen.complaints).toEqual([]);
    await seen.context.close();
  }, 120_000);

  test("what another session edited in between is shown, and overwritten or kept as one says", async () => {
    const [seen, other] = [await admin(), await admin()];
    const { page } = seen;
    await make(seen, "e2e.both@campus.example", "alee@mbx.campus.example");
    await page.getByRole("button", { name: "Make it" }).click();
    await page.getByRole("alert").getByRole("button", { name: "Undo" }).waitFor();
    await turnOff(other, "e2e.both@campus.example");
    await page.goto("/audit?object=e2e.both@campus.example"); // the toast is gone after ten seconds, and a loaded machine needs more
    await page
      .getByRole("row", { name: /alias create/ })
      .getByRole("button", { name: /^Undo change/ })
      .click();
    await page.getByText(/edited by local:admin via panel \(bulk disable\)/).waitFor();
    await picture(seen, "undo-conflict-desktop-light");
    await page.getByRole("checkbox", { name: /Overwrite the later edit of e2e\.both/ }).check();
    await page.getByRole("button", { name: "Undo: overwrite 1, keep 0" }).click();
    await page.getByText(/Change #\d+ is undone/).waitFor();
    await page.goto("/audit?object=e2e.both@campus.example");
    await page.getByText(/Undone by #\d+/).waitFor();
    expect([...seen.complaints, ...other.complaints]).toEqual([]);
    await seen.context.close();
    await other.context.close();
  }, 120_000);

  /** By the bulk bar, with the keyboard. */
  async function turnOff(seen: Visit, address: string): Promise<void> {
    const { page } = seen;
    await page.goto(`/addresses?q=${address}`);
    await page.getByRole("link", { name: address }).focus();
    await page.keyboard.press("x");
    await page.getByText("1 chosen").waitFor();
    await page.getByRole("button", { name: "Turn off" }).click();
    await page.getByText(/1 address, of which 1 will be changed/).waitFor();
    await picture(seen, "bulk-dialog-desktop-light");
    await page.getByRole("button", { name: "Turn off 1 address" }).click();
    await page.getByText("1 address turned off.").waitFor();
  }
});
