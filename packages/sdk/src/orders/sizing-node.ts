import type { JsonValue } from "@qmtl/core";
import type { Node, NodeOptions } from "../strategy/node.ts";
import { checkActivation, clampWeight, gateOrder, type ActivationMap } from "./activation.ts";
import { normalizeOrderIntent } from "./normalize-order.ts";
import { givenParams, optionalNumber, refuseUnknownOptions } from "../strategy/option-checks.ts";
import { unitSizeOf, withUnits } from "./order-size.ts";
import { OrderStageNode, refuse, type OrderContext, type OrderPayload, type OrderStage } from "./order-stage.ts";

export interface SizingOptions extends NodeOptions {
  /** Scales every size; clamped to [0, 1]. Default 1. */
  readonly weight?: number;
  /** Weights by symbol; what it does not name, or what is disabled, is not sized: `activation_unknown`, `activation_disabled`. */
  readonly activation?: ActivationMap;
}

/**
 * Turns sizes into units: a quantity stays, a value, a percent and a target percent are divided by the last close (by
 * the limit of a limit order), then scaled by the weight. Of a target the target is scaled, not the way to it, so that
 * a target of zero always closes; a reduce-only order is not scaled. Lots are the broker's to round.
 *
 * Refuses with `price_unknown` before the first bar, `invalid_order` without a size.
 */
export class SizingNode extends OrderStageNode {
  readonly nodeType = "SizingNode";
  readonly params: JsonValue;
  readonly #weight: number;
  readonly #activation: ActivationMap | undefined;

  constructor(input: Node, options: SizingOptions = {}) {
    super(input, options);
    refuseUnknownOptions("SizingNode", options, ["weight", "activation"]);
    this.#weight = clampWeight(optionalNumber("weight", options.weight, {}) ?? 1);
    const activation = checkActivation(options.activation);
    this.#activation = (activation ?? undefined) as ActivationMap | undefined;
    this.params = givenParams({ weight: this.#weight, activation });
  }

  defaultName(): string {
    return "sizing";
  }

  createStage(): OrderStage {
    return { handle: (payload, context) => this.#size(payload, context) };
  }

  #size(payload: OrderPayload, context: OrderContext): OrderPayload | undefined {
    const order = normalizeOrderIntent(payload);
    if (order === undefined) return undefined;
    const instrument = context.instrumentOf(order["symbol"]);
    const size = unitSizeOf(order, instrument, context);
    if (size === undefined) return refuse(order, "invalid_order", "it has no size");
    if (!Number.isFinite(size.units)) return refuse(order, "price_unknown", "no price is known yet to size it");
    const held = context.account.position(instrument).quantity;
    const direction = size.kind === "target" ? size.units - held : size.units;
    const verdict = gateOrder(
      this.#activation,
      context.instruments[instrument]!.symbol,
      direction < 0 ? "SELL" : "BUY",
    );
    if (!verdict.allowed) return refuse(order, verdict.code, verdict.detail);
    const weight = order["reduce_only"] === true ? 1 : this.#weight * verdict.weight;
    return withUnits(order, { kind: size.kind, units: size.units * weight });
  }
}
