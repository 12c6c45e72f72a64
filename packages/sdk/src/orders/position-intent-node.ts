import { QmtlError, shown, type JsonValue } from "@qmtl/core";
import { nextPositionState, type PositionState, type Thresholds } from "@qmtl/engine/operators/alpha";
import { fieldRefOf, type NodeOptions, type ScalarInput } from "../strategy/node.ts";
import { givenParams, refuseUnknownOptions } from "../strategy/option-checks.ts";
import { OrderStageNode, type OrderPayload, type OrderStage } from "./order-stage.ts";

export interface PositionIntentOptions extends NodeOptions {
  readonly thresholds: Thresholds;
  /** May be left out when the account has one instrument. */
  readonly symbol?: string;
  /** Targets of the three states. Default 1, -1, 0. */
  readonly long?: number;
  readonly short?: number;
  readonly flat?: number;
  /** What the targets are: fractions of equity (default), or units. */
  readonly unit?: "percent" | "quantity";
}

/**
 * A signal as position targets with hysteresis: a position is entered beyond `longEnter` or `shortEnter` and left only
 * once the signal has come back past `longExit` or `shortExit`. Gives a target when the state changes, and only then.
 */
export class PositionIntentNode extends OrderStageNode {
  readonly nodeType = "PositionIntentNode";
  readonly params: JsonValue;
  readonly #options: PositionIntentOptions;
  readonly #field: string;

  constructor(signal: ScalarInput, options: PositionIntentOptions) {
    const ref = fieldRefOf(signal, "the signal of a position intent");
    super(ref.node, options);
    ref.node.checkField(ref.field);
    refuseUnknownOptions("PositionIntentNode", options, ["thresholds", "symbol", "long", "short", "flat", "unit"]);
    const { thresholds, symbol, long = 1, short = -1, flat = 0, unit = "percent" } = options;
    checkThresholds(thresholds);
    for (const [name, target] of Object.entries({ long, short, flat })) {
      if (!Number.isFinite(target)) {
        throw new QmtlError("PARAMETER_INVALID", `${name} must be a finite number; found ${shown(target)}`);
      }
    }
    if (unit !== "percent" && unit !== "quantity") {
      throw new QmtlError("PARAMETER_INVALID", `unit must be "percent" or "quantity"; found ${shown(unit)}`);
    }
    this.#field = ref.field;
    this.#options = options;
    this.params = givenParams({
      field: ref.field,
      thresholds: { ...thresholds },
      symbol: symbol ?? null,
      long,
      short,
      flat,
      unit,
    });
  }

  defaultName(): string {
    return "position_intent";
  }

  createStage(): OrderStage {
    const { thresholds, symbol, long = 1, short = -1, flat = 0, unit = "percent" } = this.#options;
    let state: PositionState = 0;
    return {
      handle: (row): OrderPayload | undefined => {
        const signal = row[this.#field];
        const next = nextPositionState(state, typeof signal === "number" ? signal : Number.NaN, thresholds);
        if (next === state) return undefined;
        state = next;
        const target = state === 1 ? long : state === -1 ? short : flat;
        return {
          ...(symbol !== undefined && { symbol }),
          [unit === "percent" ? "target_percent" : "target_quantity"]: target,
          reason: state === 1 ? "long_enter" : state === -1 ? "short_enter" : "exit",
        };
      },
      save: () => state,
      load: (saved) => {
        state = saved as PositionState;
      },
    };
  }
}

function checkThresholds(thresholds: Thresholds): void {
  const { longEnter, longExit, shortEnter, shortExit } = thresholds ?? {};
  const ordered = shortEnter < longEnter && longExit <= longEnter && shortExit >= shortEnter;
  if ([longEnter, longExit, shortEnter, shortExit].every(Number.isFinite) && ordered) return;
  throw new QmtlError(
    "PARAMETER_INVALID",
    `thresholds must keep shortEnter < longEnter, longExit <= longEnter and shortExit >= shortEnter; found ${JSON.stringify(thresholds)}`,
  );
}
