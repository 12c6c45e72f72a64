import type { EpochMs } from "@qmtl/core";

/** One stretch below a former peak of equity. */
export interface DrawdownPeriod {
  readonly peakMs: EpochMs; // close at the peak; the start of the run when that is the peak
  readonly troughMs: EpochMs;
  /** Close that reached the peak again; null when the run ended below it. */
  readonly recoveryMs: EpochMs | null;
  /** `(peak - trough) / peak`, > 0. */
  readonly depth: number;
  /** From peak to recovery, or to the end of the run. */
  readonly durationMs: number;
}

/**
 * Depth below the running peak at every close, `equity / peak - 1`, <= 0; `startEquity` is the first peak.
 *
 * @param into - where to write, same length; absent: a new array
 */
export function drawdownSeries(
  equity: Float64Array,
  startEquity: number,
  into: Float64Array = new Float64Array(equity.length),
): Float64Array {
  let peak = startEquity;
  for (let i = 0; i < equity.length; i++) {
    const value = equity[i]!;
    if (value >= peak) {
      peak = value;
      into[i] = 0;
    } else {
      into[i] = (value - peak) / peak;
    }
  }
  return into;
}

/**
 * The deepest drawdowns, deepest first (equal ones: the earlier first).
 *
 * @param startMs - start of the first bar, the time of `startEquity`
 */
export function drawdownPeriods(
  times: Float64Array,
  equity: Float64Array,
  startEquity: number,
  startMs: EpochMs,
  countMax = 10,
): DrawdownPeriod[] {
  const deepest: DrawdownPeriod[] = [];
  let peak = startEquity;
  let peakMs = startMs;
  let trough = peak;
  let troughMs = startMs;
  const end = (recoveryMs: EpochMs | null, endMs: EpochMs) => {
    const depth = (peak - trough) / peak;
    if (deepest.length === countMax && depth <= deepest[countMax - 1]!.depth) return;
    deepest.push({ peakMs, troughMs, recoveryMs, depth, durationMs: endMs - peakMs });
    deepest.sort((a, b) => b.depth - a.depth);
    deepest.length = Math.min(deepest.length, countMax);
  };
  for (let i = 0; i < equity.length; i++) {
    const value = equity[i]!;
    if (value >= peak) {
      if (trough < peak) end(times[i]!, times[i]!);
      peak = trough = value;
      peakMs = times[i]!;
    } else if (value < trough) {
      trough = value;
      troughMs = times[i]!;
    }
  }
  if (trough < peak) end(null, times.at(-1)!);
  return deepest;
}
