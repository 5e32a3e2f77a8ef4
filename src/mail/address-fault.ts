/** Why octets are no mailbox. `detail` is a sentence for people; the wire says only what the kind maps to. */
export type AddressFault = {
  readonly kind: "octets" | "notUtf8" | "notAscii" | "grammar" | "length" | "noDomain";
  readonly detail: string;
};

export const fault = (kind: AddressFault["kind"], detail: string): { readonly ok: false; readonly fault: AddressFault } => ({
  ok: false,
  fault: { kind, detail },
});
