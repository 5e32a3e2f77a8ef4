/** Every screen and its address. The address holds all state of a screen, so that each view is a link. Screens are loaded when they are shown. */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from "@tanstack/react-router";

import { Landing } from "./shell/landing.tsx";

import { NotFound } from "./shell/not-found.tsx";
import { Shell } from "./shell/shell.tsx";

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound });

/** The named members of a page's query, as text; anything else in it is dropped. */
const only =
  <Name extends string>(...names: readonly Name[]) =>
  (search: Record<string, unknown>): { [K in Name]?: string | undefined } =>
    Object.fromEntries(names.flatMap((name) => (search[name] === undefined ? [] : [[name, `${search[name] as string | number}`]]))) as {
      [K in Name]?: string | undefined;
    };

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  validateSearch: only("span"),
  component: Landing,
});

const trace = createRoute({
  getParentRoute: () => root,
  path: "/trace",
  validateSearch: only("person", "id", "status", "relay", "span", "cursor"),
  component: lazyRouteComponent(() => import("./screens/trace/trace.tsx"), "Trace"),
});

const message = createRoute({
  getParentRoute: () => root,
  path: "/trace/$id",
  component: lazyRouteComponent(() => import("./screens/trace/message.tsx"), "MessagePage"),
});

const queue = createRoute({
  getParentRoute: () => root,
  path: "/queue",
  validateSearch: only("view", "group", "cursor"),
  component: lazyRouteComponent(() => import("./screens/queue/queue.tsx"), "Queue"),
});

const destinations = createRoute({
  getParentRoute: () => root,
  path: "/destinations",
  component: lazyRouteComponent(() => import("./screens/destinations/destinations.tsx"), "Destinations"),
});

const addresses = createRoute({
  getParentRoute: () => root,
  path: "/addresses",
  validateSearch: only("q", "sort", "cursor"),
  component: lazyRouteComponent(() => import("./screens/addresses/addresses.tsx"), "Addresses"),
});

const address = createRoute({
  getParentRoute: () => root,
  path: "/addresses/$address",
  validateSearch: only("tab"),
  component: lazyRouteComponent(() => import("./screens/addresses/address.tsx"), "AddressPage"),
});

const lists = createRoute({
  getParentRoute: () => root,
  path: "/lists",
  validateSearch: only("q", "posting", "cursor", "view", "person"),
  component: lazyRouteComponent(() => import("./screens/lists/lists.tsx"), "Lists"),
});

const list = createRoute({
  getParentRoute: () => root,
  path: "/lists/$address",
  validateSearch: only("tab", "q", "cursor"),
  component: lazyRouteComponent(() => import("./screens/lists/list.tsx"), "ListPage"),
});

const explain = createRoute({
  getParentRoute: () => root,
  path: "/explain",
  validateSearch: only("address", "from", "as_of", "view", "node"),
  component: lazyRouteComponent(() => import("./screens/explain/explain.tsx"), "Explain"),
});

const domains = createRoute({
  getParentRoute: () => root,
  path: "/domains",
  component: lazyRouteComponent(() => import("./screens/domains/domains.tsx"), "Domains"),
});

const domain = createRoute({
  getParentRoute: () => root,
  path: "/domains/$domain",
  component: lazyRouteComponent(() => import("./screens/domains/domain.tsx"), "DomainPage"),
});

const directory = createRoute({
  getParentRoute: () => root,
  path: "/directory",
  component: lazyRouteComponent(() => import("./screens/directory/directory.tsx"), "Directory"),
});

const settings = createRoute({
  getParentRoute: () => root,
  path: "/settings",
  validateSearch: only("q", "set"),
  component: lazyRouteComponent(() => import("./screens/settings/settings.tsx"), "Settings"),
});

const captured = createRoute({
  getParentRoute: () => root,
  path: "/captured",
  validateSearch: only("q", "cursor"),
  component: lazyRouteComponent(() => import("./screens/captured/captured.tsx"), "Captured"),
});

const capturedMessage = createRoute({
  getParentRoute: () => root,
  path: "/captured/$id",
  validateSearch: only("part"),
  component: lazyRouteComponent(() => import("./screens/captured/message.tsx"), "CapturedMessage"),
});

const me = createRoute({
  getParentRoute: () => root,
  path: "/me",
  component: lazyRouteComponent(() => import("./screens/me/my-mail.tsx"), "MyMail"),
});

const forwarding = createRoute({
  getParentRoute: () => root,
  path: "/me/forwarding",
  validateSearch: only("address"),
  component: lazyRouteComponent(() => import("./screens/me/forwarding.tsx"), "ForwardingPage"),
});

const myLists = createRoute({
  getParentRoute: () => root,
  path: "/me/lists",
  validateSearch: only("cursor"),
  component: lazyRouteComponent(() => import("./screens/me/lists.tsx"), "MyLists"),
});

const appPasswords = createRoute({
  getParentRoute: () => root,
  path: "/me/app-passwords",
  component: lazyRouteComponent(() => import("./screens/me/app-passwords.tsx"), "AppPasswords"),
});

const access = createRoute({
  getParentRoute: () => root,
  path: "/access",
  validateSearch: only("tab", "q", "cursor"),
  component: lazyRouteComponent(() => import("./screens/access/access.tsx"), "Access"),
});

/** Where the server sends who could not be signed in; whoever is signed in has nothing to do there. */
const signIn = createRoute({
  getParentRoute: () => root,
  path: "/signin",
  beforeLoad: () => {
    throw redirect({ to: "/", throw: true }); // oxlint-disable-line typescript/only-throw-error -- how the router is told
  },
});

const imports = createRoute({
  getParentRoute: () => root,
  path: "/import",
  validateSearch: only("id", "state", "cursor"),
  component: lazyRouteComponent(() => import("./screens/imports/import.tsx"), "Import"),
});

const change = createRoute({
  getParentRoute: () => root,
  path: "/changes/$id",
  validateSearch: only("cursor", "undo"),
  component: lazyRouteComponent(() => import("./screens/changes/change.tsx"), "ChangePage"),
});

const audit = createRoute({
  getParentRoute: () => root,
  path: "/audit",
  validateSearch: only("object", "actor", "since", "cursor"),
  component: lazyRouteComponent(() => import("./screens/changes/audit.tsx"), "Audit"),
});

export const router = createRouter({
  routeTree: root.addChildren([
    home,
    addresses,
    address,
    lists,
    list,
    explain,
    domains,
    domain,
    directory,
    settings,
    captured,
    capturedMessage,
    me,
    forwarding,
    myLists,
    appPasswords,
    trace,
    message,
    queue,
    destinations,
    access,
    signIn,
    imports,
    change,
    audit,
  ]),
  defaultPreload: "intent",
  scrollRestoration: true,
  // The query is for people: q=smith, not q=%22smith%22.
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (search) => {
    const parts = Object.entries(search).filter(([, value]) => value !== undefined && value !== "");
    return parts.length === 0 ? "" : `?${new URLSearchParams(parts as [string, string][]).toString()}`;
  },
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
