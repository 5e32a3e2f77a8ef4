/** The brakes on posts to lists, as several workers ask them. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { brake, forgetOldPosts } from "../../src/queue/brake.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { count } from "./harness.ts";

let database: TestDatabase;
let id = 0n;
beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());

const post = async (list: string, sender: string, reach = 10, db = database.db) =>
  (await brake(db, [{ list, reach }], sender, ++id)).get(list);

it("lets five posts of a sender through in a minute, from all workers together, and counts none that was refused", async () => {
  const workers = [database.db, database.open(), database.open()];
  const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => post("a@campus.test", "ann@x.test", 10, workers[i % 3])));
  expect(answers.filter((answer) => answer === "go")).toHaveLength(5);
  expect(answers.filter((answer) => answer === "tooFast")).toHaveLength(7);
  expect(await count(database.db, "list_posts")).toBe(5);
  expect(await post("a@campus.test", "bob@x.test")).toBe("go");
  expect(await post("b@campus.test", "ann@x.test")).toBe("go");
  await database.db.query({ text: "update list_posts set posted_at = posted_at - interval '61 seconds'" });
  expect(await post("a@campus.test", "ann@x.test")).toBe("go");
});

it("holds what comes behind the twentieth post in ten minutes to a list of more than 500", async () => {
  for (let i = 0; i < 20; i++) expect(await post("large@campus.test", `s${i}@x.test`, 501)).toBe("go");
  expect(await post("large@campus.test", "s21@x.test", 501)).toBe("storm");
  for (let i = 0; i < 22; i++) expect(await post("small@campus.test", `s${i}@x.test`, 500)).toBe("go");
  await database.db.query({ text: "update list_posts set posted_at = posted_at - interval '11 minutes'" });
  expect(await post("large@campus.test", "s22@x.test", 501)).toBe("go");
});

it("asks about several lists at once without waiting for itself, and counts for none when one is too fast", async () => {
  for (let i = 0; i < 5; i++) await post("p@campus.test", "carl@x.test");
  const lists = ["p@campus.test", "q@campus.test"].map((list) => ({ list, reach: 1 }));
  const answers = await Promise.all([
    brake(database.db, lists, "carl@x.test", ++id),
    brake(database.db, [...lists].reverse(), "dora@x.test", ++id),
  ]);
  expect(answers.map((answer) => [...answer.values()].sort())).toEqual([
    ["go", "tooFast"],
    ["go", "go"],
  ]);
  const { rows } = await database.db.query({ text: "select 1 from list_posts where list = 'q@campus.test' and sender = 'carl@x.test'" });
  expect(rows).toEqual([]);
});

it("forgets what no brake counts", async () => {
  await database.db.query({ text: "update list_posts set posted_at = now() - interval '21 minutes'" });
  await post("z@campus.test", "ann@x.test");
  await forgetOldPosts(database.db);
  expect(await count(database.db, "list_posts")).toBe(1);
});
