import type { EpochMs, IntervalMs, JsonValue } from "@qmtl/core";
import type { BrokerOptions } from "./options.ts";
import type { RecordList } from "./record-list.ts";
import type { TradeSums } from "./trade-sums.ts";

/**
 * The broker's surface, used by backtest and paper alike. Pure: no clock, no I/O; time comes in with bars.
 *
 * One simulated close time T runs in this order, driven by `simulate/`:
 *   1. `onBar` for every instrument whose bar closes at T (instrument order): corporate actions and funding due by the
 *      bar's open, then open orders are matched along the bar, open -> path -> close;
 *   2. `onTime(T)`: expiries, settlements, borrow and interest accrual, liquidation at the closes of T;
 *   3. the strategy's intents of T: `submit` / `cancel` (they can fill from T's close only if the fill option says so by
 *      name: "same_close");
 *   4. `afterIntents(T)`: same-close fills; equity is marked at the closes of T.
 *
 * An order takes part in the first bar of its instrument that opens at or after its sending time plus latency, and in
 * every later one that opens before it expires. A bar that was already under way when the order was sent does not
 * count, so an order never sees a price from before its own time. Immediate orders (IOC, FOK) get the open of that
 * first bar and nothing else. Fills at the open carry the bar's open time, all others its close time.
 *
 * Money is float64. Quantities are cut down to the lot and positions kept on it; limit prices snap so that they are
 * never worse than asked (buys down, sells up), stops so that they never trigger earlier (buys up, sells down), slipped
 * prices against the order. Cash of an unlevered account never goes below zero by a purchase (unless `percentOf` is
 * "buying_power": by the fee on the slippage); sums hold to 1e-9 relative.
 */
export type Side = "BUY" | "SELL";
export type OrderType =
  "market" | "limit" | "stop" | "stop_limit" | "trailing_stop" | "market_on_open" | "market_on_close";
export type TimeInForce = "GTC" | "DAY" | "GTD" | "IOC" | "FOK";
export type OrderStatus =
  "open" | "partially_filled" | "filled" | "cancelled" | "rejected" | "expired" | "pending_parent";

/** What a strategy asks for. Exactly one of the size fields. Prices in quote currency, quantities in units. */
export interface OrderIntent {
  readonly instrument: number; // index in the account's instrument list
  readonly side?: Side; // needed for quantity and value; derived for targets
  readonly type?: OrderType; // default "market"
  readonly quantity?: number; // units, > 0
  readonly value?: number; // quote currency, > 0
  readonly percent?: number; // fraction of equity, signed when side is absent
  readonly targetQuantity?: number; // position to reach, signed
  readonly targetPercent?: number; // position value to reach as a fraction of equity, signed
  readonly limitPrice?: number;
  readonly stopPrice?: number;
  readonly trailAmount?: number; // quote currency
  readonly trailPercent?: number; // fraction
  readonly timeInForce?: TimeInForce; // default "GTC"
  readonly expireAt?: EpochMs; // GTD
  readonly postOnly?: boolean;
  readonly reduceOnly?: boolean;
  /** Orders of one OCO group cancel each other on the first fill. */
  readonly ocoGroup?: string;
  /** Bracket: exits that become active when (part of) this order fills, sized to what was filled. */
  readonly stopLoss?: number; // price
  readonly takeProfit?: number; // price
  readonly parentId?: number; // order id this one waits for
  readonly tag?: string;
  readonly clientOrderId?: string;
}

export interface Order {
  readonly id: number; // 1, 2, 3, ... in order of acceptance
  readonly instrument: number;
  readonly side: Side;
  readonly type: OrderType;
  readonly timeInForce: TimeInForce;
  readonly quantity: number; // units ordered, after snapping
  readonly filledQuantity: number;
  readonly averagePrice: number | null;
  readonly limitPrice: number | null;
  readonly stopPrice: number | null;
  readonly status: OrderStatus;
  readonly reason: string | null; // why rejected, cancelled or expired
  readonly submittedMs: EpochMs;
  readonly closedMs: EpochMs | null;
  readonly parentId: number | null;
  readonly ocoGroup: string | null;
  readonly reduceOnly: boolean;
  readonly tag: string | null;
  readonly clientOrderId: string | null;
}

