/** What the panel asks of the world outside, handed in by whoever put the server together: admin/ opens no connection of its own. */
import type { DnsResolver } from "../actions/dns/ask.ts";
import type { Route } from "../directory/directory.ts";
import type { Mailbox } from "../mail/mailbox.ts";

/** One stage of a connection test, as deliver/try-hop.ts tells it. */
export type HopStage = {
  readonly stage: "hosts" | "connect" | "tls" | "recipient";
  readonly host: string | null;
  readonly state: "good" | "warn" | "bad";
  readonly code:
    | "found"
    | "nowhere"
    | "not-allowed"
    | "connected"
    | "lost"
    | "encrypted"
    | "clear"
    | "clear-after-failure"
    | "taken"
    | "later"
    | "refused";
  readonly said: string;
  readonly took_ms: number;
};

export type RelayTest = {
  readonly at: string;
  /** Our own networks may relay: asked from there, the test learns nothing. */
  readonly is_trusted: boolean;
  readonly results: readonly {
    readonly sender: string;
    readonly recipient: string;
    readonly smtputf8: boolean;
    readonly expected: readonly string[];
    readonly got: string;
    readonly passed: boolean;
  }[];
};

export type Probes = {
  readonly dns: DnsResolver;
  /** `configured`: an admin has set this very route, so that its host may be private. */
  readonly tryHop: (
    route: Route,
    question: { readonly domain: string; readonly recipient: Mailbox | null; readonly configured: boolean },
  ) => Promise<readonly HopStage[]>;
  /** The open-relay forms, sent to our own listener as a stranger would. Null: nothing listens for strangers. */
  readonly relayTest: ((domain: string) => Promise<RelayTest>) | null;
};

/** A setting as `mailroom config print` shows it. */
export type ShownSetting = {
  readonly key: string;
  /** Null: nothing is set. Secrets are ***. */
  readonly value: string | null;
  readonly origin: string;
  readonly sentence: string;
  /** When a new value counts. `file`: the file it names is read again by itself. */
  readonly applies: "restart" | "file";
};
