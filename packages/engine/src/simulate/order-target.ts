import { QmtlError, shown } from "@qmtl/core";
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
  createKernel: (params) => targetKernel(targetsOf(params)),
};

type Targets = readonly [long: number, short: number, flat: number];

function targetsOf({ long, short, flat }: OrderTargetParams): Targets {
  return [long, short ?? Number.NaN, flat ?? Number.NaN];
}

/** The target of one signal; NaN: none. */
export function targetOf(params: OrderTargetParams): (signal: number) => number {
  const [long, short, flat] = targetsOf(params);
  return (signal) => targetOfSignal(signal, long, short, flat);
}

function targetOfSignal(signal: number, long: number, short: number, flat: number): number {
  return signal > 0 ? long : signal < 0 ? short : signal === 0 ? flat : Number.NaN;
}

function targetKernel(targets: Targets): Kernel {
  const advance: Kernel["advance"] = (inputs, outputs, from, to) => {
    const signal = inputs[0]!;
    const target = outputs[0]!;
    // In registers: what a loop finds outside its function is read every time.
    const long = targets[0];
    const short = targets[1];
    const flat = targets[2];
    for (let row = from; row < to; row++) target[row] = targetOfSignal(signal[row]!, long, short, flat);
  };
  return { advance, advanceRow: advance, save: () => new Float64Array(0), load: () => undefined };
}

function finite(value: unknown, name: string): number | null {
  if (value === null) return null;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw new QmtlError("PARAMETER_INVALID", `${name} must be a finite number or null; found ${shown(value)}`);
}
