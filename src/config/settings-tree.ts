import type { Setting } from "./setting.ts";
import type { settingsList } from "./settings.ts";

type Camel<S extends string> = S extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : S;
type FirstPart<K> = K extends `${infer Head}.${string}` ? Head : K;
type Below<List, Head extends string> = { [K in keyof List as K extends `${Head}.${infer Tail}` ? Tail : never]: List[K] };
type ValueOf<S> = S extends Setting<infer T> ? T : never;

/** Keys with dots become objects, underscores become camelCase: "queue.dsn_lifetime" is `queue.dsnLifetime`. */
type Tree<List> = {
  readonly [Head in FirstPart<keyof List> & string as Camel<Head>]: Head extends keyof List ? ValueOf<List[Head]> : Tree<Below<List, Head>>;
};

/** Every setting, read and checked. Durations are milliseconds, sizes octets, shares fractions, paths absolute. */
export type Settings = Tree<typeof settingsList>;

const camel = (part: string): string => part.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** Makes the tree from one value for each key of the list. */
export function settingsTree(values: ReadonlyMap<string, unknown>): Settings {
  const tree: Record<string, unknown> = {};
  for (const [key, value] of values) {
    const parts = key.split(".").map(camel);
    let branch = tree;
    for (const part of parts.slice(0, -1)) {
      branch[part] ??= {};
      branch = branch[part] as Record<string, unknown>;
    }
    branch[parts.at(-1) ?? key] = value;
  }
  return tree as Settings;
}
