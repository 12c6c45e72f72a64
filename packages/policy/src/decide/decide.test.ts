import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parsePolicy } from "../document/index.ts";
import {
  decide,
  replayPolicy,
  type Decision,
  type DecisionInputs,
  type StrategyInputs,
  type StrategyMemory,
} from "./index.ts";

const hourMs = 3_600_000;
const nowMs = 1_700_000_000_000;

function inputs(
  strategies: Record<string, StrategyInputs | Record<string, number | null>>,
  rest: Partial<DecisionInputs> = {},
): DecisionInputs {
  const all: Record<string, StrategyInputs> = {};
  for (const [id, one] of Object.entries(strategies)) {
    all[id] = "metrics" in one ? (one as StrategyInputs) : { metrics: one as Record<string, number | null> };
  }
  return { decidedAtMs: nowMs, strategies: all, correlations: [], memory: {}, ...rest };
}

function decided(policy: string, given: DecisionInputs): Decision {
  return decide(parsePolicy(policy), given);
}

function wasActive(...ids: string[]): Record<string, StrategyMemory> {
  return Object.fromEntries(ids.map((id) => [id, { active: true, sinceMs: null, passes: 1, fails: 0 }]));
}

describe("the older form", () => {
  it("passes thresholds with bounds included, and fails without the metric", () => {
    const policy = "thresholds: {q: {metric: s, min: 1, max: 2}}";
    const result = decided(policy, inputs({ a: { s: 1 }, b: { s: 2 }, c: { s: 0.99 }, d: { s: 2.01 }, e: {} }));
    expect(result.active).toEqual(["a", "b"]);
    expect(result.explanation.strategies["e"]).toMatchObject({
      active: false,
      decidedBy: "thresholds.q",
      steps: [{ reason: "s is missing or not finite; at least 1 and at most 2 is needed" }],
    });
  });

  it("keeps the best k", () => {
    const given = inputs({ a: { s: 1 }, b: { s: 3 }, c: { s: 2 }, d: {} });
    expect(decided("top_k: {metric: s, k: 2}", given).active).toEqual(["b", "c"]);
  });

  it("drops what correlates with a better one; a missing pair is 0, no matrix no filter", () => {
    const policy = "top_k: {metric: s, k: 9}\ncorrelation: {max: 0.5}";
    const strategies = { a: { s: 3 }, b: { s: 2 }, c: { s: 1 } };
    const correlations = [
      ["b", "a", -0.9],
      ["b", "c", 0.9],
    ] as const;
    expect(decided(policy, inputs(strategies, { correlations })).active).toEqual(["a", "c"]);
    expect(decided(policy, inputs(strategies)).active).toEqual(["a", "b", "c"]);
  });

  it("enters at one value and leaves at another", () => {
    const policy = "hysteresis: {metric: s, enter: 1, exit: 0.5}";
    const strategies = { a: { s: 0.6 }, b: { s: 0.6 }, c: { s: 0.4 }, d: {} };
    const result = decided(policy, inputs(strategies, { memory: wasActive("a", "c", "d") }));
    expect(result.active).toEqual(["a"]);
    expect(result.demote).toEqual(["c", "d"]);
  });

  it("uses figures of curves", () => {
    const curve = (points: number[]): StrategyInputs => ({ metrics: {}, series: { equity: points } });
    const given = inputs({ up: curve([1, 2, 3, 4]), down: curve([4, 3, 2, 1]), none: curve([1]) });
    expect(decided("thresholds: {q: {metric: el_v2_score, min: 0.5}}", given).active).toEqual(["up"]);
    expect(decided("thresholds: {q: {metric: portfolio_el_v1_score, min: 0}}", given).active).toHaveLength(3);
  });
});

