/** LISTEN on a connection of its own, which comes back by itself; silence is not taken for health. */
import pg from "pg";
import type { Log } from "../log/log.ts";
import { type Connection, hostChoice } from "./connection.ts";
import { faultFields } from "./faults.ts";

export type Subscription = {
  /** False while notifications may be getting lost: answer from the database, not from a cache. */
  healthy(): boolean;
  stop(): Promise<void>;
};

export type Listener = {
  listen(channel: string, onPayload: (payload: string) => void, onGap: () => void): Promise<Subscription>;
  close(): Promise<void>;
};

/** A connection that died without a word (a pulled cable) is noticed after PING_MS + ANSWER_MS at the latest. */
const PING_MS = 2000;
const ANSWER_MS = 2000;
const RETRY_FIRST_MS = 50;
const RETRY_LAST_MS = 2000;

type Channel = { readonly name: string; readonly onPayload: (payload: string) => void; readonly onGap: () => void; isActive: boolean };

/** Opens its connection with the first listen(). */
export function openListener(connection: Connection, settings: pg.ClientConfig, log: Log): Listener {
  const hosts = hostChoice(connection);
  const channels = new Set<Channel>();
  let client: pg.Client | null = null;
  let connecting: Promise<void> | null = null;
  let timer: NodeJS.Timeout | undefined;
  let retryMs = RETRY_FIRST_MS;
  let isClosed = false;

  const lost = (from: pg.Client, error: unknown) => {
    if (client !== from) return;
    client = null;
    for (const channel of channels) channel.isActive = false;
    log.warn("notifications interrupted", faultFields(error));
    drop(from);
    connectLater();
  };

  const connectLater = () => {
    clearTimeout(timer);
    if (isClosed || channels.size === 0) return;
    timer = setTimeout(() => void connect(), retryMs * (0.5 + Math.random()));
    retryMs = Math.min(retryMs * 2, RETRY_LAST_MS);
  };

  const connect = (): Promise<void> => {
    connecting ??= open().finally(() => {
      connecting = null;
    });
    return connecting;
  };

  const open = async () => {
    clearTimeout(timer);
    const fresh = new pg.Client({ ...settings, ...hosts.current(), query_timeout: ANSWER_MS });
    fresh.on("error", (error) => lost(fresh, error));
    fresh.on("end", () => lost(fresh, new Error("connection ended")));
    fresh.on("notification", ({ channel, payload }) => {
      for (const each of channels) if (each.isActive && each.name === channel) call(each.onPayload, payload ?? "");
    });
    try {
      await fresh.connect();
      for (const channel of channels) await fresh.query(`listen ${pg.escapeIdentifier(channel.name)}`);
    } catch (error) {
      drop(fresh);
      hosts.next();
      log.debug("cannot listen for notifications", faultFields(error));
      connectLater();
      return;
    }
    if (isClosed) return drop(fresh);
    client = fresh;
    retryMs = RETRY_FIRST_MS;
    for (const channel of channels) activate(channel);
    ping(fresh);
  };

  const activate = (channel: Channel) => {
    channel.isActive = true;
    call(channel.onGap);
  };

  const call = <A extends unknown[]>(f: (...args: A) => void, ...args: A) => {
    try {
      f(...args);
    } catch (error) {
      log.error("a notification's handler failed", faultFields(error));
    }
  };

  const ping = (on: pg.Client) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      on.query("select 1").then(
        () => client === on && ping(on),
        (error: unknown) => lost(on, error),
      );
    }, PING_MS);
  };

  return {
    listen: async (name, onPayload, onGap) => {
      const channel: Channel = { name, onPayload, onGap, isActive: false };
      channels.add(channel);
      await connecting; // it may have read the set of channels before
      if (client && !channel.isActive) await addTo(client, channel);
      else if (!client) await connect();
      return {
        healthy: () => channel.isActive,
        stop: async () => {
          channels.delete(channel);
          channel.isActive = false;
          if (channels.size === 0) await end();
        },
      };
    },
    close: async () => {
      isClosed = true;
      channels.clear();
      await connecting;
      await end();
    },
  };

  async function addTo(on: pg.Client, channel: Channel): Promise<void> {
    try {
      await on.query(`listen ${pg.escapeIdentifier(channel.name)}`);
      if (client === on && channels.has(channel)) activate(channel);
    } catch (error) {
      lost(on, error);
    }
  }

  async function end(): Promise<void> {
    clearTimeout(timer);
    const last = client;
    client = null;
    if (!last) return;
    const unheard = setTimeout(() => drop(last), ANSWER_MS);
    await last.end();
    clearTimeout(unheard);
  }
}

/** Ends a client whatever its state; end() alone would wait for a peer that is gone. */
function drop(client: pg.Client): void {
  client.on("error", () => undefined);
  (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
}
