import { completeParams, defineOperator, KernelState, readNumber } from "../kernel-parts/index.ts";
import { requireOrder } from "./threshold-signal.ts";

/**
 * Limits of a signal with hysteresis: a position is entered beyond `enter` and left only once the signal has come back
 * past `exit`, so that noise around one threshold does not trade.
 * `shortEnter <= shortExit <= longExit <= longEnter`, or exits that cross, as long as each is inside its entry.
 */
export interface Thresholds {
  readonly longEnter: number;
  readonly shortEnter: number;
  readonly longExit: number;
  readonly shortExit: number;
}

export type PositionState = -1 | 0 | 1;

/** The state after one signal; an absent signal changes nothing. A jump from one entry past the other turns at once. */
export function nextPositionState(state: PositionState, signal: number, thresholds: Thresholds): PositionState {
  if (Number.isNaN(signal)) return state;
  if (signal >= thresholds.longEnter) return 1;
  if (signal <= thresholds.shortEnter) return -1;
  if (state === 1 && signal <= thresholds.longExit) return 0;
  if (state === -1 && signal >= thresholds.shortExit) return 0;
  return state;
}

/**
 * {@link nextPositionState} over a column. `state` is -1, 0 or 1 at every row; `target` is the position to hold
 * (`state * size`, in the unit of `size`) and is there only on rows where the state changes, so that a consumer that
 * turns targets into orders sends one order per change. Starts flat.
 */
export const positionTarget = defineOperator({
  name: "position_target",
  version: 1,
  inputs: ["signal"],
  outputs: ["state", "target"],
  resolve(given) {
    const params = completeParams("position_target", given, {
      longEnter: readNumber(given, "longEnter"),
      shortEnter: readNumber(given, "shortEnter"),
      longExit: readNumber(given, "longExit"),
      shortExit: readNumber(given, "shortExit"),
      size: readNumber(given, "size", 1, { above: 0 }),
    });
    requireOrder("shortEnter", params.shortEnter, "longEnter", params.longEnter);
    requireOrder("longExit", params.longExit, "longEnter", params.longEnter);
    requireOrder("shortEnter", params.shortEnter, "shortExit", params.shortExit);
    return params;
  },
  warmupRows: () => 0,
  lookbackRows: () => 0,
  createKernel({ longEnter, shortEnter, longExit, shortExit, size }) {
    const thresholds = { longEnter: longEnter, shortEnter: shortEnter, longExit: longExit, shortExit: shortExit };
    const kernel = new KernelState();
    const position = kernel.array(1);
    return kernel.kernel(([signal], [states, targets], from, to) => {
      for (let i = from; i < to; i++) {
        const before = position[0] as PositionState;
        const after = nextPositionState(before, signal![i]!, thresholds);
        position[0] = after;
        states![i] = after;
        targets![i] = after === before ? Number.NaN : after * size;
      }
    });
  },
});

/** The position a strategy wants in one instrument: a share of equity or a quantity. */
export interface PositionTarget {
  readonly symbol: string;
  /** Fraction of equity, signed: 0.1 is long 10 %. */
  readonly targetPercent?: number;
  /** Quantity, signed. */
  readonly targetQty?: number;
  readonly reason?: string;
}