describe("the documented form", () => {
  it("judges gates joined with and / or", () => {
    const policy = "gates:\n  and:\n    - s >= 1\n    - or: [d <= 0.1, t > 5]";
    const given = inputs({
      a: { s: 1, d: 0.1, t: 0 },
      b: { s: 1, d: 1, t: 6 },
      c: { s: 1, d: 1, t: 1 },
      d: { s: 0, d: 0, t: 9 },
    });
    const { active, explanation } = decided(policy, given);
    expect(active).toEqual(["a", "b"]);
    expect(explanation.strategies["c"]).toMatchObject({ decidedBy: "gates.and.1.or.0" });
    expect(explanation.strategies["d"]?.decidedBy).toBe("gates.and.0");
    expect(explanation.strategies["d"]?.steps[0]).toEqual({
      rule: "gates.and.0",
      verdict: "fail",
      reason: "s >= 1: it is false (s = 0)",
    });
  });

  it.each([Number.NaN, Infinity, -Infinity, null, undefined])("fails a gate whose metric is %s (W-8)", (s) => {
    const metrics = { s } as Record<string, number | null>;
    for (const gate of ["s > 0", "s < 0", "!(s > 0)", "s == s"]) {
      expect(decided(`gates: ["${gate}"]`, inputs({ a: { metrics } })).active, gate).toEqual([]);
    }
  });

  it("ranks by score, and takes no strategy without one", () => {
    const given = inputs({ a: { s: 1, u: 1 }, b: { s: 1, u: 0 }, c: { s: 9 }, d: { s: 1, u: 0 } });
    const { active, explanation } = decided("selection: {score: s - 0.2*u, topk: {total: 2}}", given);
    expect(active).toEqual(["b", "d"]);
    expect(explanation.strategies["a"]).toMatchObject({ score: 0.8, decidedBy: "topk.total" });
    expect(explanation.strategies["c"]).toMatchObject({ score: null, decidedBy: "score" });
  });

  it("fills the places of each side", () => {
    const one = (s: number, side: "long" | "short"): StrategyInputs => ({ metrics: { s }, side });
    const given = inputs({
      a: one(5, "long"),
      b: one(4, "long"),
      c: one(3, "short"),
      d: one(2, "short"),
      e: one(1, "long"),
    });
    const policy = "selection: {score: s, topk: {total: 3, by_side: {long: 1, short: 2}}}";
    expect(decided(policy, given).active).toEqual(["a", "c", "d"]);
  });

  it("looks at correlation before top-k", () => {
    const policy = "selection: {score: s, topk: {total: 2}, constraints: {correlation: {max_pairwise: 0.8}}}";
    const given = inputs({ a: { s: 3 }, b: { s: 2 }, c: { s: 1 } }, { correlations: [["a", "b", 0.9]] });
    expect(decided(policy, given).active).toEqual(["a", "c"]);
  });

  it("wants data that is current and goes back far enough", () => {
    const policy = "data_currency: {max_lag: 5m, min_history: 1h}";
    const data = (endMs: number, startMs = endMs - hourMs): StrategyInputs => ({
      metrics: {},
      data: { startMs, endMs },
    });
    const given = inputs({
      fresh: data(nowMs - 300_000),
      stale: data(nowMs - 300_001),
      brief: data(nowMs, nowMs - hourMs + 1),
      unknown: { metrics: {} },
    });
    const { active, dataIsCurrent, explanation } = decided(policy, given);
    expect(active).toEqual(["fresh"]);
    expect(dataIsCurrent).toBe(true);
    expect(explanation.strategies["stale"]?.decidedBy).toBe("data_currency.max_lag");
    expect(explanation.strategies["unknown"]?.steps[0]?.reason).toBe("where the data ends is not known");
    expect(decided(policy, inputs({ stale: data(0) })).dataIsCurrent).toBe(false);
    expect(decided(policy, inputs({})).dataIsCurrent).toBe(false);
  });

  it("wants samples and evidence", () => {
    const manifest = `blake3:${"0".repeat(64)}`;
    const shown = { parity: "pass", lookahead: "pass", manifest, trials: 50 };
    const one = (evidence: object | undefined, days = 30): StrategyInputs =>
      ({ metrics: { sample_days: days }, evidence }) as StrategyInputs;
    const policy =
      "sample: {sample_days: 30}\nevidence: {parity: required, lookahead: true, manifest: required, max_trials: 50}";
    const given = inputs({
      good: one(shown),
      few: one(shown, 29),
      leaks: one({ ...shown, lookahead: "fail" }),
      none: one(undefined),
      many: one({ ...shown, trials: 51 }),
      untold: one({ ...shown, trials: undefined }),
      forged: one({ ...shown, manifest: "yes" }),
    });
    const { active, explanation } = decided(policy, given);
    expect(active).toEqual(["good"]);
    const rules = Object.fromEntries(Object.entries(explanation.strategies).map(([id, one]) => [id, one.decidedBy]));
    expect(rules).toEqual({
      good: "policy",
      few: "sample.sample_days",
      leaks: "evidence.lookahead",
      none: "evidence.parity",
      many: "evidence.max_trials",
      untold: "evidence.max_trials",
      forged: "evidence.manifest",
    });
  });

  it("scales weights to the budgets", () => {
    const one = (side: "long" | "short", sector: string, gross = 1): StrategyInputs => ({
      metrics: {},
      side,
      sector,
      gross,
    });
    const policy = `selection: {constraints: {exposure: {gross_budget: {long: 1, short: 0.5}, max_leverage: 1.2, sector_cap: 0.8}}}`;
    const given = inputs({
      a: one("long", "x"),
      b: one("long", "x"),
      c: one("long", "y", 0.2),
      d: one("short", "z"),
      e: one("long", "x", Number.NaN),
    });
    const weights = Object.fromEntries(
      decided(policy, given).entries.map(({ strategyId, weight }) => [strategyId, weight]),
    );
    // sector x: 2 → 0.8, so 0.4 each; z: 1 → 0.8. Longs: 0.4 + 0.4 + 0.2 = 1. Shorts: 0.8 → 0.5. All: 1.5 → 1.2.
    expect(weights["a"]).toBeCloseTo(0.4 * 0.8, 12);
    expect(weights["b"]).toBeCloseTo(0.4 * 0.8, 12);
    expect(weights["c"]).toBeCloseTo(0.8, 12);
    expect(weights["d"]).toBeCloseTo(0.5 * 0.8, 12);
    expect(weights["e"]).toBe(0);
  });
});

