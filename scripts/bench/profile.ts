/** Reads what `node --cpu-prof` wrote: where the workers' processor time went. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

type CpuProfile = {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[];
};

/** Lines of `share of busy time, function and place`, most first, over all profiles in the folder. */
export function hottest(folder: string, count: number): string[] {
  const spent = new Map<string, number>();
  let busy = 0;
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".cpuprofile"))) {
    const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(join(folder, file), "utf8")) as CpuProfile;
    const places = new Map(nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]));
    for (const [i, id] of samples.entries()) {
      const place = places.get(id) ?? "";
      if (place === "(idle)") continue;
      busy += timeDeltas[i] ?? 0;
      spent.set(place, (spent.get(place) ?? 0) + (timeDeltas[i] ?? 0));
    }
  }
  const sorted = [...spent].sort(([, a], [, b]) => b - a).slice(0, count);
  return sorted.map(([place, micros]) => `${((micros / busy) * 100).toFixed(1).padStart(5)} %  ${place}`);
}

function placeOf({ functionName, url, lineNumber }: CpuProfile["nodes"][number]["callFrame"]): string {
  if (url === "") return functionName;
  const file = url.replace(/^.*\/(node_modules|dist)\//, "");
  return `${functionName || "(anonymous)"} in ${file}${file.startsWith("node:") ? "" : `:${lineNumber + 1}`}`;
}