export interface Fill {
  readonly id: number; // 1, 2, 3, ...
  readonly orderId: number;
  readonly instrument: number;
  readonly side: Side;
  readonly timeMs: EpochMs; // when it happened: bar open time for fills at the open, else bar close time
  readonly barTimeMs: EpochMs; // start of the bar it happened in
  readonly price: number;
  readonly quantity: number; // > 0
  readonly fee: number; // quote currency, > 0 is a cost
  readonly slippage: number; // quote currency, > 0 is a cost; already inside `price`
  readonly liquidity: "maker" | "taker";
  /** True when the order of events inside the bar, which bars cannot tell, decided this fill. */
  readonly intrabarAmbiguous: boolean;
}

/** A round trip: from flat to flat (or reversal), or still open at the end of the run. */
export interface Trade {
  readonly id: number;
  readonly instrument: number;
  readonly direction: "long" | "short";
  readonly entryMs: EpochMs;
  readonly exitMs: EpochMs | null;
  readonly entryPrice: number; // quantity-weighted
  readonly exitPrice: number | null; // quantity-weighted; last mark for open trades is in `markPrice`
  readonly markPrice: number;
  readonly quantity: number; // largest position of the trade, > 0
  readonly fees: number;
  readonly pnl: number; // net of fees, quote currency (realised, plus unrealised when open)
  readonly returnFraction: number; // pnl / entry notional
  readonly barsHeld: number;
  readonly maxFavorable: number | null; // best unrealised excursion, quote currency
  readonly maxAdverse: number | null;
  readonly open: boolean;
  readonly tag: string | null;
}

export interface PositionView {
  readonly instrument: number;
  readonly quantity: number; // signed
  readonly averagePrice: number; // 0 when flat
  readonly markPrice: number;
  readonly realisedPnl: number;
  readonly unrealisedPnl: number;
}

export interface AccountView {
  readonly currency: string;
  readonly cash: number; // account currency, settled and unsettled
  readonly equity: number; // cash + position value at the marks
  readonly deposits: number; // net money put in
  readonly realisedPnl: number; // net of fees, funding, borrow, dividends
  readonly unrealisedPnl: number;
  readonly feesPaid: number;
  position(instrument: number): PositionView;
}

export type BrokerSnapshot = JsonValue;

/** `accepted = filled + cancelled + rejected + expired + open`, orders; the rest are what their names say. */
export interface BrokerCounters {
  readonly accepted: number;
  readonly filled: number;
  readonly cancelled: number;
  readonly rejected: number;
  readonly expired: number;
  readonly open: number;
  /** Fills that would differ had the bar's high and low come in the other order. */
  readonly intrabarAmbiguousFills: number;
  /** Bars whose outcome would differ; also where the chosen path has no fill and the other one has. */
  readonly intrabarAmbiguousBars: number;
  readonly liquidations: number;
  /** Notional of all fills, account currency. */
  readonly turnover: number;
}

/** Columns of one instrument's bars; `time` holds bucket starts. */
export interface QuietBars {
  readonly time: Float64Array;
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
}

export interface ReplayBars extends QuietBars {
  readonly volume: Float64Array;
}

/** Targets of rows one after another; NaN: none is sent at the close of that row. */
export interface TargetColumn {
  readonly values: Float64Array;
  /** Where the value of the first row stands. */
  readonly offset: number;
  readonly unit: "percent" | "quantity";
  /** What values stand for; absent: they are the targets. */
  readonly signTargets: SignTargets | undefined;
  /** Closes of the same rows, where the values stand in a column of a pool: absent, unless they do as well. */
  readonly closes?: Float64Array | undefined;
}

/** Targets by the sign of a value; NaN: none. */
export interface SignTargets {
  readonly above: number;
  readonly below: number;
  readonly atZero: number;
}

/** Where the curves of an account go. */
export interface ReplayCurves {
  /** Takes the equity at the close of row `r` at `r + shift`. */
  readonly equity: Float64Array;
  readonly shift: number;
  /** Cash and position have moved: this is how they are from a row of the curves on. */
  moved(curveRow: number): void;
  /** The same of many moves: rows of the curves and what cash and position are from them on, in turn. */
  movedRows(cash: Float64Array, position: Float64Array): void;
  /** Goes through rows in one go, in place of `equity`. */
  readonly marks?: RowMarks | undefined;
}

/** Marks the account of one instrument at its closes, and fills the plainest of its orders there. */
export interface RowMarks {
  /** The account as numbers `A`. */
  readonly numbers: Float64Array;
  /** What orders left. */
  readonly stage: Float64Array;
  /**
   * Rows from `from` on until one has a target that is not plain, or is not quiet (no price, a margin call), or is `to`.
   *
   * @param judged - a row that is taken whatever it has; -1: none
   * @returns twice the row that was not taken; one more when that is for not being quiet
   */
  take(from: number, to: number, judged: number): number;
}

