/** Addresses that the rules let pass together can be listened on together. */
import { networkInterfaces } from "node:os";
import { Hono } from "hono";
import { expect, test } from "vitest";
import { listenHttp } from "../../src/admin/listen.ts";
import { openCampus } from "../receive/campus.ts";

const withIPv6 = test.skipIf(!Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === "::1")));

withIPv6("HTTP on 0.0.0.0 and [::] with one port", async () => {
  const app = new Hono().get("/", (c) => c.text("hello"));
  const four = await listenHttp(app, { host: "0.0.0.0", port: 0 }, false);
  const { port } = four.address;
  const six = await listenHttp(app, { host: "::", port }, false);
  expect(await Promise.all([`127.0.0.1:${port}`, `[::1]:${port}`].map(async (at) => (await fetch(`http://${at}/`)).text()))).toEqual([
    "hello",
    "hello",
  ]);
  await expect(listenHttp(app, { host: "127.0.0.1", port }, false)).rejects.toMatchObject({ code: "EADDRINUSE" });
  await Promise.all([four.close(), six.close()]);
});

withIPv6("SMTP on [::] leaves the port free on 0.0.0.0", async () => {
  const six = await openCampus({ listen: [{ host: "::", port: 0 }] });
  const port = six.receiver.addresses[0]?.port ?? 0;
  const four = await openCampus({ listen: [{ host: "0.0.0.0", port }] });
  expect(four.receiver.addresses[0]).toMatchObject({ address: "0.0.0.0", port });
  await four.receiver.close();
  await six.receiver.close();
});
