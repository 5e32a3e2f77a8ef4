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

/** Asks until `question` has an answer other than null, at most `ms` milliseconds long. */
export async function until<T>(question: () => T | null | Promise<T | null>, ms = 15_000): Promise<T> {
  const deadline = Date.now() + ms;
  for (;;) {
    const answer = await question();
    if (answer !== null) return answer;
    if (Date.now() > deadline) throw new Error(`nothing after ${ms} ms`);
    await new Promise((wake) => setTimeout(wake, 20));
  }
}
