import { describe, expect, it } from "vitest";
import { KeptAnswers, type Made } from "../../src/resolve/kept-answers.ts";

/** Answers that come when the test says so, and a generation it may change. */
function setUp(weight = 100) {
  const state = { generation: 1 as number | null, made: 0 };
  const kept = new KeptAnswers<{ readonly n: number }>(weight, () => state.generation);
  const waiting: ((until: number) => void)[] = [];
  const ask = (key: string, { now = 0, size = 1 } = {}) =>
    Promise.resolve(
      kept.get(key, now, () => {
        const answer = { n: ++state.made };
        return new Promise<Made<{ readonly n: number }>>((done) =>
          waiting.push((until) => done({ answer, keep: { weight: size, until } })),
        );
      }),
    );
  const finish = async (until = 1000) => {
    for (const done of waiting.splice(0)) done(until);
    await new Promise(setImmediate);
  };
  const answer = async (key: string, options = {}) => {
    const asked = ask(key, options);
    await finish();
    return (await asked).n;
  };
  return { state, ask, finish, answer };
}

describe("an answer is made once", () => {
  it("and kept", async () => {
    const { answer } = setUp();
    expect([await answer("a"), await answer("a"), await answer("b")]).toEqual([1, 1, 2]);
  });

  it("for all who ask while it is made", async () => {
    const { ask, finish } = setUp();
    const both = [ask("a"), ask("a")];
    await finish();
    expect((await Promise.all(both)).map(({ n }) => n)).toEqual([1, 1]);
  });

  it("until something it says ends", async () => {
    const { answer } = setUp();
    await answer("a");
    expect([await answer("a", { now: 999 }), await answer("a", { now: 1000 })]).toEqual([1, 2]);
  });

  it("if it is not too heavy", async () => {
    const { answer } = setUp(10);
    expect([
      await answer("a", { size: 11 }),
      await answer("a", { size: 10 }),
      await answer("a"),
      await answer("b"),
      await answer("a"),
    ]).toEqual([1, 2, 2, 3, 4]);
  });
});

describe("a change", () => {
  it("forgets all of them", async () => {
    const { state, answer } = setUp();
    await answer("a");
    state.generation = 2;
    expect(await answer("a")).toBe(2);
  });

  it("heard of while an answer is made: who had asked gets it, it is not kept, and nobody joins it", async () => {
    const { state, ask, finish, answer } = setUp();
    const before = ask("a");
    state.generation = 2;
    const after = ask("a");
    await finish();
    expect([(await before).n, (await after).n, await answer("a")]).toEqual([1, 2, 2]);
    state.generation = 3;
    const late = ask("b");
    state.generation = 4; // and nobody asks before it is made
    await finish();
    await late;
    expect(await answer("b")).toBe(4);
  });

  it("that cannot be heard of: nothing is used or kept", async () => {
    const { state, answer } = setUp();
    await answer("a");
    state.generation = null;
    expect([await answer("a"), await answer("a")]).toEqual([2, 3]);
    state.generation = 2; // it is heard again; the directory has forgotten, and counted on
    expect(await answer("a")).toBe(4);
  });
});

it("an answer that fails is made again", async () => {
  const kept = new KeptAnswers<object>(10, () => 1);
  const fail = () => Promise.reject(new Error("gone"));
  await expect(kept.get("a", 0, fail)).rejects.toThrow("gone");
  const answer = {};
  expect(await kept.get("a", 0, async () => ({ answer, keep: null }))).toBe(answer);
});
