import { QmtlError, shown } from "@qmtl/core";
import type { SignTargets } from "../broker/index.ts";
import type { Kernel, OperatorDefinition } from "../operator/index.ts";

export interface OrderTargetParams {
  readonly [key: string]: number | null;
  readonly long: number;
  readonly short: number | null;
  readonly flat: number | null;
}

/**
 * Turns the sign of a signal into a target position: above 0 `long`, below 0 `short`, exactly 0 `flat`. A null target
 * leaves the position alone, and so does an absent signal. Targets are fractions of equity or units, as the reader says.
 */
export const orderTarget: OperatorDefinition<OrderTargetParams, "signal", "value"> = {
  name: "order_target",
  version: 1,
  inputs: ["signal"],
  outputs: ["value"],
  resolve(params) {
    return {
      long: finite(params["long"] ?? 1, "long")!,
      short: finite(params["short"] === undefined ? 0 : params["short"], "short"),
      flat: finite(params["flat"] ?? null, "flat"),
    };
  },
  warmupRows: () => 0,
  lookbackRows: () => 0,
  createKernel: (params) => targetKernel(signTargetsOf(params)),
};

/** The targets of signals that are not absent. */
export function signTargetsOf({ long, short, flat }: OrderTargetParams): SignTargets {
  return { above: long, below: short ?? Number.NaN, atZero: flat ?? Number.NaN };
}

function targetKernel(targets: SignTargets): Kernel {
  const advance: Kernel["advance"] = (inputs, outputs, from, to) => {
    const signal = inputs[0]!;
    const target = outputs[0]!;
    // In registers: what a loop finds outside its function is read every time.
    const { above, below, atZero } = targets;
    for (let row = from; row < to; row++) {
      const value = signal[row]!;
      target[row] = value > 0 ? above : value < 0 ? below : value === 0 ? atZero : Number.NaN;
    }
  };
  return { advance, advanceRow: advance, save: () => new Float64Array(0), load: () => undefined };
}

function finite(value: unknown, name: string): number | null {
  if (value === null) return null;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw new QmtlError("PARAMETER_INVALID", `${name} must be a finite number or null; found ${shown(value)}`);
}
