/** Answers that are too long to be held in memory. */
import type { Context } from "hono";
import type { PanelEnv } from "./context.ts";

const TYPES = { csv: "text/csv; charset=utf-8", jsonl: "application/jsonl; charset=utf-8" } as const;

/**
 * Sends pieces of text as they come, as a file to be saved. The first piece is awaited, so that a database that is away is told by the status. What
 * fails later breaks the answer off: a half file must not look like a whole one.
 */
export async function streamed(c: Context<PanelEnv>, pieces: AsyncGenerator<string>, name: string): Promise<Response> {
  const first = await pieces.next();
  const encoder = new TextEncoder();
  let waiting = first;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (waiting.done) return controller.close();
      let text = waiting.value;
      waiting = await pieces.next();
      while (!waiting.done && text.length < PIECE) {
        text += waiting.value;
        waiting = await pieces.next();
      }
      controller.enqueue(encoder.encode(text));
    },
    async cancel() {
      await pieces.return(undefined);
    },
  });
  const type = TYPES[name.endsWith(".csv") ? "csv" : "jsonl"];
  return c.body(body, 200, {
    "content-type": type,
    "content-disposition": `attachment; filename="${name}"`,
    "x-content-type-options": "nosniff",
  });
}

/** Characters sent at once: fewer make a chunk of each line. */
const PIECE = 32 * 1024;
