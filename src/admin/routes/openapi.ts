/** The API's own description, made from its routes. */
import type { RouterRoute } from "hono/types";
import { type AdminDeps, panel } from "../context.ts";
import { everybody } from "../guard.ts";
import { describeApi } from "../openapi.ts";

/** `routes`: all of the application, once it is put together. */
export function openApiRoutes({ version }: AdminDeps, routes: () => readonly RouterRoute[]) {
  let text: string | null = null;
  return panel.createApp().get("/", everybody, (c) => {
    text ??= JSON.stringify(describeApi(routes(), version));
    return c.body(text, 200, { "content-type": "application/json" });
  });
}
