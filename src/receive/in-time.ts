/** Something of ours took longer than its limit. @internal */
export class Late extends Error {
  override name = "Late";
}

/** What `work` says, unless it says nothing for `ms` milliseconds: then it rejects with Late, and what comes afterwards is ignored. */
export function inTime<T>(work: Promise<T>, ms: number, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Late(`${what} took longer than ${ms} ms`)), ms);
    work.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (cause: unknown) => {
        clearTimeout(timer);
        reject(cause instanceof Error ? cause : new Error(String(cause)));
      },
    );
  });
}