describe("hysteresis", () => {
  const policy = "gates: [s > 0]\nhysteresis: {promote_after: 2, demote_after: 3, min_dwell: 2h}";

  /** Decisions every hour; whether the strategy was active after each. */
  function course(values: (number | null)[]): string {
    let memory: DecisionInputs["memory"] = {};
    let active = "";
    for (const [hour, s] of values.entries()) {
      const result = decided(policy, inputs({ a: { s } }, { memory, decidedAtMs: nowMs + hour * hourMs }));
      memory = result.memory;
      active += result.active.length === 1 ? "A" : ".";
    }
    return active;
  }

  it.each([
    ["promotes after two in a row", [1, 0, 1, 1], "...A"],
    ["demotes after three in a row", [1, 1, 0, 0, 1, 0, 0, 0], ".AAAAAA."],
    ["does not wait where a metric is missing", [1, 1, null], ".A."],
  ])("%s", (_, values, expected) => expect(course(values)).toBe(expected));

  it("stays for the dwell time, by the time of the decisions (W-9)", () => {
    const short = "gates: [s > 0]\nhysteresis: {min_dwell: 2h}";
    const memory = { a: { active: true, sinceMs: nowMs - 2 * hourMs + 1, passes: 5, fails: 0 } };
    const early = decided(short, inputs({ a: { s: 0 } }, { memory }));
    expect(early.active).toEqual(["a"]);
    expect(early.explanation.strategies["a"]?.decidedBy).toBe("hysteresis.min_dwell");
    expect(decided(short, inputs({ a: { s: 0 } }, { memory, decidedAtMs: nowMs + 1 })).active).toEqual([]);
  });

  it("demotes what is no longer there", () => {
    expect(decided(policy, inputs({}, { memory: wasActive("gone") }))).toMatchObject({ active: [], demote: ["gone"] });
  });
});

it("gives the same decision again, and in any order of keys (W-8)", () => {
  const policy = parsePolicy(
    "gates: [s > -1 || t > 0]\nselection: {score: s + t, topk: {total: 3}, hysteresis: {promote_after: 2}}\ncorrelation: {max: 0.3}",
  );
  const number = fc.option(fc.double({ min: -2, max: 2 }), { nil: null });
  const strategies = fc.dictionary(fc.constantFrom("a", "b", "c", "d", "e"), fc.record({ s: number, t: number }));
  const memory = fc.constantFrom<DecisionInputs["memory"]>({}, wasActive("a", "b"));
  const correlations = fc.array(
    fc.tuple(fc.constantFrom("a", "b"), fc.constantFrom("c", "d"), fc.double({ min: -1, max: 1, noNaN: true })),
    { maxLength: 3 },
  );
  fc.assert(
    fc.property(strategies, memory, correlations, (some, before, pairs) => {
      const given = inputs(some, { memory: before, correlations: pairs.slice(0, 1) });
      const turned = inputs(Object.fromEntries(Object.entries(some).reverse()), {
        memory: before,
        correlations: given.correlations,
      });
      const decision = decide(policy, given);
      expect(decide(policy, structuredClone(given))).toEqual(decision);
      expect(decide(policy, turned)).toEqual(decision);
      expect(decision.entries.every(({ active, weight }) => weight >= 0 && weight <= 1 && active === weight > 0)).toBe(
        true,
      );
      expect(JSON.parse(JSON.stringify(decision))).toEqual(decision);
    }),
    { numRuns: 300 },
  );
});

describe("a replay of recorded evaluations", () => {
  it("carries hysteresis from each to the next, and says what differs and why", () => {
    const policy = parsePolicy("gates: [s > 0]\nhysteresis: {promote_after: 2}");
    const recorded = [1, 1, -1].map((s, index) => ({
      evaluationId: `e${index}`,
      inputs: inputs({ a: { s } }, { decidedAtMs: nowMs + index }),
      active: ["a"],
    }));
    const { evaluations, differing } = replayPolicy(policy, recorded);
    expect(evaluations.map(({ replayed }) => replayed)).toEqual([[], ["a"], []]);
    expect(evaluations.map(({ decidedBy }) => decidedBy)).toEqual([
      { a: "hysteresis.promote_after" },
      {},
      { a: "gates.0" },
    ]);
    expect(differing).toBe(2);
    expect(replayPolicy(policy, []).evaluations).toEqual([]);
  });
});
