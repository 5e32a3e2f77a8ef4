/** What the panel asks of the API, and how often of a hundred requests. Data only: `npm run bench:panel` runs it. */
import type { Samples } from "../load-campus/samples.ts";

export type PanelRequest = {
  /** One kind of question: its times are counted together. */
  readonly name: string;
  readonly method: "GET";
  readonly path: string;
  readonly weight: number;
  /** So many pages further on: the `next` cursor of each answer is followed, and only the last page is timed. */
  readonly pages?: number;
};

const query = (path: string, parameters: Readonly<Record<string, string>>): string =>
  `${path}?${new URLSearchParams(parameters).toString()}`;

const addresses = (parameters: Readonly<Record<string, string>>): string => query("/api/v1/addresses", { ...parameters, limit: "50" });
const explain = (address: string): string => query("/api/v1/explain", { address });
const messages = (parameters: Readonly<Record<string, string>>): string => query("/api/v1/messages", parameters);

const get = (name: string, path: string, weight: number, pages?: number): PanelRequest => ({
  name,
  method: "GET",
  path,
  weight,
  ...(pages !== undefined && { pages }),
});

export const panelRequests = (samples: Samples): readonly PanelRequest[] => [
  get("addresses, first page", addresses({}), 10),
  get("addresses, by a word", addresses({ q: "smith" }), 10),
  get("addresses, by a rare word", addresses({ q: samples.person.split("@", 1)[0] ?? "" }), 5),
  get("addresses, by target domain", addresses({ q: "to:gmail.example" }), 5),
  get("addresses, lists of a domain", addresses({ domain: samples.domains[1] ?? "", kind: "list" }), 5),
  get("addresses, dead ends", addresses({ state: "dead-end" }), 5),
  get("addresses, last changed first", addresses({ sort: "-changed" }), 5),
  get("addresses, 40 pages on", addresses({}), 2, 40),
  get("addresses by a word, 40 pages on", addresses({ q: "smith" }), 2, 40),
  get("explain, person", explain(samples.person), 10),
  get("explain, wide list", explain(samples.wideList), 2),
  get("explain, chain", explain(samples.chain), 2),
  get("explain, dead end", explain(samples.deadEnd), 2),
  get("explain backwards, person", query("/api/v1/explain/reverse", { address: samples.busyPerson }), 3),
  get("explain backwards, popular", query("/api/v1/explain/reverse", { address: samples.popularTarget }), 2),
  get("messages of a busy person", messages({ person: samples.busyPerson }), 8),
  get("messages by queue id", messages({ id: samples.sentMessage }), 3),
  get("messages, bounced", messages({ status: "bounced" }), 3),
  get("message", `/api/v1/messages/${samples.bouncedMessage}`, 5),
  get("queue, groups", "/api/v1/queue/groups", 4),
  get("queue, messages", "/api/v1/queue/messages", 3),
  get("changes", "/api/v1/changes", 2),
  get("domains", "/api/v1/domains", 2),
];
