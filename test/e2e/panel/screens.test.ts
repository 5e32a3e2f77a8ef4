/** The built panel in a real browser, over the demo: each screen at two widths in two schemes, with what axe and the browser say of it. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { axeFaults, openBrowser, picture, type Scheme, signIn, type Visit, visit, type Width } from "../../support/browser.ts";
import { eventually } from "../../support/eventually.ts";
import { type Mailroom, startMailroom } from "../../support/mailroom.ts";
import { needs } from "../../support/needs.ts";
import { SCREENS } from "./screens.ts";

const VIEWS = [
  ["desktop", "light"],
  ["desktop", "dark"],
  ["phone", "light"],
  ["phone", "dark"],
] as const satisfies readonly (readonly [Width, Scheme])[];

needs("chromium", "fonts")("every screen", () => {
  let server: Mailroom;
  let browser: Browser;
  let password = "";
  beforeAll(async () => {
    [server, browser] = await Promise.all([startMailroom({ verb: "demo", env: { MAILROOM_WORKERS: "1" } }), openBrowser()]);
    await eventually(() => expect(server.output()).toMatch(/sign in as admin with/));
    password = /sign in as admin with (\S+)/.exec(server.output())?.[1] ?? "";
  });
  afterAll(async () => {
    await browser?.close();
    await server?.remove();
  });

  test("signing in: a wrong password is told and takes the focus, the right one opens the panel", async () => {
    for (const [width, scheme] of VIEWS) {
      const seen = await visit(browser, server.http, width, scheme);
      await seen.page.goto("/");
      await seen.page.getByRole("heading", { name: "Sign in to Mailroom" }).waitFor();
      await picture(seen, `sign-in-${width}-${scheme}`);
      expect(await axeFaults(seen)).toEqual([]);
      expect(seen.complaints).toEqual([]);
      await seen.context.close();
    }
    const seen = await visit(browser, server.http);
    await seen.page.goto("/");
    await seen.page.locator("input[name=login]").fill("admin");
    await seen.page.locator("input[name=password]").fill("wrong");
    await seen.page.getByRole("button", { name: "Sign in" }).click();
    await seen.page.getByText("Name or password is not right.").first().waitFor();
    await seen.context.close();
  }, 120_000);

  test.each(["desktop", "phone"] as const)(
    "%s: shown without a complaint in light and dark, and axe finds nothing",
    async (width) => {
      const seen = await visit(browser, server.http, width);
      await signIn(seen, "admin", password);
      const faults: string[] = [];
      for (const { name, path, shown } of SCREENS) {
        await seen.page.emulateMedia({ colorScheme: "light" });
        await seen.page.goto(path);
        await seen.page.locator(shown).first().waitFor();
        for (const scheme of ["light", "dark"] as const) {
          await seen.page.emulateMedia({ colorScheme: scheme });
          await picture(seen, `${name}-${width}-${scheme}`);
          faults.push(...(await axeFaults(seen)).map((fault) => `${name} ${scheme}: ${fault}`));
        }
        if (await isTooWide(seen)) faults.push(`${name}: wider than the window`);
      }
      expect(faults).toEqual([]);
      expect(seen.complaints).toEqual([]);
      await seen.context.close();
    },
    420_000,
  );
});

/** WCAG 2.2, 1.4.10: nothing makes the whole page scroll sideways. */
const isTooWide = ({ page }: Visit): Promise<boolean> =>
  page.evaluate<boolean>("document.documentElement.scrollWidth > document.documentElement.clientWidth + 1");
