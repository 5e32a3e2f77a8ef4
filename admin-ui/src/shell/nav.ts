import type { Key } from "../i18n/messages.ts";
import type { Action } from "./session.tsx";

/** A screen in the menu: shown to those whom the server would let see it. */
export type NavItem = {
  readonly to: string;
  readonly label: Key;
  readonly action: Action;
  /** `g` and then this key. */
  readonly key?: string;
  /** Shown when this is true of the server. */
  readonly demoOnly?: boolean;
};

export const NAV: readonly { readonly label: Key; readonly items: readonly NavItem[] }[] = [
  {
    label: "nav.mail",
    items: [
      { to: "/", label: "nav.home", action: "flow.see", key: "h" },
      { to: "/addresses", label: "nav.addresses", action: "addresses.see", key: "a" },
      { to: "/lists", label: "nav.lists", action: "addresses.see", key: "l" },
      { to: "/explain", label: "nav.explain", action: "addresses.see", key: "e" },
      { to: "/trace", label: "nav.trace", action: "messages.see", key: "t" },
      { to: "/queue", label: "nav.queue", action: "queue.see", key: "q" },
      { to: "/destinations", label: "nav.destinations", action: "destinations.see" },
      { to: "/captured", label: "nav.captured", action: "captured.see", demoOnly: true },
      { to: "/import", label: "nav.imports", action: "imports.preview" },
      { to: "/audit", label: "nav.audit", action: "changes.see", key: "u" },
    ],
  },
  {
    label: "nav.server",
    items: [
      { to: "/domains", label: "nav.domains", action: "domains.see" },
      { to: "/directory", label: "nav.directory", action: "directory.see", key: "d" },
      { to: "/settings", label: "nav.settings", action: "settings.see" },
    ],
  },
  {
    label: "nav.own",
    items: [
      { to: "/me", label: "nav.me", action: "me.see", key: "m" },
      { to: "/me/forwarding", label: "nav.forwarding", action: "me.see" },
      { to: "/me/lists", label: "nav.myLists", action: "me.see" },
      { to: "/me/app-passwords", label: "nav.appPasswords", action: "me.see" },
    ],
  },
  { label: "nav.people", items: [{ to: "/access", label: "nav.access", action: "access.see" }] },
];
