import { orderTarget } from "@qmtl/engine/simulate";
import { QmtlError, shown } from "@qmtl/core";
import { fieldRefOf, type ScalarInput } from "../strategy/node.ts";
import { refuseUnknownOptions } from "../strategy/option-checks.ts";
import { OperatorNode, type OperatorNodeOptions } from "../strategy/operator-node.ts";
import { StreamInput } from "../strategy/stream-input.ts";

export interface PositionTargetOptions extends OperatorNodeOptions {
  /** The bars of what is traded. */
  readonly instrument: StreamInput<string>;
  /** Target while the signal is above 0. Default 1. */
  readonly long?: number;
  /** Target while it is below 0. Default 0 (flat); -1 goes short; null leaves the position alone. */
  readonly short?: number | null;
  /** Target while it is exactly 0. Default null: leaves the position alone. */
  readonly flat?: number | null;
  /** What the targets are: fractions of equity (default), or units. */
  readonly unit?: "percent" | "quantity";
}

/** A signal as an order: market orders that bring the position to a target whenever the signal has a value. */
export class PositionTargetNode extends OperatorNode<"value"> {
  readonly instrument: StreamInput<string>;
  readonly unit: "percent" | "quantity";

  constructor(signal: ScalarInput, options: PositionTargetOptions) {
    refuseUnknownOptions("positionTarget", options, ["instrument", "unit", "long", "short", "flat", "onMissing"]);
    const { instrument, unit = "percent", long, short, flat, ...rest } = options;
    if (!(instrument instanceof StreamInput) || instrument.instrument === undefined || !instrument.hasBars) {
      throw new QmtlError(
        "NODE_INVALID",
        `instrument must be a StreamInput of bars with an instrument; found ${shown(instrument)}`,
        {
          hint: 'write new StreamInput({ instrument: "BTC/USDT", interval: "1m" })',
        },
      );
    }
    if (unit !== "percent" && unit !== "quantity") {
      throw new QmtlError("PARAMETER_INVALID", `unit must be "percent" or "quantity"; found ${shown(unit)}`);
    }
    const params = Object.fromEntries(Object.entries({ long, short, flat }).filter(([, value]) => value !== undefined));
    super(orderTarget as never, [fieldRefOf(signal, "the signal of a position target")], params, rest);
    this.instrument = instrument;
    this.unit = unit;
  }

  override defaultName(): string {
    return "target";
  }
}

/** `positionTarget(cross, { instrument: price, long: 1, short: -1 })` */
export function positionTargetNode(signal: ScalarInput, options: PositionTargetOptions): PositionTargetNode {
  return new PositionTargetNode(signal, options);
}
