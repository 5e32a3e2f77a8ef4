import { describe, expect, it } from "vitest";
import { patientWrite } from "../../src/log/patient-write.ts";

/** A pipe that holds `room` octets until somebody reads; each refusal calls `full`. */
function pipe(room: number, full: (pipe: { room: number }) => void) {
  const state = { room, got: "" };
  const write = (octets: Buffer): number => {
    if (state.room === 0) {
      full(state);
      throw Object.assign(new Error("EAGAIN: resource temporarily unavailable, write"), { code: "EAGAIN" });
    }
    const taken = octets.subarray(0, state.room);
    state.room -= taken.length;
    state.got += taken.toString("latin1");
    return taken.length;
  };
  return { state, write };
}

describe("a log whose reader", () => {
  it("is slow for a moment loses nothing", () => {
    const { state, write } = pipe(3, (full) => {
      full.room = 4;
    });
    patientWrite(write)("one\ntwo\nthree\n");
    expect(state.got).toBe("one\ntwo\nthree\n");
  });

  it("stops is waited for once, and has whole lines when it reads again", () => {
    const { state, write } = pipe(6, () => {});
    const log = patientWrite(write, 40);
    log("one\ntwo\n");
    const before = performance.now();
    for (let i = 0; i < 100; i++) log("lost\n");
    expect(performance.now() - before).toBeLessThan(40);
    state.room = 1000;
    log("three\n");
    log("four\n");
    expect(state.got).toBe("one\ntw\nthree\nfour\n");
  });

  it("is gone for good: the error is not hidden", () => {
    const gone = patientWrite(() => {
      throw Object.assign(new Error("EPIPE: broken pipe, write"), { code: "EPIPE" });
    });
    expect(() => gone("one\n")).toThrow("EPIPE");
  });
});
