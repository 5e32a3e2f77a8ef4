/** Where a request comes from. Only loopback reaches `http.listen`, so what the web server in front of us adds to X-Forwarded-For is true. */
import { isIP } from "node:net";
import type { Context } from "hono";

type NodeBindings = { readonly incoming?: { readonly socket?: { readonly remoteAddress?: string | undefined } } };

/** An IP address. Of a list of forwarders the last one counts: it is the one our own web server has seen. */
export function clientAddressOf(c: Context): string {
  const forwarded = c.req.header("x-forwarded-for")?.split(",").at(-1)?.trim() ?? "";
  if (isIP(forwarded) !== 0) return forwarded;
  const address = (c.env as NodeBindings | undefined)?.incoming?.socket?.remoteAddress ?? "127.0.0.1";
  return address.replace(/^::ffff:(?=\d+\.)/, "");
}
