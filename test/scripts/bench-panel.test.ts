import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { PanelRequest } from "../../scripts/bench/panel-requests.ts";
import { askAll, timesOf } from "../../scripts/bench/panel-run.ts";

const heard: string[] = [];
let atOnce = 0;
let mostAtOnce = 0;
let server: Server;
let url: string;

/** Five pages of /pages; /slow takes its time, /wrong refuses, /cut hangs up in the middle, /odd is no JSON. */
beforeAll(async () => {
  server = createServer((request: IncomingMessage, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://here");
    heard.push(`${request.method} ${pathname} ${searchParams.get("cursor") ?? "first"}`);
    mostAtOnce = Math.max(mostAtOnce, ++atOnce);
    response.on("close", () => atOnce--);
    if (request.headers.authorization !== "Bearer good") response.writeHead(401).end();
    else if (pathname === "/wrong") response.writeHead(404).end('{"title":"nothing here"}');
    else if (pathname === "/cut") response.writeHead(200, { "content-length": "100" }).write("half", () => response.destroy());
    else if (pathname === "/slow") setTimeout(() => response.end("{}"), 30);
    else if (pathname === "/odd") response.end("<html>");
    else {
      const page = Number(searchParams.get("cursor") ?? 0) + 1;
      response.end(JSON.stringify({ items: [], next_cursor: page < 5 ? String(page) : null }));
    }
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const get = (path: string, weight: number, pages?: number): PanelRequest => ({
  name: path + (pages ?? ""),
  method: "GET",
  path,
  weight,
  ...(pages !== undefined && { pages }),
});

async function ran(requests: readonly PanelRequest[], token = "good") {
  return new Map(timesOf(await askAll({ url, token }, requests, 4, 3)).map((kind) => [kind.name, kind]));
}

it("asks each kind as often as its weight says, so many at a time, and times it", async () => {
  mostAtOnce = 0;
  const kinds = await ran([get("/slow", 3), get("/pages?limit=50", 1)]);
  expect(kinds.get("/slow")).toMatchObject({ count: 12, failures: 0 });
  expect(kinds.get("/slow")?.p50).toBeGreaterThanOrEqual(29);
  expect(kinds.get("/slow")?.max).toBeGreaterThanOrEqual(kinds.get("/slow")?.p95 ?? Number.NaN);
  expect(kinds.get("/pages?limit=50")).toMatchObject({ count: 4, failures: 0 });
  expect(mostAtOnce).toBe(3);
});

it("times the page that is so many pages on, and fails when there are not so many", async () => {
  heard.length = 0;
  const kinds = await ran([get("/pages", 1, 3), get("/pages", 1, 9), get("/odd", 1, 1)]);
  expect(kinds.get("/pages3")).toMatchObject({ count: 4, failures: 0 });
  expect(heard.filter((line) => line === "GET /pages 3").length).toBeGreaterThanOrEqual(4);
  expect(kinds.get("/pages9")).toMatchObject({ count: 4, failures: 4, firstFailure: "page 5 of /pages is the last" });
  expect(kinds.get("/odd1")?.firstFailure).toContain("is the last");
});

it("counts what was refused, cut off or never there as failed, not as fast", async () => {
  const kinds = await ran([get("/wrong", 1), get("/cut", 1)]);
  expect(kinds.get("/wrong")).toMatchObject({ failures: 4, firstFailure: '404 {"title":"nothing here"}', p95: Number.NaN });
  expect(kinds.get("/cut")).toMatchObject({ failures: 4, p95: Number.NaN });
  expect((await ran([get("/slow", 1)], "bad")).get("/slow")).toMatchObject({ failures: 4, firstFailure: "401 " });
  const nobody = await askAll({ url: "http://127.0.0.1:9", token: "good" }, [get("/slow", 1)], 2, 1);
  expect(nobody.every(({ failure }) => failure !== null)).toBe(true);
});
