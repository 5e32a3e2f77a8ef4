/** One connection to an LDAP server, secured and bound before anything is asked over it. It never comes back: when it is lost, it is lost. */
import net from "node:net";
import tls from "node:tls";
import { Client } from "ldapts";
import { type Page, pagesOf } from "./pages.ts";
import type { Search } from "./question.ts";
import type { LdapSourceSettings } from "./settings.ts";

/** The connection is gone, and what was asked over it may have been asked for nothing. Asking again on another is safe. */
export class ConnectionLost extends Error {
  override readonly name = "ConnectionLost";
}

/** The server did not answer in time. Its connection is given up: nobody knows what comes next on it. */
export class TooSlow extends Error {
  override readonly name = "TooSlow";
}

/** Entries in a page: Active Directory gives 1,000 at most. */
const PAGE = 500;

type Opening = Pick<LdapSourceSettings, "starttls" | "ca" | "connectTimeout" | "queryTimeout">;

export class Connection {
  /** Questions under way. */
  inFlight = 0;
  readonly #client: Client;
  readonly #queryTimeout: number;
  readonly #tlsOptions: tls.ConnectionOptions;
  /** slapd minds one search in pages on a connection; the next one waits for it. */
  #paging: Promise<void> = Promise.resolve();
  #isLost = false;
  #lose: (error: Error) => void = () => undefined;
  /** Rejects when the socket is closed, by whomever: ldapts leaves some questions without an answer then. */
  readonly #lost = new Promise<never>((_, reject) => {
    this.#lose = reject;
  });

  private constructor(url: string, options: Opening) {
    this.#lost.catch(() => undefined);
    this.#queryTimeout = options.queryTimeout;
    const host = hostOf(url);
    this.#tlsOptions = {
      minVersion: "TLSv1.2",
      ...(net.isIP(host) === 0 && { servername: host }),
      ...(options.ca !== null && { ca: options.ca }),
    };
    let isUsed = false;
    const once = <S extends net.Socket>(connect: () => S): S => {
      // ldapts would connect again by itself: in clear text after StartTLS, and as nobody.
      if (isUsed) throw new ConnectionLost("the connection was lost");
      isUsed = true;
      const socket = connect();
      socket.once("close", () => this.close());
      return socket;
    };
    this.#client = new Client({
      url,
      timeout: options.queryTimeout,
      connectTimeout: options.connectTimeout,
      strictDN: false,
      ...(url.startsWith("ldaps:")
        ? {
            createSecureConnection: ((port: number, name: string) =>
              once(() => tls.connect(port, name, this.#tlsOptions))) as typeof tls.connect,
          }
        : { createConnection: ((port: number, name: string) => once(() => net.connect(port, name))) as typeof net.connect }),
    });
  }

  /** Connects, starts TLS if the source says so, and binds. Without `bind` as nobody (RFC 4513 §5.1.1). */
  static async open(url: string, options: Opening, bind: { readonly dn: string; readonly password: string } | null): Promise<Connection> {
    const connection = new Connection(url, options);
    try {
      await connection.#inTime(async () => {
        if (options.starttls) await connection.#client.startTLS(connection.#tlsOptions);
        await connection.#client.bind(bind?.dn ?? "", bind?.password ?? "");
      }, options.connectTimeout + options.queryTimeout);
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  get isUsable(): boolean {
    return !this.#isLost && this.#client.isBound;
  }

  /** Pages of a search, one where it asks for none. Each must come in time; throws what the server says. */
  async *search(search: Search): AsyncGenerator<Page> {
    if (!this.isUsable) throw new ConnectionLost("the connection was lost");
    const inTime = <T>(ask: () => Promise<T>): Promise<T> => this.#inTime(ask, this.#queryTimeout);
    if (search.paged === true) {
      const before = this.#paging;
      let done: () => void = () => undefined;
      this.#paging = new Promise((resolve) => {
        done = resolve;
      });
      try {
        await before;
        yield* pagesOf(this.#client, search, PAGE, inTime);
      } finally {
        done();
      }
      return;
    }
    const { base, scope, filter, attributes } = search;
    const options = { scope, filter, attributes: [...attributes], derefAliases: "never" as const };
    const { searchEntries, searchReferences } = await inTime(() => this.#client.search(base, options));
    yield { entries: searchEntries, references: searchReferences };
  }

  close(): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.#lose(new ConnectionLost("the connection was lost"));
    this.#client.unbind().catch(() => undefined);
  }

  async #inTime<T>(ask: () => Promise<T>, ms: number): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new TooSlow(`no answer within ${ms} ms`)), ms);
    });
    const asked = ask();
    asked.catch(() => undefined); // whoever loses the race is not waited for
    try {
      return await Promise.race([asked, late, this.#lost]);
    } catch (error) {
      if (error instanceof TooSlow) this.close();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}

const hostOf = (url: string): string => new URL(url).hostname.replace(/^\[|\]$/g, "");
