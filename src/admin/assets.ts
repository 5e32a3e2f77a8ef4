/** The panel's own files, as Vite built them: read once, served from memory. */
import { createHash, randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Context } from "hono";
import { panel } from "./context.ts";

/** The page that starts the panel, and its other files by path, as in `/assets/index-1a2b.js`. */
export type Assets = { readonly page: string; readonly files: ReadonlyMap<string, Asset> };
type Asset = { readonly octets: Uint8Array<ArrayBuffer>; readonly type: string; readonly etag: string };

const TYPES: Readonly<Record<string, string>> = {
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
  ".png": "image/png",
};

/** Beside the compiled program, or in dist/ when the sources are run. */
const FOLDERS = ["../panel", "../../dist/panel"].map((path) => fileURLToPath(new URL(path, import.meta.url)));

/** Null: the panel was not built. */
export function readAssets(): Assets | null {
  const folder = FOLDERS.find((each) => existsSync(join(each, "index.html")));
  if (folder === undefined) return null;
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => TYPES[extname(name)] !== undefined);
  return {
    page: readFileSync(join(folder, "index.html"), "utf8"),
    files: new Map(names.map((name) => [`/${name.replaceAll("\\", "/")}`, assetOf(join(folder, name))])),
  };
}

function assetOf(path: string): Asset {
  const octets = new Uint8Array(readFileSync(path));
  return { octets, type: TYPES[extname(path)] ?? "", etag: `"${createHash("sha256").update(octets).digest("base64url").slice(0, 22)}"` };
}

/**
 * Own scripts, styles, images and connections, and nothing else. The nonce is for the one style element in which Mantine sets its colours;
 * pictures that are downloaded are drawn from a blob.
 */
const policy = (nonce: string): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' blob:",
    "font-src 'self'",
    "connect-src 'self'",
    "frame-src 'self'",
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join("; ");

/** Headers of every page and file. */
const HEADERS = {
  "x-frame-options": "DENY",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=()",
};

const NONCE = "%NONCE%"; // stands in the page where the nonce belongs

/** The files, and for every other path the page: the panel finds out by itself what to show there. */
export function panelPages(assets: Assets | null) {
  return panel.createApp().get("*", (c) => {
    if (assets === null) return c.text("The panel is not built. Build it with: npm run build\n", 503);
    const file = assets.files.get(c.req.path);
    if (file !== undefined) return fileAnswer(c, file);
    if (/^\/(assets\/.*|[^/]+\.\w+)$/.test(c.req.path)) return c.text("There is no such file.\n", 404, HEADERS);
    const nonce = randomBytes(16).toString("base64");
    return c.html(assets.page.replaceAll(NONCE, nonce), 200, {
      ...HEADERS,
      "content-security-policy": policy(nonce),
      "cache-control": "no-store",
    });
  });
}

/** Names of built files hold a hash of what is in them: they never change. */
function fileAnswer(c: Context, { octets, type, etag }: Asset): Response {
  const headers = {
    ...HEADERS,
    etag,
    "cache-control": c.req.path.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-cache",
  };
  if (c.req.header("if-none-match") === etag) return c.body(null, 304, headers);
  return c.body(octets, 200, { ...headers, "content-type": type });
}
