/** What aliases and lists have in common, asked of the one or the other. */
import type { InferRequestType, InferResponseType } from "hono/client";
import { api, body, reasonHeader } from "../../api.ts";
import type { Written } from "../../parts/change.tsx";

/** What both take. */
export type EntryPatch = Omit<InferRequestType<(typeof api.aliases)[":address"]["$patch"]>["json"], "targets" | "affiliation">;
/** What lists take besides. */
type ListPatch = InferRequestType<(typeof api.lists)[":address"]["$patch"]>["json"];
/** The properties that both have. */
export type Entry = Pick<
  InferResponseType<(typeof api.addresses)[":address"]["$get"], 200>,
  | "address"
  | "kind"
  | "owner"
  | "note"
  | "starts_at"
  | "expires_at"
  | "disabled"
  | "disabled_text"
  | "moved_to"
  | "moved_delivers"
  | "version"
  | "created_at"
  | "changed_at"
>;

const withVersion = (version: number, why: string) => ({ headers: { "if-match": `"${version}"`, ...reasonHeader(why) } });

export function sendPatch(
  { address, kind }: Pick<Entry, "address" | "kind">,
  patch: EntryPatch,
  version: number,
  why: string,
): Promise<Written> {
  const request = { param: { address }, query: {}, json: patch };
  return kind === "alias"
    ? body(api.aliases[":address"].$patch(request, withVersion(version, why)))
    : body(api.lists[":address"].$patch(request, withVersion(version, why)));
}

export const sendListPatch = (address: string, patch: ListPatch, version: number, why: string): Promise<Written> =>
  body(api.lists[":address"].$patch({ param: { address }, query: {}, json: patch }, withVersion(version, why)));

export function sendDelete(
  { address, kind, version }: Pick<Entry, "address" | "kind" | "version">,
  why: string,
  dryRun = false,
): Promise<Written> {
  const request = { param: { address }, query: dryRun ? { dry_run: "true" as const } : {} };
  return kind === "alias"
    ? body(api.aliases[":address"].$delete(request, withVersion(version, why)))
    : body(api.lists[":address"].$delete(request, withVersion(version, why)));
}

export const readReach = (address: string) => body(api.addresses[":address"].reach.$get({ param: { address } }));

export const readAddress = (address: string) => body(api.addresses[":address"].$get({ param: { address } }));
