/** A command in the wrong folder finds no database, makes one, and must not let that pass for the campus's own. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { testDirectory } from "../support/directory.ts";
import { mailroom } from "./support.ts";

let folder: Awaited<ReturnType<typeof testDirectory>>;
beforeAll(async () => {
  folder = await testDirectory();
});
afterAll(() => folder.remove());

test("a database that is made by the way is said to be new and empty, once, and not on stdout", async () => {
  const options = { cwd: folder.path, env: { MAILROOM_DATA_DIR: `${folder.path}/data` } };
  const first = await mailroom(["domain", "list"], options);
  expect(first).toMatchObject({ code: 0, out: "" });
  expect(first.err).toContain(`There was no database in ${folder.path}/data: a new, empty one was made.`);
  expect(first.err).toContain("MAILROOM_DATA_DIR");
  expect(await mailroom(["domain", "add", "campus.test"], options)).toMatchObject({ code: 0, err: "" });
  expect(await mailroom(["domain", "list"], options)).toMatchObject({ code: 0, out: "campus.test\n", err: "" });
}, 60_000);
