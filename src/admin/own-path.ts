const NOWHERE = "https://panel.invalid";

/**
 * A path of ours to go to, or null: browsers take `//evil`, `/\evil` and what becomes one of them for another host. The result is what a browser
 * makes of it (the URL standard), so that nothing is read twice in two ways.
 */
export function ownPath(text: string): string | null {
  if (!text.startsWith("/") || text.length > 2000 || /[\\\p{C}]/u.test(text) || !URL.canParse(text, NOWHERE)) return null;
  const { origin, pathname, search, hash } = new URL(text, NOWHERE);
  if (origin !== NOWHERE || pathname.startsWith("//") || pathname.startsWith("/api/")) return null;
  return `${pathname}${search}${hash}`;
}
