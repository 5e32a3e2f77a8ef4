import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { arrayLiteral } from "../../src/queue/array-literal.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase({ empty: true });
});
afterAll(() => database.drop());

const back = async (values: readonly (string | null)[]): Promise<unknown> =>
  (await database.db.query<{ values: unknown }>({ text: "select $1::text[] as values", values: [arrayLiteral(values)] })).rows[0]?.values;

test("Postgres reads back what was written", async () => {
  const text = fc.string({ unit: "grapheme", maxLength: 20 }).filter((each) => !each.includes("\0"));
  const awkward = fc.constantFrom(
    '"',
    "\\",
    "\\n",
    "\n",
    "\r\n",
    "\t",
    "{",
    "}",
    ",",
    "NULL",
    "null",
    "",
    " ",
    "\u2028",
    "\u0001",
    "\\u0041",
    "a\\",
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(text, awkward, fc.constant(null)), { maxLength: 8 }), async (values) => {
      expect(await back(values)).toEqual(values);
    }),
    { numRuns: 200 },
  );
});

test("a NUL is refused by Postgres, not cut off", async () => {
  await expect(back(["a\0b"])).rejects.toMatchObject({ code: "22021" });
});
