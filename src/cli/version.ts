import { readFileSync } from "node:fs";

/** From package.json, two folders up both in src/ and in dist/. */
export function version(): string {
  const file: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return String((file as { version?: unknown }).version);
}
