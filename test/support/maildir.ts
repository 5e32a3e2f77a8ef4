import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The messages that were delivered into a Maildir, oldest first; none when it does not exist. */
export function mailsIn(maildir: string): Buffer[] {
  try {
    const folder = join(maildir, "new");
    return readdirSync(folder)
      .sort()
      .map((name) => readFileSync(join(folder, name)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
