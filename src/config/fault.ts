/** One thing that is wrong with the settings. `where` is `mailroom.yaml:14` or the name of an environment variable. */
export type Fault = {
  readonly where: string;
  /** The setting it is about; null for trouble with the file itself, and where the variable's name says it already. */
  readonly key: string | null;
  readonly what: string;
  /** What to write instead; "" when `what` says it. */
  readonly hint: string;
};

/** `mailroom.yaml:14 smtp.lisen: unknown key, did you mean "listen"?` */
export function faultText(fault: Fault): string {
  const subject = fault.key === null ? fault.where : `${fault.where} ${fault.key}`;
  const joint = fault.hint === "" ? "" : fault.hint.startsWith("did you mean") ? ", " : "; ";
  return `${subject}: ${fault.what}${joint}${fault.hint}`;
}

/** All that is wrong with the settings, found in one go. A command that gets it exits 78. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
  readonly faults: readonly Fault[];

  constructor(faults: readonly Fault[]) {
    super(faults.map(faultText).join("\n"));
    this.faults = faults;
  }
}

/** A value as it stands in a message: in quotes, cut to 60 characters, control characters and line separators escaped. */
export function quoted(value: string): string {
  const text = value.length > 60 ? `${value.slice(0, 60)}…` : value;
  return JSON.stringify(text).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (c) => `\\u${(c.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`);
}
