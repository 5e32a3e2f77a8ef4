/** LISTEN on a connection of its own, which comes back by itself; silence is not taken for health. */
import pg from "pg";
import type { Log } from "../log/log.ts";
import type { Connection } from "./connection.ts";
import { type HostChoice, hostChoice } from "./driver-settings.ts";
import { faultFields } from "./faults.ts";
import { cut } from "./session.ts";

export type Subscription = {
  /** False while notifications may be getting lost: answer from the database, not from a cache. */
  healthy(): boolean;
  stop(): Promise<void>;
};

/** A connection that died without a word (a pulled cable) is noticed after PING_MS + ANSWER_MS at the latest. */
const PING_MS = 2000;
const ANSWER_MS = 2000;
const RETRY_FIRST_MS = 50;
const RETRY_LAST_MS = 2000;

type Channel = {
  readonly name: string;
  readonly onPayload: (payload: string) => void;
  readonly onGap: () => void;
  isHeard: boolean;
};

export class Listener {
  readonly #hosts: HostChoice;
  readonly #settings: pg.ClientConfig;
  readonly #log: Log;
  readonly #channels = new Set<Channel>();
  #client: pg.Client | null = null;
  #opening: Promise<void> | null = null;
  #timer: NodeJS.Timeout | undefined;
  #retryMs = RETRY_FIRST_MS;

  constructor(connection: Connection, settings: pg.ClientConfig, log: Log) {
    this.#hosts = hostChoice(connection);
    this.#settings = { ...settings, query_timeout: ANSWER_MS };
    this.#log = log;
  }

  /** See Db.listen. The connection is opened with the first channel and closed with the last. */
  async listen(name: string, onPayload: (payload: string) => void, onGap: () => void): Promise<Subscription> {
    const channel: Channel = { name, onPayload, onGap, isHeard: false };
    this.#channels.add(channel);
    if (this.#client) await this.#hear(this.#client, channel);
    else await this.#open();
    return {
      healthy: () => channel.isHeard,
      stop: async () => {
        channel.isHeard = false;
        this.#channels.delete(channel);
        if (this.#channels.size === 0) await this.#end();
      },
    };
  }

  async close(): Promise<void> {
    for (const channel of this.#channels) channel.isHeard = false;
    this.#channels.clear();
    await this.#end();
  }

  #open(): Promise<void> {
    this.#opening ??= this.#connect().finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  async #connect(): Promise<void> {
    const client = new pg.Client({ ...this.#settings, ...this.#hosts.current() });
    client.on("error", (error) => this.#lost(client, error));
    client.on("end", () => this.#lost(client, new Error("connection ended")));
    client.on("notification", ({ channel, payload }) => {
      for (const each of this.#channels) if (each.isHeard && each.name === channel) this.#call(() => each.onPayload(payload ?? ""));
    });
    try {
      await client.connect();
      // Channels that are added meanwhile are met at the end of this very loop.
      for (const channel of this.#channels) await client.query(`listen ${pg.escapeIdentifier(channel.name)}`);
    } catch (error) {
      cut(client);
      this.#hosts.next();
      this.#log.debug("cannot listen for notifications", faultFields(error));
      this.#openLater();
      return;
    }
    if (this.#channels.size === 0) return cut(client);
    this.#client = client;
    this.#retryMs = RETRY_FIRST_MS;
    for (const channel of this.#channels) this.#begin(channel);
    this.#pingLater(client);
  }

  async #hear(client: pg.Client, channel: Channel): Promise<void> {
    try {
      await client.query(`listen ${pg.escapeIdentifier(channel.name)}`);
      if (this.#client === client && this.#channels.has(channel)) this.#begin(channel);
    } catch (error) {
      this.#lost(client, error);
    }
  }

  #begin(channel: Channel): void {
    channel.isHeard = true;
    this.#call(channel.onGap);
  }

  #lost(client: pg.Client, error: unknown): void {
    if (this.#client !== client) return;
    this.#client = null;
    for (const channel of this.#channels) channel.isHeard = false;
    this.#log.warn("notifications interrupted", faultFields(error));
    cut(client);
    this.#openLater();
  }

  #openLater(): void {
    clearTimeout(this.#timer);
    if (this.#channels.size === 0) return;
    this.#timer = setTimeout(() => void this.#open(), this.#retryMs * (0.5 + Math.random()));
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_LAST_MS);
  }

  #pingLater(client: pg.Client): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      client.query("select 1").then(
        () => this.#client === client && this.#pingLater(client),
        (error: unknown) => this.#lost(client, error),
      );
    }, PING_MS);
  }

  #call(handler: () => void): void {
    try {
      handler();
    } catch (error) {
      this.#log.error("a notification's handler failed", faultFields(error));
    }
  }

  async #end(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#opening;
    const client = this.#client;
    if (!client || this.#channels.size > 0) return; // somebody listens again
    this.#client = null;
    const unanswered = setTimeout(() => cut(client), ANSWER_MS);
    await client.end();
    clearTimeout(unanswered);
  }
}
