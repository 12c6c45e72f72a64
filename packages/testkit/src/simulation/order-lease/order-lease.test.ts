import { describe, expect, it } from "vitest";
import { describeFailure, firstFailure, seedsFrom, shortened } from "../seeds.ts";
import { knownMutants, moreMutants, planOrderLease, playOrderLease, type Mutant } from "./index.ts";

const caughtWithin = 400;

describe("the order lease and the two-phase apply, on everything that fails (safety §1, §2)", () => {
  it("keep OG-1 to OG-8 and W-1 to W-3 after every step, and come right again", () => {
    let [ordersLeft, freezes] = [0, 0];
    const failure = firstFailure(seedsFrom(1, 300), planOrderLease, (plan) => {
      const run = playOrderLease(plan);
      ordersLeft += run.ordersLeft;
      freezes += run.freezes;
      return run.broken;
    });
    expect(failure && describeFailure(failure)).toBeUndefined();
    // Orders did leave and worlds were frozen, or there was nothing to break.
    expect(ordersLeft).toBeGreaterThan(300 * 20);
    expect(freezes).toBeGreaterThan(300);
  });

  // Found by these seeds: an answer that gives no lease any more told of an event that had not come, and was not believed.
  it.each([445, 11_038])("believe a late answer that says that news is missing: seed %d", (seed) => {
    expect(playOrderLease(planOrderLease(seed)).broken).toBeUndefined();
  });

  it("happen again bit for bit", () => {
    for (const seed of [2, 29, 83]) {
      expect(playOrderLease(planOrderLease(seed))).toEqual(playOrderLease(planOrderLease(seed)));
    }
    expect(playOrderLease(planOrderLease(2)).trace).not.toBe(playOrderLease(planOrderLease(3)).trace);
  });
});

describe("a simulation that looks where it should", () => {
  it.each(Object.entries({ ...knownMutants, ...moreMutants }))("catches: %s", (_, mutant) => {
    expect(failureOf(mutant)).toBeDefined();
  });

  // What broke, not only that something did.
  it.each<[string, string]>([
    ["apply does not wait for acknowledgement", "OG-2"],
    ["acknowledgement wait without a lease", "OG-1"],
    ["no drift margin", "OG-2"],
    ["lease counted from receipt", "OG-1"],
    ["full queue drops an event", "§4"],
  ])("names what %s breaks: %s", (name, invariant) => {
    expect(failureOf(knownMutants[name]!)?.broken.invariant).toBe(invariant);
  });

  it("makes the plan short: of many things those few remain without which nothing breaks", () => {
    const mutant = knownMutants["no drift margin"]!;
    const { plan, short, broken } = failureOf(mutant)!;
    const play = (faults: typeof plan.faults) => playOrderLease({ ...plan, faults }, mutant).broken;
    expect(short.faults.length).toBeLessThanOrEqual(4);
    expect(short.faults.length).toBeLessThan(plan.faults.length);
    expect(play(short.faults)).toEqual(broken);
    for (const left of short.faults) expect(play(short.faults.filter((fault) => fault !== left))).toBeUndefined();
    const text = describeFailure({ plan, short, broken });
    expect(text).toContain(`seed ${plan.seed}: ${short.faults.length} things happen`);
    expect(text).toMatch(/the clock of h\d runs at 0\.98/);
  });
});

function failureOf(mutant: Mutant): ReturnType<typeof firstFailure> {
  return firstFailure(seedsFrom(1, caughtWithin), planOrderLease, (plan) => playOrderLease(plan, mutant).broken);
}

it("will not shorten a plan that breaks nothing", () => {
  expect(() => shortened(planOrderLease(1), () => undefined)).toThrow("breaks nothing");
});
