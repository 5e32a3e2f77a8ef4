/** Why the embedded Postgres cannot be used, and what a person can do about it. The process ends with exit code 78. */
export class EmbeddedFault extends Error {
  override readonly name = "EmbeddedFault";
  readonly hint: string;
  constructor(message: string, hint: string, cause?: unknown) {
    super(message, { cause });
    this.hint = hint;
  }
}

export const OWN_DATABASE = "or give the URL of a Postgres 15 or newer in MAILROOM_DATABASE_URL";

/** What the file system refused (no space, no permission, a read-only disk) as such a fault; other errors stay what they are. */
export function asFault(error: unknown, dataDir: string): unknown {
  if (!(error instanceof Error) || !("syscall" in error)) return error;
  return new EmbeddedFault(
    `cannot prepare the server's files: ${error.message}`,
    `see to ${dataDir}, choose another data_dir, ${OWN_DATABASE}`,
    error,
  );
}
