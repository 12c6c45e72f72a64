import { describe, expect, it } from "vitest";
import { parseGatingPolicy } from "./index.ts";

const valid = {
  dataset_fingerprint: "lake:blake3:ohlcv",
  share_policy: "feature-artifacts-only",
  snapshot: { strategy_plane: "cow", feature_plane: "readonly" },
  edges: { pre_promotion: { disable_edges_to: "live" }, post_promotion: { enable_edges_to: ["live", "paper"] } },
  observability: { slo: { cross_context_cache_hit: 0 }, audit_topic: "gating" },
  domains: { from: "backtest", to: "paper" },
  promotion_point: "2026-01-01T00:00:00Z",
  can_short: true,
};

describe("a gating policy", () => {
  const expected = {
    datasetFingerprint: "lake:blake3:ohlcv",
    disableBefore: ["live"],
    enableAfter: ["live", "dryrun"],
    targetDomain: "dryrun",
    promotionPointMs: Date.UTC(2026, 0, 1),
  };

  it.each([
    ["an object", valid],
    ["wrapped", { gating_policy: valid }],
    ["JSON text", JSON.stringify(valid)],
    [
      "YAML text",
      "gating_policy:\n  dataset_fingerprint: lake:blake3:ohlcv\n  share_policy: feature-artifacts-only\n" +
        "  snapshot: {strategy_plane: cow, feature_plane: readonly}\n" +
        "  edges: {pre_promotion: {disable_edges_to: live}, post_promotion: {enable_edges_to: [live, dryrun]}}\n" +
        "  observability: {slo: {cross_context_cache_hit: 0}}\n  domains: {to: dryrun}\n" +
        "  promotion_point: '2026-01-01T00:00:00Z'\n",
    ],
  ])("is read from %s", (_, source) => expect(parseGatingPolicy(source)).toMatchObject(expected));

  it.each<[string, unknown, string]>([
    ["a list", [], "the gating policy must be a map"],
    ["no fingerprint", { ...valid, dataset_fingerprint: "" }, "dataset_fingerprint must be a text"],
    ["another share policy", { ...valid, share_policy: "all" }, 'share_policy must be "feature-artifacts-only"'],
    ["no snapshot", { ...valid, snapshot: {} }, "snapshot.strategy_plane must be a text"],
    ["half a snapshot", { ...valid, snapshot: { strategy_plane: "cow" } }, "snapshot.feature_plane must be a text"],
    [
      "cache hits",
      { ...valid, observability: { slo: { cross_context_cache_hit: 1 } } },
      "cross_context_cache_hit must be 0",
    ],
    ["no objective", { ...valid, observability: {} }, "cross_context_cache_hit must be 0"],
    ["an unknown domain", { ...valid, domains: { to: "moon" } }, "domains.to must be one of backtest"],
    [
      "unknown edges",
      { ...valid, edges: { pre_promotion: { disable_edges_to: ["moon"] } } },
      "disable_edges_to must be",
    ],
    ["no time", { ...valid, promotion_point: "soon" }, "promotion_point must be an ISO-8601 time"],
    ["text", "dataset_fingerprint: [", "the gating policy, line 1"],
  ])("is refused: %s", (_, source, message) => expect(() => parseGatingPolicy(source)).toThrow(message));
});
