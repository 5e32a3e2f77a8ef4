/** Addresses worth trying, which the loader writes and `bench:panel` asks for. */
export type Samples = {
  readonly domains: readonly string[];
  /** One target, delivers. */
  readonly person: string;
  /** Has more mail in the trace than anybody. */
  readonly busyPerson: string;
  /** Many entries lead to this mailbox, which is not ours. */
  readonly popularTarget: string;
  readonly list: string;
  readonly nestedList: string;
  readonly wideList: string;
  /** The first of fifteen aliases one after another: deeper than `resolve.depth`. */
  readonly chain: string;
  /** The link of it from which mail is still delivered: ten of them. */
  readonly longestChain: string;
  readonly deadEnd: string;
  readonly expired: string;
  readonly off: string;
  readonly moved: string;
  readonly ldapPerson: string;
  readonly ldapGroup: string;
  /** Printed queue ids. */
  readonly sentMessage: string;
  readonly bouncedMessage: string;
  readonly waitingMessage: string;
};
