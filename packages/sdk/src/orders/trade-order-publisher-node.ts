import type { JsonValue } from "@qmtl/core";
import type { Node, NodeOptions } from "../strategy/node.ts";
import { normalizeOrderIntent } from "./normalize-order.ts";
import { OrderStageNode, type OrderStage } from "./order-stage.ts";

/**
 * Turns signals (`{ action, size, … }`) into order payloads (`{ side, quantity, timestamp, … }`); anything but BUY and
 * SELL gives nothing. `timestamp` is the start of the signal's bucket, epoch ms. The other stages read signals too:
 * this one is there for whoever wants to see, or route, the orders before anything checks them.
 */
export class TradeOrderPublisherNode extends OrderStageNode {
  readonly nodeType = "TradeOrderPublisherNode";
  readonly params: JsonValue = null;

  constructor(signal: Node, options: NodeOptions = {}) {
    super(signal, options);
  }

  defaultName(): string {
    return "trade_orders";
  }

  createStage(): OrderStage {
    return {
      handle: (signal, { bucketMs }) => {
        const order = normalizeOrderIntent(signal);
        return order && { timestamp: bucketMs, ...order };
      },
    };
  }
}
