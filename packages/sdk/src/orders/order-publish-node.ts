import type { JsonValue } from "@qmtl/core";
import type { Node, NodeOptions } from "../strategy/node.ts";
import { orderIntentOf } from "./order-intent.ts";
import { OrderStageNode, type OrderContext, type OrderPayload, type OrderStage } from "./order-stage.ts";

/** The end of the order path: what reaches it is sent to the account's broker. */
export class OrderPublishNode extends OrderStageNode {
  readonly nodeType = "OrderPublishNode";
  readonly params: JsonValue = null;

  constructor(input: Node, options: NodeOptions = {}) {
    super(input, options);
  }

  defaultName(): string {
    return "publish";
  }

  createStage(): OrderStage {
    return { handle: publish };
  }
}

function publish(payload: OrderPayload, context: OrderContext): OrderPayload | undefined {
  if (payload["action"] === "HOLD") return undefined;
  const order = context.submit(orderIntentOf(payload, context));
  const outcome: Record<string, JsonValue> = { ...payload, order_id: order.id, status: order.status };
  if (order.reason !== null) outcome["reason"] = order.reason;
  return outcome;
}
