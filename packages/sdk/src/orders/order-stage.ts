import type { EpochMs, JsonValue } from "@qmtl/core";
import type { AccountView, Order, OrderIntent } from "@qmtl/engine/broker";
import type { Instrument } from "@qmtl/engine/instrument";
import { Node, type NodeOptions } from "../strategy/node.ts";

/** A message on the order path: an intent on its way to the broker, with the reference's field names. */
export type OrderPayload = Readonly<Record<string, JsonValue>>;

/**
 * A stage of the order path: runs after the pure graph, once per payload of its input, and may look at the account.
 * It sees the account after all fills of bars that closed up to now, never later ones.
 *
 * What it returns goes on to the stages that read it: a payload, several, or undefined to stop. A refusal is the
 * payload `{ rejected: true, reason }`: it is recorded and goes no further.
 */
export abstract class OrderStageNode extends Node<string> {
  abstract override readonly nodeType: string;
  /** Everything that changes what the stage does; part of its identity. */
  abstract readonly params: JsonValue;
  readonly fields = undefined;
  readonly inputs: readonly [Node];

  constructor(input: Node, options: NodeOptions) {
    super(options);
    this.inputs = [input];
  }

  /** A fresh stage for one run of one account: state lives here, never on the node. */
  abstract createStage(): OrderStage;
}

export interface OrderStage {
  handle(payload: OrderPayload, context: OrderContext): OrderPayload | readonly OrderPayload[] | undefined;
  /** Called at every close time after all payloads: stages that wait (micro-batches) release here. */
  onClose?(context: OrderContext): readonly OrderPayload[] | undefined;
  save?(): JsonValue;
  load?(state: JsonValue): void;
}

/** What a stage may know and do at one close time. */
export interface OrderContext {
  readonly nowMs: EpochMs;
  /** Start of the bucket the payload was computed for. */
  readonly bucketMs: EpochMs;
  readonly account: AccountView;
  readonly instruments: readonly Instrument[];
  /** Index of a symbol; of the only instrument when the symbol is left out. @throws `INSTRUMENT_UNKNOWN` */
  instrumentOf(symbol: JsonValue | undefined): number;
  /** Last close of an instrument, quote currency; NaN before its first bar. */
  markOf(instrument: number): number;
  /** Volume of the last bar of an instrument; NaN before its first bar. */
  volumeOf(instrument: number): number;
  submit(intent: OrderIntent): Order;
  cancel(orderId: number, reason?: string): boolean;
}
