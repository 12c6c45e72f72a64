import { executionDomainOfMode } from "@qmtl/core";

/** What a world's decision lets a strategy do. Ordered: each may do what the one before it may, and more. */
export type EffectiveMode = "validate" | "compute-only" | "paper" | "live";

const modesByRank = ["validate", "compute-only", "paper", "live"] as const satisfies readonly EffectiveMode[];

/**
 * The mode a word stands for: `paper`, `compute_only`, and the older `active` for `live`. Anything else, and nothing at
 * all, is compute-only: doubt never trades.
 */
export function effectiveModeOf(word: unknown): EffectiveMode {
  if (typeof word !== "string") return "compute-only";
  const plain = word.trim().toLowerCase().replaceAll("_", "-");
  if (plain === "validate") return "validate";
  const domain = executionDomainOfMode(plain);
  if (domain === "live") return "live";
  return domain === "dryrun" ? "paper" : "compute-only";
}

/** Whether the word is one of the four, spelled as they are written on the wire. */
export function isEffectiveMode(word: unknown): word is EffectiveMode {
  return modesByRank.includes(word as EffectiveMode);
}

/** The more careful of two modes. */
export function lowerMode(a: EffectiveMode, b: EffectiveMode): EffectiveMode {
  return modesByRank.indexOf(a) <= modesByRank.indexOf(b) ? a : b;
}