/** How far bars and their targets went by without the broker being called row by row. */
export interface TargetRows {
  /** The first row that was not settled; what it needs is done by calling the broker. */
  readonly row: number;
  /** The bar of that row was taken in: its target is to be sent and its close settled, `onBar` is not to be called. */
  readonly barIsTaken: boolean;
  /** Settled rows at whose close a position was held. */
  readonly heldRows: number;
}

/** What trades came to, without a record for each. */
export interface TradeOutcomes {
  readonly trades: number; // open ones included
  readonly closed: TradeSums;
  /** Paid for all of them, in quote currency. */
  fees(): number;
}

export interface Broker {
  readonly options: BrokerOptions;
  /** Live: its fields show the account as it is when they are read. */
  readonly account: AccountView;
  readonly orders: RecordList<Order>;
  readonly fills: RecordList<Fill>;
  /** Round trips in order of entry; the open ones are valued at the last close. */
  readonly trades: RecordList<Trade>;
  /** What the trades so far came to; to be read before the next bar comes. */
  tradeOutcomes(): TradeOutcomes;
  readonly openOrderCount: number;
  readonly counters: BrokerCounters;
  /** One bar of one instrument, at its close. A bar whose close is NaN is absent and changes nothing. */
  onBar(
    instrument: number,
    openTimeMs: EpochMs,
    closeTimeMs: EpochMs,
    open: number,
    high: number,
    low: number,
    close: number,
    volume: number,
  ): void;
  /**
   * Rows `from` to `to` (exclusive) of one instrument's bars in one go, where nothing is sent between them: the same, bit
   * for bit, as `onBar`, `onTime` and `afterIntents` for every row, at a fraction of their cost. Stops before the first
   * row that needs them: an open order, an event, a margin call, interest, another position, an
   * absent bar (NaN close).
   *
   * @param equity - takes the equity at the close of row `r` at `equityFrom + r - from`; cash and positions do not change
   * @returns the first row that was not consumed; `from` when none was
   */
  onQuietBars(
    instrument: number,
    bars: QuietBars,
    intervalMs: IntervalMs,
    from: number,
    to: number,
    equity: Float64Array,
    equityFrom: number,
  ): number;
  /** Whether `onTargetBars` knows this account's options: one instrument, and nothing that comes between order and fill. */
  readonly takesTargetBars: boolean;
  /**
   * `onQuietBars` with the targets that are sent at the closes of the rows: bit for bit what `onBar`, `onTime`,
   * `submitTarget…` and `afterIntents` row by row would leave, records included. Only where `takesTargetBars` is true.
   */
  onTargetBars(
    bars: ReplayBars,
    intervalMs: IntervalMs,
    targets: TargetColumn,
    from: number,
    to: number,
    curves: ReplayCurves,
  ): TargetRows;
  /** Prices inside the instrument's next bar, in order of time: they replace the guess of `intrabarPath` for that bar. */
  setIntrabarPath(instrument: number, prices: ArrayLike<number>): void;
  onTime(closeTimeMs: EpochMs): void;
  /** @throws QmtlError `ORDER_INVALID`, `INSTRUMENT_UNKNOWN`; what the market or the money refuses is a rejected order. */
  submit(intent: OrderIntent, nowMs: EpochMs): Order;
  /**
   * Market order to a position worth `fraction` of equity (signed), for a stream of targets. Replaces the instrument's
   * earlier open targets; does nothing, and allocates nothing, when the target is the one before (unless `rebalance` is
   * "every_bar") or the position is there already.
   *
   * @returns the order's id; 0 when there is nothing to do
   * @throws QmtlError `ORDER_INVALID` when the target is not finite, `INSTRUMENT_UNKNOWN`
   */
  submitTargetPercent(instrument: number, fraction: number, nowMs: EpochMs): number;
  /** The same for a position of `quantity` units (signed). */
  submitTargetQuantity(instrument: number, quantity: number, nowMs: EpochMs): number;
  /** @returns false when the order is not open any more */
  cancel(orderId: number, nowMs: EpochMs, reason?: string): boolean;
  afterIntents(nowMs: EpochMs): void;
  /** The data ends: open orders and positions as `lastBar` and `closeAtEnd` say. */
  finish(nowMs: EpochMs): void;
  save(): BrokerSnapshot;
  /** @throws QmtlError `SNAPSHOT_MISMATCH` */
  load(snapshot: BrokerSnapshot): void;
}
