import type { BrokerOptions, Semantics } from "./options.ts";

/**
 * What each named semantics changes against the defaults. The conventions are those the libraries document for their
 * own defaults (vectorbt 1.2, backtesting.py 0.6, backtrader 1.9); golden runs beside the tests show trade for trade
 * what that covers.
 */
export const profileDefaults: Readonly<Record<Semantics, Partial<BrokerOptions>>> = {
  qmtl: {},
  // Portfolio.from_signals: orders fill at the close of the signal's bar, an order without a size takes all cash, fees
  // come out of that cash, a position is long only (direction "both" is `shorting: true`), stops work from the next bar.
  vectorbt: {
    cash: 100,
    marketFill: "same_close",
    sizing: "fill",
    defaultSize: "all",
    insufficientFunds: "reduce",
    matching: "fifo",
    shorting: false,
    shortSales: "free",
    intrabarPath: "none",
    bracketActivation: "next_bar",
    slippageOn: "market",
    percentOf: "cash",
    oneOrderPerBar: true,
  },
  // Backtest: market orders at the next open, whole units, a size below 1 is that share of the margin left after spread
  // and commission, an order that cannot be paid is cancelled, exits are asked before entries. `trade_on_close` is
  // `marketFill: "same_close"`, `exclusive_orders` is `exclusiveOrders`, `margin` is `initialMargin`, `finalize_trades` is
  // `closeAtEnd`.
  "backtesting.py": {
    cash: 10_000,
    marketFill: "next_open",
    sizing: "fill",
    percentOf: "buying_power",
    defaultSize: { percent: 1 - 2 ** -52 },
    wholeUnits: true,
    insufficientFunds: "reject",
    intrabarPath: "none",
    stopLimitGap: "stop",
    bracketActivation: "unambiguous",
    slippageOn: "entries",
    endPrice: "open",
  },
  // Cerebro with BackBroker: market orders at the next open, one unit unless told otherwise, cash checked when an order is
  // taken in and again when it fills, short sales bring cash, orders asked in order of acceptance, trailing by closes.
  backtrader: {
    cash: 10_000,
    marketFill: "next_open",
    sizing: "submit",
    defaultSize: { quantity: 1 },
    insufficientFunds: "reject",
    checkOnSubmit: true,
    account: "cash",
    shorting: true,
    matching: "fifo",
    intrabarPath: "none",
    bracketActivation: "next_bar",
    trailMark: "close",
    slippageOn: "within_bar",
    ocoEnd: "any",
  },
};
