/** Importing a file: uploaded, read while nobody waits, looked at, applied whole or not at all. */
import type { Context } from "hono";
import { z } from "zod";
import { FORMATS, readVersion } from "../../actions/import/import.ts";
import { applyUpload, previewUpload, type Run, type RunDeps } from "../../actions/import/run-upload.ts";
import { ENCODINGS } from "../../actions/import/source.ts";
import { templateCsv } from "../../actions/import/template.ts";
import {
  LINE_STATES,
  readUpload,
  storeUpload,
  type Uploader,
  type UploadView,
  uploadLines,
  uploadProblems,
  uploadsOf,
} from "../../actions/import/uploads.ts";
import { type AdminDeps, authorOf, type PanelEnv, panel, principalOf } from "../context.ts";
import { may } from "../guard.ts";
import { cursorOf, input, PAGE, placeOf } from "../input.ts";
import { Problem } from "../problem.ts";
import { streamed } from "../streamed.ts";
import { etagOf, expectedVersion } from "../versions.ts";

/** Octets of an upload with all around it; base64 makes a third more of them. */
export const UPLOAD_LIMIT = 64 * 1024 * 1024;

const reading = {
  format: z.enum(FORMATS),
  domain: z.string().min(1).max(255).nullable(),
  delimiter: z.enum(["comma", "semicolon", "tab", "bar"]).nullable(),
  encoding: z.enum(ENCODINGS).nullable(),
  replaces: z.boolean(),
  skip_problems: z.boolean(),
};
const upload = z.strictObject({
  name: z.string().min(1).max(200),
  format: reading.format,
  content: z.string().optional(),
  content_base64: z.base64().optional(),
  domain: reading.domain.default(null),
  delimiter: reading.delimiter.default(null),
  encoding: reading.encoding.default(null),
  replaces: reading.replaces.default(false),
  skip_problems: reading.skip_problems.default(false),
});
const again = z.strictObject(reading).partial();
const numbered = z.strictObject({ id: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER) });
const lines = z.strictObject({ state: z.enum(LINE_STATES).default("problem"), ...PAGE });
const place = z.strictObject({ after: z.number().int().min(1) });

