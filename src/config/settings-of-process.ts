import { type LoadedSettings, loadSettings } from "./load-settings.ts";

/** The settings of this process; the one place that reads process.env. Throws SettingsError with all faults. */
export const settingsOfProcess = (configFile?: string): LoadedSettings =>
  loadSettings({ configFile, env: process.env, cwd: process.cwd() });
