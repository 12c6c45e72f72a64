import { QmtlError, shown, type EpochMs } from "@qmtl/core";

export type Side = "long" | "short";

/** Where a trade counts as won or lost. Fixed at entry: `frozenAtMs` is the entry's time. */
export interface BarrierSpec {
  /** Price, or net return as a fraction; null is no barrier. */
  readonly profitTarget: number | null;
  /** Price, or the loss as a positive fraction; null is no barrier. */
  readonly stopLoss: number | null;
  readonly mode: "price" | "return";
  readonly frozenAtMs: EpochMs;
}

/** How long a trade may stay undecided; null is no limit. */
export interface HorizonSpec {
  readonly maxDurationMs: number | null;
  /** Observations after the entry. */
  readonly maxBars: number | null;
  readonly frozenAtMs: EpochMs;
}

export interface VolatilityBarrierOptions {
  /** Price at entry, > 0. */
  readonly price: number;
  /** Deviation of returns over the horizon, a fraction, >= 0. */
  readonly sigma: number;
  readonly profitMultiplier: number | null;
  readonly stopMultiplier: number | null;
  readonly side: Side | "buy" | "sell";
  readonly mode?: "price" | "return";
  readonly frozenAtMs: EpochMs;
}

/**
 * Barriers some multiples of volatility away: in price mode `price (1 + m sigma)` and `price (1 - m sigma)`, mirrored
 * for a short; in return mode `m sigma` for both.
 *
 * @throws QmtlError `PARAMETER_INVALID` for a negative price, sigma or multiplier, or another side
 */
export function volatilityScaledBarrierSpec(options: VolatilityBarrierOptions): BarrierSpec {
  const { profitMultiplier, stopMultiplier, mode = "price", frozenAtMs } = options;
  const price = requireNotNegative("price", options.price);
  const sigma = requireNotNegative("sigma", options.sigma);
  const direction = directionOf(readSide(options.side));
  const distance = (name: string, multiplier: number | null): number | null =>
    multiplier === null ? null : requireNotNegative(name, multiplier) * sigma;
  const profit = distance("profitMultiplier", profitMultiplier);
  const stop = distance("stopMultiplier", stopMultiplier);
  if (mode === "return") return { profitTarget: profit, stopLoss: stop, mode, frozenAtMs };
  return {
    profitTarget: profit === null ? null : price * (1 + direction * profit),
    stopLoss: stop === null ? null : price * (1 - direction * stop),
    mode,
    frozenAtMs,
  };
}

/** Long or short; "buy" and "sell" in any case mean the same. @throws QmtlError `PARAMETER_INVALID` */
export function readSide(side: unknown): Side {
  const word = typeof side === "string" ? side.toLowerCase() : side;
  if (word === "long" || word === "buy") return "long";
  if (word === "short" || word === "sell") return "short";
  throw new QmtlError("PARAMETER_INVALID", `side must be "long" or "short"; found ${shown(side)}`);
}

/** +1 for long, -1 for short. */
export function directionOf(side: Side): 1 | -1 {
  return side === "long" ? 1 : -1;
}

function requireNotNegative(name: string, value: number): number {
  if (Number.isFinite(value) && value >= 0) return value;
  throw new QmtlError("PARAMETER_INVALID", `${name} must be a finite number, at least 0; found ${shown(value)}`);
}