export function importRoutes(deps: AdminDeps) {
  const { db } = deps;
  const run: RunDeps = { db, slow: deps.slow, log: deps.log, people: deps.directory.people };
  return panel
    .createApp()
    .get("/", may("imports.preview"), input("query", z.strictObject({ limit: PAGE.limit })), async (c) =>
      c.json({ items: (await uploadsOf(db, uploaderOf(c), c.req.valid("query").limit)).map(shown) }, 200),
    )
    .get("/template.csv", may("imports.preview"), input("query", z.strictObject({ domain: z.string().max(255).optional() })), (c) =>
      streamed(c, templateCsv(c.req.valid("query").domain ?? "campus.example"), "template.csv"),
    )
    .post("/", may("imports.preview"), input("json", upload), async (c) => {
      const { name, content, content_base64, ...how } = c.req.valid("json");
      if ((content === undefined) === (content_base64 === undefined))
        throw new Problem("validation", "/content: send content or content_base64", {
          errors: [{ pointer: "/content", code: "invalid", detail: "One of content and content_base64." }],
        });
      const { everything, domains } = c.get("scope");
      const octets = content_base64 === undefined ? Buffer.from(content ?? "", "utf8") : Buffer.from(content_base64, "base64");
      const file = { name: plainName(name), octets, domains: everything ? null : domains };
      const id = await storeUpload(db, principalOf(c).id, file, how);
      return begun(c, id, await previewUpload(run, await readUpload(db, uploaderOf(c), id)));
    })
    .get("/:id", may("imports.preview"), input("param", numbered), async (c) => {
      const found = await readUpload(db, uploaderOf(c), c.req.valid("param").id);
      return c.json(shown(found), 200, found.directory_version === null ? {} : { etag: etagOf(found.directory_version) });
    })
    .get("/:id/lines", may("imports.preview"), input("param", numbered), input("query", lines), async (c) => {
      const { state, limit, cursor } = c.req.valid("query");
      const { id } = await readUpload(db, uploaderOf(c), c.req.valid("param").id);
      const items = await uploadLines(db, id, state, placeOf(cursor, place)?.after ?? 0, limit);
      const last = items.length === limit ? items.at(-1) : undefined;
      return c.json({ items, next_cursor: last === undefined ? null : cursorOf({ after: last.line }) }, 200);
    })
    .get("/:id/problems.csv", may("imports.preview"), input("param", numbered), async (c) =>
      streamed(c, uploadProblems(db, await readUpload(db, uploaderOf(c), c.req.valid("param").id)), "problems.csv"),
    )
    .post("/:id/preview", may("imports.preview"), input("param", numbered), input("json", again), async (c) => {
      const found = await readUpload(db, uploaderOf(c), c.req.valid("param").id);
      const changed = Object.fromEntries(Object.entries(c.req.valid("json")).filter(([, value]) => value !== undefined));
      return begun(c, found.id, await previewUpload(run, { ...found, ...changed }));
    })
    .post("/:id/apply", may("imports.apply"), input("param", numbered), input("json", z.strictObject({})), async (c) => {
      const version = expectedVersion(c);
      const found = await readUpload(db, uploaderOf(c), c.req.valid("param").id);
      if (found.state !== "ready") throw notReady(found);
      if (version !== found.directory_version || version !== (await readVersion(db))) throw directoryMoved(found);
      const problems = found.found?.counts.problems ?? 0;
      if (problems > 0 && !found.skip_problems)
        throw new Problem("rule-broken", `${problems} ${problems === 1 ? "row has a problem" : "rows have problems"}`, {
          hint: "Mend them, or make a preview that leaves them out.",
        });
      // A department may have lost a domain since it uploaded the file.
      const { everything, domains } = c.get("scope");
      const within = everything ? found.domains : (found.domains ?? domains).filter((domain) => domains.includes(domain));
      return begun(c, found.id, await applyUpload(run, authorOf(c), { ...found, domains: within }));
    });
}

/** How far a piece of work is that goes on while nobody waits. */
export function operationRoutes({ db }: AdminDeps) {
  return panel.createApp().get("/:id", may("imports.preview"), input("param", z.strictObject({ id: z.string().max(40) })), async (c) => {
    const id = Number(/^import-(\d{1,15})$/.exec(c.req.valid("param").id)?.[1] ?? 0);
    const { state, progress, doing, failure, change_no } = await readUpload(db, uploaderOf(c), id);
    return c.json({ id: `import-${id}`, import: id, state, progress, doing, failure, change_no }, 200);
  });
}

function uploaderOf(c: Context<PanelEnv>): Uploader {
  const { everything, domains } = c.get("scope");
  return { principal: principalOf(c).id, all: everything, domains };
}

/** As in "file people.csv": never the name of a domain or an address, by which somebody else would find it in the audit. */
const plainName = (name: string): string => `file ${name.replace(/^.*[\\/]/s, "").replace(/[^\p{L}\p{N}._ -]/gu, "_")}`;

const shown = ({ domains: _, ...upload }: UploadView) => upload;

function begun(c: Context<PanelEnv>, id: number, run: Run | null) {
  if (run === null) throw new Problem("in-progress", "This import is being read or applied.", { hint: "Wait until that is done." });
  void run.done; // never rejects
  return c.json({ id, operation: `import-${id}` }, 202, { location: `/api/v1/operations/import-${id}` });
}

const notReady = ({ state }: UploadView): Problem =>
  state === "applied"
    ? new Problem("rule-broken", "This import is applied already.", { hint: "To take it back, undo it." })
    : new Problem("in-progress", `This import is not ready: ${state}.`, { hint: "Wait for its preview, or make a new one." });

const directoryMoved = ({ directory_version }: UploadView): Problem =>
  new Problem("stale-version", "The directory was changed since the preview.", {
    hint: "Nothing was imported. Make a new preview and look at it.",
    members: { preview_version: directory_version },
  });
