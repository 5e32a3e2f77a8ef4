/**
 * Why a change was not made, or a question has no answer, for people: what is wrong and, in `hint`, the next step.
 * `notFound`: no such thing here. `badData`: the input itself is wrong (an address, a date, a row). `refused`: a rule forbids it.
 * `busy`: another change holds the directory; trying again will do. `unreachable`: somebody who must be asked does not answer.
 */
export type RefusalKind = "notFound" | "badData" | "refused" | "busy" | "unreachable";

/** The rules that programs may want to tell apart. */
export type Rule =
  | "alias-loop"
  | "address-taken"
  | "address-retired"
  | "name-reserved"
  | "policy-external"
  | "count-changed"
  | "later-edits";

export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly kind: RefusalKind;
  readonly hint: string | null;
  /** Null: none of those that programs tell apart. */
  readonly rule: Rule | null;
  /** The loop that a change would make, `a → b → a`; null: that is not the reason. */
  readonly loop: string | null;

  constructor(kind: RefusalKind, message: string, hint: string | null = null, rule: Rule | null = null, loop: string | null = null) {
    super(message);
    this.kind = kind;
    this.hint = hint;
    this.rule = rule;
    this.loop = loop;
  }
}
