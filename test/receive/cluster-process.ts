/** A server of two worker processes for cluster.test.ts: prints its port; closes the worker whose number stands on a line of stdin. */
import cluster from "node:cluster";
import { createInterface } from "node:readline";
import { openCampus } from "./campus.ts";

if (cluster.isPrimary) {
  const workers = [cluster.fork(), cluster.fork()];
  for (const worker of workers) worker.on("message", (message) => console.log(JSON.stringify(message)));
  createInterface({ input: process.stdin }).on("line", (line) => workers[Number(line) - 1]?.send("close"));
  process.stdin.on("end", () => process.exit(0));
} else {
  const id = cluster.worker?.id ?? 0;
  const campus = await openCampus({ hostname: `worker${id}.campus.test`, uncountedNetworks: [], limits: { connectionsPerClient: 1000 } });
  process.send?.({ worker: id, port: campus.port });
  process.on("message", () => {
    void campus.receiver.close().then(() => process.send?.({ closed: id }));
  });
}
