/** Debian's Chromium, driven by playwright-core: pages of the built panel as people see them, with what a browser complains of. */
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";

/** Where a person can look at every screen after a test run. */
const PICTURES = resolve("test-results/panel");

export const WIDTHS = { desktop: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } } as const;
export type Width = keyof typeof WIDTHS;
export type Scheme = "light" | "dark";

export const openBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update"],
  });

const TELL_VIOLATIONS = `document.addEventListener("securitypolicyviolation", (event) =>
  console.error("content security policy: " + event.violatedDirective + " " + event.blockedURI));`;

/** A page and all it complained of: errors of scripts, refused by the content security policy, answers that were expected by nobody. */
export type Visit = { readonly page: Page; readonly context: BrowserContext; readonly complaints: readonly string[] };

export async function visit(
  browser: Browser,
  baseURL: string,
  width: Width = "desktop",
  scheme: Scheme = "light",
  more: BrowserContextOptions = {},
): Promise<Visit> {
  const context = await browser.newContext({
    baseURL,
    viewport: WIDTHS[width],
    colorScheme: scheme,
    locale: "en-GB",
    reducedMotion: "reduce",
    ...more,
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
  page.on("console", (message) => {
    // The browser itself writes a line for each answer of 4xx; the panel shows those.
    if (message.type() === "error" && !/Failed to load resource/.test(message.text())) complaints.push(`console: ${message.text()}`);
  });
  await page.addInitScript({ content: TELL_VIOLATIONS });
  return { page, context, complaints };
}

export async function signIn({ page }: Visit, login: string, password: string): Promise<void> {
  await page.goto("/");
  await page.locator("input[name=login]").fill(login);
  await page.locator("input[name=password]").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: /Signed in as/ }).waitFor();
}

/** Writes what the page shows to test-results/panel/NAME.png, whole. */
export async function picture({ page }: Visit, name: string): Promise<void> {
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
}

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const RUN_AXE = `axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }).then(({ violations }) =>
  violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => id + ": " + target.join(" ") + ": " + failureSummary)))`;

/** What axe finds against WCAG 2.2 A and AA, one line for each element. */
export async function axeFaults({ page }: Visit): Promise<readonly string[]> {
  await page.evaluate(axe); // not a script element: the policy of the page forbids one that is not the panel's
  return page.evaluate<string[]>(RUN_AXE);
}
