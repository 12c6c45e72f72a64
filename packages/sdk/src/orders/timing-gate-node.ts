import type { JsonValue } from "@qmtl/core";
import { TimingController, type TimingOptions } from "../sessions/index.ts";
import type { Node, NodeOptions } from "../strategy/node.ts";
import { normalizeOrderIntent } from "./normalize-order.ts";
import { OrderStageNode, refuse, type OrderStage } from "./order-stage.ts";

export type TimingGateOptions = TimingOptions & NodeOptions;

/**
 * Lets orders pass in the allowed sessions only, by the time of the decision (the close of the bar it is made on), so it
 * is meant for intraday bars. Refuses with `market_closed`, `lunch`, `pre_market` or `post_market`.
 */
export class TimingGateNode extends OrderStageNode {
  readonly nodeType = "TimingGateNode";
  readonly params: JsonValue;
  readonly #controller: TimingController;

  constructor(input: Node, options: TimingGateOptions = {}) {
    const { name, tags, ...timing } = options;
    super(input, { ...(name !== undefined && { name }), ...(tags !== undefined && { tags }) });
    this.#controller = new TimingController(timing);
    this.params = this.#controller.params;
  }

  defaultName(): string {
    return "timing";
  }

  createStage(): OrderStage {
    return {
      handle: (payload, { nowMs }) => {
        const order = normalizeOrderIntent(payload);
        if (order === undefined) return undefined;
        const { valid, session, reason } = this.#controller.validateTiming(nowMs);
        if (valid) return order;
        return refuse(order, session === "closed" ? "market_closed" : session, reason);
      },
    };
  }
}
