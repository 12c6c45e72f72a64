import type { JsonValue } from "@qmtl/core";
import type { Node, NodeOptions } from "../strategy/node.ts";
import { optionalNumber, refuseUnknownOptions } from "../strategy/option-checks.ts";
import { OrderStageNode, type OrderPayload, type OrderStage } from "./order-stage.ts";

export interface MicroBatchOptions extends NodeOptions {
  /** Closes that a batch gathers, counted from its first payload. Default 1: what came at one close goes on together. */
  readonly closes?: number;
}

/**
 * Holds payloads back and releases them together at a close, after everything that came at it, in the order they came.
 * They go on unchanged. What is still held when the data ends is not released.
 */
export class MicroBatchNode extends OrderStageNode {
  readonly nodeType = "MicroBatchNode";
  readonly params: JsonValue;
  readonly #closes: number;

  constructor(input: Node, options: MicroBatchOptions = {}) {
    super(input, options);
    refuseUnknownOptions("MicroBatchNode", options, ["closes"]);
    this.#closes = optionalNumber("closes", options.closes, { min: 1, whole: true }) ?? 1;
    this.params = { closes: this.#closes };
  }

  defaultName(): string {
    return "micro_batch";
  }

  createStage(): OrderStage {
    return new MicroBatch(this.#closes);
  }
}

class MicroBatch implements OrderStage {
  readonly #closes: number;
  #held: OrderPayload[] = [];
  #seenCloses = 0;

  constructor(closes: number) {
    this.#closes = closes;
  }

  handle(payload: OrderPayload): undefined {
    this.#held.push(payload);
  }

  onClose(): readonly OrderPayload[] | undefined {
    if (this.#held.length === 0 || ++this.#seenCloses < this.#closes) return undefined;
    const batch = this.#held;
    this.#held = [];
    this.#seenCloses = 0;
    return batch;
  }

  save(): JsonValue {
    return { held: [...this.#held], seenCloses: this.#seenCloses };
  }

  load(state: JsonValue): void {
    const { held, seenCloses } = state as unknown as { held: readonly OrderPayload[]; seenCloses: number };
    this.#held = [...held];
    this.#seenCloses = seenCloses;
  }
}
