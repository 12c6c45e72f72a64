import { QmtlError, shown, type EpochMs, type JsonValue } from "@qmtl/core";
import type { AccountView, Fill, Order, OrderIntent, RecordList } from "@qmtl/engine/broker";
import type { Instrument } from "@qmtl/engine/instrument";
import { captureLocation, type SourceLocation } from "../code-identity/index.ts";
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
  /**
   * The code of a class of one's own is part of its identity, so it may not read variables that `params` does not hold.
   * `override readonly shared = false` lifts that: the node is then never taken for another one.
   */
  readonly shared: boolean = true;
  /** Where it was made: the way to the source of its class. */
  readonly location: SourceLocation | undefined;

  constructor(input: Node, options: NodeOptions = {}) {
    super(options);
    if (!(input instanceof Node)) {
      throw new QmtlError(
        "NODE_INVALID",
        `the input of ${this.constructor.name} must be a node; found ${shown(input)}`,
      );
    }
    this.inputs = [input];
    this.location = captureLocation();
  }

  /** A fresh stage for one run of one account: state lives here, never on the node. */
  abstract createStage(): OrderStage;
}

export interface OrderStage {
  handle(payload: OrderPayload, context: OrderContext): OrderPayload | readonly OrderPayload[] | undefined;
  /**
   * Called at every close time after all payloads, in the order of the stages: what waits (micro-batches) is released
   * here, what watches the account (risk, fills, portfolio) looks at it here.
   */
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
  /** All fills of the account so far. */
  readonly fills: RecordList<Fill>;
  readonly openOrderCount: number;
  /** Index of a symbol; of the only instrument when the symbol is left out. @throws `INSTRUMENT_UNKNOWN` */
  instrumentOf(symbol: JsonValue | undefined): number;
  /** Last close of an instrument, quote currency; NaN before its first bar. */
  markOf(instrument: number): number;
  /** Volume of the last bar of an instrument; NaN before its first bar. */
  volumeOf(instrument: number): number;
  /** Account currency per unit of the instrument's quote currency; NaN while it is not known. */
  rateOf(instrument: number): number;
  /** What open orders would still trade. */
  pendingOf(instrument: number): PendingQuantity;
  submit(intent: OrderIntent): Order;
  cancel(orderId: number, reason?: string): boolean;
}

/** Units that open orders of one instrument would still buy and sell; exits that wait for their parent are left out. */
export interface PendingQuantity {
  readonly buys: number;
  readonly sells: number;
  /** The part of them that came from targets: the next target replaces it. */
  readonly targetBuys: number;
  readonly targetSells: number;
}

/** An order that goes no further. `reason` is a code; `detail` says it in words. */
export function refuse(order: OrderPayload, reason: string, detail?: string): OrderPayload {
  return { ...order, rejected: true, reason, ...(detail !== undefined && { detail }) };
}
