import type { JsonValue } from "@qmtl/core";
import type { OrderIntent } from "@qmtl/engine/broker";
import type { Node, NodeOptions } from "../strategy/node.ts";
import { normalizeOrderIntent } from "./normalize-order.ts";
import { orderIntentOf } from "./order-intent.ts";
import { OrderStageNode, type OrderContext, type OrderPayload, type OrderStage } from "./order-stage.ts";

/** The end of the order path: what reaches it is sent to the account's broker. HOLD and zero sizes send nothing. */
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
  const intent = normalizeOrderIntent(payload);
  if (intent === undefined) return undefined;
  const sent = orderIntentOf(intent, context);
  if (isReached(sent, context)) return undefined;
  const order = context.submit(sent);
  const outcome: Record<string, JsonValue> = { ...intent, order_id: order.id, status: order.status };
  if (order.reason !== null) outcome["reason"] = order.reason;
  return outcome;
}

// A target that is held already, with nothing on its way that it would replace, is no order.
function isReached({ instrument, targetQuantity, targetPercent }: OrderIntent, context: OrderContext): boolean {
  const target = targetQuantity ?? (targetPercent === 0 ? 0 : undefined);
  if (target === undefined || target !== context.account.position(instrument).quantity) return false;
  const { targetBuys, targetSells } = context.pendingOf(instrument);
  return targetBuys === 0 && targetSells === 0;
}
