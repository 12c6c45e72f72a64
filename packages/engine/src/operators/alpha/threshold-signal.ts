import { QmtlError } from "@qmtl/core";
import { completeParams, defineOperator, KernelState, readNumber, type GivenParams } from "../kernel-parts/index.ts";

export interface ThresholdSignalOptions {
  readonly longThreshold: number;
  readonly shortThreshold: number;
  /** Quantity of the order the signal stands for; 1 unless told. */
  readonly size?: number;
  /** Price of a protective stop, handed on. */
  readonly stopLoss?: number;
  /** Price of a profit target, handed on. */
  readonly takeProfit?: number;
}

/** What a signal asks for; HOLD carries the size too, and no order follows from it. */
export interface TradeSignal {
  readonly action: "BUY" | "SELL" | "HOLD";
  readonly size: number;
  readonly stopLoss?: number;
  readonly takeProfit?: number;
}

/** BUY from the long threshold on, SELL from the short threshold down, else HOLD; an absent alpha holds. */
export function thresholdSignal(alpha: number, options: ThresholdSignalOptions): TradeSignal {
  const { longThreshold, shortThreshold, size = 1, stopLoss, takeProfit } = options;
  return {
    action: alpha >= longThreshold ? "BUY" : alpha <= shortThreshold ? "SELL" : "HOLD",
    size,
    ...(stopLoss !== undefined && { stopLoss }),
    ...(takeProfit !== undefined && { takeProfit }),
  };
}

/** {@link thresholdSignal} of the newest alpha of a history, of 0 when it is empty. */
export function tradeSignal(history: ArrayLike<number>, options: ThresholdSignalOptions): TradeSignal {
  return thresholdSignal(history.length === 0 ? 0 : history[history.length - 1]!, options);
}

/**
 * {@link thresholdSignal} of a column: `action` is 1 (buy), -1 (sell) or 0 (hold), `size` the quantity, `stop_loss` and
 * `take_profit` prices, absent unless set. A row without alpha is absent.
 */
export const thresholdSignalOperator = defineOperator({
  name: "threshold_signal",
  version: 1,
  inputs: ["alpha"],
  outputs: ["action", "size", "stop_loss", "take_profit"],
  resolve(given) {
    const params = completeParams("threshold_signal", given, {
      longThreshold: readNumber(given, "longThreshold"),
      shortThreshold: readNumber(given, "shortThreshold"),
      size: readNumber(given, "size", 1, { above: 0 }),
      stopLoss: readOptional(given, "stopLoss"),
      takeProfit: readOptional(given, "takeProfit"),
    });
    requireOrder("shortThreshold", params.shortThreshold, "longThreshold", params.longThreshold);
    return params;
  },
  warmupRows: () => 0,
  lookbackRows: () => 0,
  createKernel({ longThreshold, shortThreshold, size, stopLoss, takeProfit }) {
    return new KernelState().kernel(([alpha], [action, sizes, stops, targets], from, to) => {
      for (let i = from; i < to; i++) {
        const value = alpha![i]!;
        const absent = Number.isNaN(value);
        action![i] = absent ? Number.NaN : value >= longThreshold ? 1 : value <= shortThreshold ? -1 : 0;
        sizes![i] = absent ? Number.NaN : size;
        stops![i] = absent ? Number.NaN : (stopLoss ?? Number.NaN);
        targets![i] = absent ? Number.NaN : (takeProfit ?? Number.NaN);
      }
    });
  },
});

/** A number, or null where the parameter is not given: "none" is part of the identity like any other value. */
function readOptional(given: GivenParams, name: string): number | null {
  return given[name] === undefined || given[name] === null ? null : readNumber(given, name);
}

/** @throws QmtlError `PARAMETER_INVALID` unless `lower <= upper` */
export function requireOrder(lowerName: string, lower: number, upperName: string, upper: number): void {
  if (lower <= upper) return;
  throw new QmtlError("PARAMETER_INVALID", `${lowerName} must not be above ${upperName}; found ${lower} and ${upper}`, {
    details: { [lowerName]: lower, [upperName]: upper },
  });
}
