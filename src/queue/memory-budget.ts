/** Counts the octets of content that a node holds in memory, so that a flood is written to the database instead. */
export type MemoryBudget = {
  /** Counts `octets` in; false when the limit is passed: then write ahead what you hold. */
  take(octets: number): boolean;
  give(octets: number): void;
  readonly taken: number;
};

export function memoryBudget(limit: number): MemoryBudget {
  let taken = 0;
  return {
    take(octets) {
      taken += octets;
      return taken <= limit;
    },
    give(octets) {
      taken -= octets;
    },
    get taken() {
      return taken;
    },
  };
}
