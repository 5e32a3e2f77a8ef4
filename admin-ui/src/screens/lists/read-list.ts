import type { InferResponseType } from "hono/client";
import { api, body } from "../../api.ts";

/** A list as its page shows it. */
export type List = InferResponseType<(typeof api.lists)[":address"]["$get"], 200>;

export const readList = (address: string): Promise<List> => body(api.lists[":address"].$get({ param: { address } }));
