import type { ExposureLimits } from "@qmtl/policy/order-gate";
import type { Clock } from "@qmtl/core";
import type { Order } from "@qmtl/engine/broker";
import type { LiveFeed } from "../feeds/index.ts";
import type { OfflineOptions } from "../runner/options.ts";

/** How a strategy follows a world. History, broker and parameters are those of an offline run. */
export interface WorldRunOptions extends Pick<
  OfflineOptions,
  "data" | "load" | "startTime" | "endTime" | "params" | "broker" | "returnsBasis" | "trials" | "signal" | "onProgress"
> {
  readonly worldId: string;
  /** Address of the Gateway, "http://127.0.0.1:8000". While it cannot be reached the run computes and sends no order. */
  readonly gatewayUrl: string;
  /** Bearer token; a Gateway on this machine needs none. */
  readonly token?: string;
  /** Rows while they happen. Without one the run computes its history, and ends. */
  readonly feed?: LiveFeed;
  /**
   * Instead of a feed: the history itself is played as if it happened now, so many times faster. What comes before
   * `historyEnd` is history, what follows is played; by default the second half. It begins when the Gateway has answered,
   * or after 5 s without.
   */
  readonly replaySpeed?: number | "max";
  /** Half-open range of history: epoch seconds, ISO-8601 text, or a Date. Default `startTime` and `endTime`. */
  readonly historyStart?: number | string | Date;
  readonly historyEnd?: number | string | Date;
  /**
   * Where the run keeps what it must not forget: node state, account, orders and fills. Default
   * `.qmtl/runs/<world>/<strategy>` below the working directory.
   */
  readonly stateFolder?: string;
  /** Largest exposure in account currency; an order beyond it is refused. Absent scopes have no limit. */
  readonly limits?: ExposureLimits;
  /**
   * Told of every order in the turn in which it leaves, after it was written down; for whoever keeps a record of his own.
   * Not told of one for which the gate closed while it was being written. Must not wait and must not throw.
   */
  readonly onOrder?: (order: OutgoingOrder) => void;
  /** Said once each: lost and found contact, gaps in the data, why orders are off, orders that were refused. */
  readonly onNotice?: (notice: WorldRunNotice) => void;
  /** Serves the run's metrics for Prometheus at `/metrics` of this machine; 0 takes a free port. */
  readonly metricsPort?: number;
  /** Short time budgets, for tests; `QMTL_TEST_MODE=1` says the same, and `test.test_mode` of the folder's `qmtl.yml`. */
  readonly testMode?: boolean;
  readonly clock?: Clock;
}

export interface OutgoingOrder {
  /** One order for ever, however often it is seen. */
  readonly clientOrderId: string;
  readonly worldId: string;
  readonly epoch: number;
  readonly strategyId: string;
  readonly symbol: string;
  readonly order: Order;
}

export interface WorldRunNotice {
  readonly kind: "contact" | "orders" | "data" | "submission" | "fills";
  readonly message: string;
}
