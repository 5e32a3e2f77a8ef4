/** The panel. What the server says is the truth: nothing is decided here, and what would be refused is only left out of sight. */
import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "./style.css";
import { MantineProvider } from "@mantine/core";
import { ModalsProvider } from "@mantine/modals";
import { Notifications } from "@mantine/notifications";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { ApiError } from "./api.ts";
import { I18n } from "./i18n/i18n.tsx";
import { router } from "./router.tsx";
import { SessionGate } from "./shell/session.tsx";
import { cssVariables, theme } from "./theme.ts";

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5000,
      // What was refused stays refused; only trouble that passes is worth asking again.
      retry: (failures, error) => failures < 2 && (!(error instanceof ApiError) || error.problem.status >= 500),
    },
  },
});

/** Of the page's own script: the style element in which Mantine sets its colours needs it (assets.ts in the server). */
const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? "";
// Dialogs keep the page from scrolling by a style element of their own (react-remove-scroll), which looks for the nonce here.
Object.assign(window, { __webpack_nonce__: nonce });

/** The library that keeps the page from scrolling behind a dialog makes a style element too, and looks for its nonce there (get-nonce). */
Object.assign(globalThis, { __webpack_nonce__: nonce });

// The library that keeps the page still behind a dialogue (get-nonce in react-remove-scroll) looks for it there.
Object.assign(globalThis, { __webpack_nonce__: nonce });

const root = document.getElementById("root");
if (root === null) throw new Error("a page without a root");
createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto" getStyleNonce={() => nonce}>
      <QueryClientProvider client={queries}>
        <I18n>
          <ModalsProvider>
            <Notifications position="bottom-center" autoClose={10_000} />
            <SessionGate>
              <RouterProvider router={router} />
            </SessionGate>
          </ModalsProvider>
        </I18n>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
