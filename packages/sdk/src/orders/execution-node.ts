import type { JsonValue } from "@qmtl/core";
import type { OrderType, Side, TimeInForce } from "@qmtl/engine/broker";
import type { Node, NodeOptions } from "../strategy/node.ts";
import { slippedPrice } from "./execution-costs.ts";
import { normalizeOrderIntent } from "./normalize-order.ts";
import { givenParams, optionalNumber, optionalWord, refuseUnknownOptions } from "../strategy/option-checks.ts";
import { unitSizeOf } from "./order-size.ts";
import { OrderStageNode, refuse, type OrderContext, type OrderPayload, type OrderStage } from "./order-stage.ts";

export interface ExecutionOptions extends NodeOptions {
  /** Type of an order that names none. Default "market". */
  readonly type?: Extract<OrderType, "market" | "limit" | "market_on_open" | "market_on_close">;
  /** Where the limit of a limit order without one stands: so many basis points better than the last close (negative: worse). Default 0. */
  readonly limitOffsetBps?: number;
  /** Time in force of an order that names none. */
  readonly timeInForce?: Exclude<TimeInForce, "GTD">;
  /** A market order becomes a limit this many basis points worse than the last close, immediate-or-cancel. */
  readonly slippageMaxBps?: number;
  /** Exits of an order that names none, fractions of its price: 0.02 is a stop 2 % against the position. */
  readonly stopLossPercent?: number;
  readonly takeProfitPercent?: number;
}

const options = [
  "type",
  "limitOffsetBps",
  "timeInForce",
  "slippageMaxBps",
  "stopLossPercent",
  "takeProfitPercent",
] as const;

/**
 * Fills in how an order is to be executed. What the order says itself stays. The execution, with its spread, slippage
 * and fees, is the broker's; nothing is charged here.
 *
 * Refuses with `price_unknown` where a price is needed before the first bar, `invalid_order` without a size.
 */
export class ExecutionNode extends OrderStageNode {
  readonly nodeType = "ExecutionNode";
  readonly params: JsonValue;
  readonly #options: ExecutionOptions;

  constructor(input: Node, given: ExecutionOptions = {}) {
    super(input, given);
    refuseUnknownOptions("ExecutionNode", given, options);
    const fraction = { above: 0, below: 1 };
    this.params = givenParams({
      type: optionalWord("type", given.type, ["market", "limit", "market_on_open", "market_on_close"]),
      limitOffsetBps: optionalNumber("limitOffsetBps", given.limitOffsetBps, { above: -10_000, below: 10_000 }),
      timeInForce: optionalWord("timeInForce", given.timeInForce, ["GTC", "DAY", "IOC", "FOK"]),
      slippageMaxBps: optionalNumber("slippageMaxBps", given.slippageMaxBps, { min: 0, below: 10_000 }),
      stopLossPercent: optionalNumber("stopLossPercent", given.stopLossPercent, fraction),
      takeProfitPercent: optionalNumber("takeProfitPercent", given.takeProfitPercent, fraction),
    });
    this.#options = { ...given };
  }

  defaultName(): string {
    return "execution";
  }

  createStage(): OrderStage {
    return { handle: (payload, context) => this.#annotate(payload, context) };
  }

  #annotate(payload: OrderPayload, context: OrderContext): OrderPayload | undefined {
    const order = normalizeOrderIntent(payload);
    if (order === undefined) return undefined;
    const { type = "market", timeInForce, slippageMaxBps, limitOffsetBps = 0 } = this.#options;
    const { stopLossPercent, takeProfitPercent } = this.#options;
    const filled: Record<string, JsonValue> = { type, ...order };
    const bounded = filled["type"] === "market" && slippageMaxBps !== undefined;
    const open = filled["type"] === "limit" && filled["limit_price"] === undefined;
    const exits = (stopLossPercent ?? takeProfitPercent) !== undefined;
    if (bounded || open || exits) {
      const instrument = context.instrumentOf(order["symbol"]);
      const size = unitSizeOf(order, instrument, context);
      const mark = context.markOf(instrument);
      if (size === undefined) return refuse(order, "invalid_order", "it has no size");
      if (!(mark > 0)) return refuse(order, "price_unknown", "no price is known yet to set its limit");
      const held = context.account.position(instrument).quantity;
      const change = size.kind === "target" ? size.units - held : size.units;
      const side: Side = change < 0 ? "SELL" : "BUY";
      if (bounded) {
        filled["type"] = "limit";
        filled["limit_price"] = slippedPrice(mark, side, slippageMaxBps);
        filled["time_in_force"] ??= "IOC";
      }
      if (open) filled["limit_price"] = slippedPrice(mark, side, -limitOffsetBps);
      // Exits belong to what opens a position: an order that reduces one is an exit itself.
      if (exits && opens(held, change) && order["reduce_only"] !== true) {
        const price = typeof filled["limit_price"] === "number" && !bounded ? filled["limit_price"] : mark;
        const sign = side === "BUY" ? 1 : -1;
        if (stopLossPercent !== undefined) filled["stop_loss"] ??= price * (1 - sign * stopLossPercent);
        if (takeProfitPercent !== undefined) filled["take_profit"] ??= price * (1 + sign * takeProfitPercent);
      }
    }
    if (timeInForce !== undefined) filled["time_in_force"] ??= timeInForce;
    return filled;
  }
}

function opens(held: number, change: number): boolean {
  return Math.abs(held + change) > Math.abs(held) || held * (held + change) < 0;
}
