import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** `PANEL_OUT_DIR`: where the built files go; scripts/build.ts says so. */
export default defineConfig({
  root: here("."),
  base: "/",
  plugins: [react()],
  html: { cspNonce: "%NONCE%" }, // the server puts a new one into each page
  build: {
    outDir: process.env["PANEL_OUT_DIR"] ?? here("../dist/panel"),
    emptyOutDir: true,
    sourcemap: false,
    assetsInlineLimit: 0, // the policy allows no data: URLs
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
  },
});
