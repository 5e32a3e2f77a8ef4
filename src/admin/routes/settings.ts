/** Every setting as it is, with where it comes from. They are changed in the settings file and the environment alone. */
import { type AdminDeps, panel } from "../context.ts";
import { may } from "../guard.ts";

export function settingsRoutes({ settings, version }: AdminDeps) {
  return panel.createApp().get("/", may("settings.see"), (c) => c.json({ version, items: settings, total: settings.length }, 200));
}
