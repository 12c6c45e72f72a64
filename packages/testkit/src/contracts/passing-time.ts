import { assert } from "@qmtl/core";

/** How a suite lets time pass: a virtual clock moves, a real one is waited for. */
export interface PassingTime {
  pass(durationMs: number): Promise<void>;
}

/** Lets time pass in steps of 20 ms until `done` holds; throws when it does not within `limitMs`. */
export async function eventually(
  time: PassingTime,
  done: () => boolean | Promise<boolean>,
  limitMs = 10_000,
): Promise<void> {
  for (let passedMs = 0; !(await done()); passedMs += 20) {
    assert(passedMs < limitMs, `what was waited for has not come within ${limitMs} ms`);
    await time.pass(20);
  }
}
