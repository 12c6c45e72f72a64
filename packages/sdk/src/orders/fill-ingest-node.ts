import { QmtlError, shown, type JsonValue } from "@qmtl/core";
import type { NodeOptions } from "../strategy/node.ts";
import { OrderPublishNode } from "./order-publish-node.ts";
import { OrderStageNode, type OrderContext, type OrderPayload, type OrderStage } from "./order-stage.ts";

/**
 * Every fill of the account as a payload, at the close of the bar it happened in: `order_id`, `symbol`, `side`,
 * `quantity` (> 0), `price`, `commission`, `slippage` (money, inside `price`), `fill_time` (epoch ms), `seq`. Also those
 * of exits and targets that no stage sent.
 *
 * A fill that an order of a close causes at that very close ("same_close") comes one close later: orders are decided
 * on the account as it was before them.
 */
export class FillIngestNode extends OrderStageNode {
  readonly nodeType = "FillIngestNode";
  readonly params: JsonValue = null;

  constructor(publish: OrderPublishNode, options: NodeOptions = {}) {
    super(publish, options);
    if (!(publish instanceof OrderPublishNode)) {
      throw new QmtlError("NODE_INVALID", `fills come after an OrderPublishNode; found ${shown(publish)}`);
    }
  }

  defaultName(): string {
    return "fills";
  }

  createStage(): OrderStage {
    return new FillIngest();
  }
}

class FillIngest implements OrderStage {
  #seen = 0;

  // Orders pass by; their fills are read off the account.
  handle(): undefined {}

  onClose(context: OrderContext): readonly OrderPayload[] | undefined {
    const { fills } = context;
    if (this.#seen === fills.length) return undefined;
    const payloads: OrderPayload[] = [];
    for (; this.#seen < fills.length; this.#seen++) {
      const fill = fills.at(this.#seen)!;
      payloads.push({
        order_id: fill.orderId,
        symbol: context.instruments[fill.instrument]!.symbol,
        side: fill.side,
        quantity: fill.quantity,
        price: fill.price,
        commission: fill.fee,
        slippage: fill.slippage,
        fill_time: fill.timeMs,
        seq: fill.id,
      });
    }
    return payloads;
  }

  save(): JsonValue {
    return this.#seen;
  }

  load(state: JsonValue): void {
    this.#seen = state as number;
  }
}
