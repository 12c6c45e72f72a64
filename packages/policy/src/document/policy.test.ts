import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parsePolicy } from "./index.ts";

const documented = `
world: crypto_mom_1h
version: 3
data_currency:
  max_lag: 5m
  min_history: 60d
  bar_alignment: exchange_calendar
sample: {sample_days: 30, trades_60d: 40}
evidence: {parity: required, lookahead: required, max_trials: 50}
selection:
  gates:
    and:
      - sharpe_mid >= 0.60
      - max_dd_120d <= 0.25 and trades_60d >= 40
      - or: [winrate_long > 0.5, ulcer_mid < 0.1]
  score: "sharpe_mid + 0.1*winrate_long - 0.2*ulcer_mid"
  topk: {total: 8, by_side: {long: 5, short: 3}}
  constraints:
    correlation: {max_pairwise: 0.8}
    exposure:
      gross_budget: {long: 0.60, short: 0.40}
      max_leverage: 3.0
      sector_cap: 0.30
  hysteresis: {promote_after: 2, demote_after: 3, min_dwell: 3h}
position_policy: {on_promote: flat_then_enable, on_demote: disable_then_flat}
`;

function refusal(source: unknown): string {
  try {
    parsePolicy(source);
  } catch (error) {
    return (error as Error).message;
  }
  return "accepted";
}

describe("a policy", () => {
  it("in the documented form", () => {
    expect(parsePolicy(documented)).toMatchObject({
      world: "crypto_mom_1h",
      dataCurrency: { maxLagMs: 300_000, minHistoryMs: 60 * 86_400_000, barAlignment: "exchange_calendar" },
      sample: { sample_days: 30, trades_60d: 40 },
      evidence: { required: ["parity", "lookahead"], maxTrials: 50 },
      gates: { kind: "and", gates: [{ name: "gates.and.0" }, {}, { kind: "or", gates: [{}, {}] }] },
      score: { metrics: ["sharpe_mid", "winrate_long", "ulcer_mid"] },
      topK: { total: 8, long: 5, short: 3 },
      correlation: { max: 0.8 },
      exposure: { grossLong: 0.6, grossShort: 0.4, maxLeverage: 3, sectorCap: 0.3 },
      hysteresis: { band: undefined, promoteAfter: 2, demoteAfter: 3, minDwellMs: 3 * 3_600_000 },
      positions: { onPromote: "flat_then_enable", onDemote: "disable_then_flat" },
    });
  });

  it("in the older form", () => {
    const policy = parsePolicy({
      thresholds: { quality: { metric: "sharpe", min: 0.5, max: 9 } },
      top_k: { metric: "sharpe", k: 3 },
      correlation: { max: 0.5 },
      hysteresis: { metric: "sharpe", enter: 0.6, exit: 0.3 },
    });
    expect(policy).toMatchObject({
      thresholds: [{ name: "quality", metric: "sharpe", min: 0.5, max: 9 }],
      topK: { metric: "sharpe", total: 3 },
      correlation: { max: 0.5 },
      hysteresis: { band: { metric: "sharpe", enter: 0.6, exit: 0.3 }, promoteAfter: 1 },
    });
  });

  it("has one checksum whatever its form and the order of its keys", () => {
    const a = parsePolicy('{"top_k": {"metric": "s", "k": 2}, "thresholds": {"q": {"metric": "s", "min": 1}}}');
    const b = parsePolicy("thresholds: {q: {min: 1, metric: s}}\ntop_k:\n  k: 2\n  metric: s\n");
    expect(a.checksum).toBe(b.checksum);
    expect(parsePolicy("top_k: {metric: s, k: 3}").checksum).not.toBe(a.checksum);
  });

  it.each<[string, unknown, string]>([
    ["no map", "just words", "the policy, line 1, column 1 must be a map of names to values"],
    ["an unknown key", "selektion: {}", 'line 1, column 1: selektion is unknown; did you mean "selection"?'],
    [
      "an unknown key inside",
      "selection:\n  scores: a",
      'line 2, column 3: selection.scores is unknown; did you mean "score"?',
    ],
    [
      "a bad interval",
      "data_currency:\n  max_lag: soon",
      "line 2, column 3: data_currency.max_lag must be a positive number",
    ],
    ["a bad gate", "gates:\n  - a > 1\n  - a >", "line 3, column 5: gates.1 is refused: a gate, character"],
    ["a gate with a method", 'gates: [x.matches("y")]', "matches is refused"],
    ["a gate that is a number", "gates: [1]", "line 1, column 9: gates.0 must be a condition"],
    ["a gate of two kinds", "gates: {and: [a > 1], or: [a > 1]}", 'gates must have one key, "and" or "or"'],
    ["a gate list without gates", "gates: {and: []}", "gates.and must be a list of gates"],
    ["a threshold without a bound", "thresholds: {q: {metric: a}}", "thresholds.q needs a min or a max"],
    ["a threshold without a metric", "thresholds: {q: {min: 1}}", "thresholds.q.metric is needed"],
    ["top_k of nothing", "top_k: {metric: a, k: 0}", "top_k.k must be at least 1"],
    ["half a strategy", "top_k: {metric: a, k: 1.5}", "top_k.k must be a whole number"],
    ["ranking by nothing", "selection: {topk: {total: 3}}", "topk needs a score, or a metric to rank by"],
    ["a correlation beyond 1", "correlation: {max: 2}", "correlation.max must lie in [-1, 1]"],
    ["half a band", "hysteresis: {metric: a, enter: 1}", "hysteresis needs metric, enter and exit together"],
    ["twice", "gates: [a > 1]\nselection: {gates: [a > 1]}", "gates stands in selection as well"],
    ["evidence of what", "evidence: {parity: maybe}", 'evidence.parity must be true, false or "required"'],
    ["a number in words", "top_k: {metric: a, k: two}", "top_k.k must be a number"],
    ["another position policy", "position_policy: {on_promote: yolo}", "position_policy.on_promote must be one of"],
  ])("is refused: %s", (_, source, message) => expect(refusal(source)).toContain(message));

  it("says line and column in its details", () => {
    expect(() => parsePolicy("a: 1\n")).toThrow(expect.objectContaining({ code: "POLICY_INVALID" }));
    try {
      parsePolicy("gates:\n  - a >\n");
    } catch (error) {
      expect(error).toMatchObject({ details: { line: 2, column: 5, path: ["gates", 0] } });
    }
  });

  it("is accepted or refused with a reason, whatever the text", () => {
    const pieces = fc.constantFrom(
      "a",
      ":",
      " ",
      "\n",
      "-",
      "{",
      "}",
      "[",
      "]",
      '"',
      "&x",
      "*x",
      "!t",
      "gates",
      "top_k",
      "1",
      "'",
      "#",
      "|",
      ">",
      "?",
      "%",
      "\t",
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 30 }), (text) => {
        try {
          parsePolicy(text.join(""));
        } catch (error) {
          expect(error).toMatchObject({ code: "POLICY_INVALID" });
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
