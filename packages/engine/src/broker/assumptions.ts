import type { FeeModel } from "./fees.ts";
import type { BrokerOptions } from "./options.ts";
import type { SlippageModel } from "./slippage.ts";

export interface Assumption {
  readonly name: string;
  readonly value: string;
}

/** What a run took for granted, in words a reader of the report can check. */
export function describeAssumptions(options: BrokerOptions): readonly Assumption[] {
  const lines: Assumption[] = [];
  const add = (name: string, value: string) => lines.push({ name, value });
  add("semantics", options.semantics);
  add("starting cash", `${options.cash}${options.currency === null ? "" : ` ${options.currency}`}`);
  add("market orders", words.marketFill[options.marketFill]);
  add("inside a bar", words.intrabarPath[options.intrabarPath]);
  add("orders at one price", options.matching === "exit_first" ? "exits first" : "in order of acceptance");
  add(
    "limit orders",
    words.limitFill[options.limitFill] +
      (options.limitGap === "open" ? ", a gap fills at the open" : ", always at the limit"),
  );
  add(
    "stop orders",
    options.stopGap === "open" ? "a gap through the stop fills at the open" : "always fill at the stop",
  );
  if (options.stopLimitGap === "stop") add("stop-limit orders", "a gap through the stop fills at the stop");
  add("stop-loss and take-profit", words.bracketActivation[options.bracketActivation]);
  add("trailing stops", options.trailMark === "high" ? "follow the best price of every bar" : "follow closes");
  add(
    "volume",
    options.volumeShareMax === null ? "unbounded" : `at most ${percent(options.volumeShareMax)} of a bar's volume`,
  );
  if (options.latencyMs > 0 || options.latencyBars > 0)
    add("latency", `${options.latencyMs} ms and ${options.latencyBars} bars`);
  const slips = options.slippage.kind === "none" ? "" : words.slippageOn[options.slippageOn];
  add("slippage", describeSlippage(options.slippage) + slips);
  add("fees", describeFees(options.fees));
  add(
    "sizes",
    `values and percents become units ${options.sizing === "submit" ? "at the close they are sent at" : "at the price of the fill"}`,
  );
  add("repeated targets", options.rebalance === "on_change" ? "act once, until they change" : "rebalance every time");
  add("orders that cannot be paid", options.insufficientFunds === "reduce" ? "cut to what can be paid" : "rejected");
  if (options.percentOf !== "equity") add("percents", words.percentOf[options.percentOf]);
  if (options.ocoEnd === "any") add("OCO groups", "end with any of their orders");
  if (options.oneOrderPerBar) add("one order per bar", "a market order after another fill of its bar is rejected");
  if (options.wholeUnits) add("units", "whole units only");
  if (options.exclusiveOrders) add("exclusive orders", "a new order cancels open ones and closes the position");
  add("account", describeAccount(options));
  if (options.borrowRate > 0) add("short borrow", `${percent(options.borrowRate)} a year`);
  if (options.cashInterestRate > 0) add("interest on cash", `${percent(options.cashInterestRate)} a year`);
  if (options.marginInterestRate > 0) add("interest on borrowed cash", `${percent(options.marginInterestRate)} a year`);
  if (options.settlementDays > 0) add("settlement", `trade day + ${options.settlementDays}`);
  if (options.funding.length > 0) add("funding", `${options.funding.length} payments`);
  if (options.corporateActions.length > 0) add("corporate actions", `${options.corporateActions.length}`);
  add(
    "end of data",
    `${words.lastBar[options.lastBar]}, ${options.closeAtEnd ? words.endPrice[options.endPrice] : "positions stay open"}`,
  );
  return lines;
}

const words = {
  marketFill: {
    next_open: "fill at the open of the next bar",
    same_close: "fill at the close they are sent at",
    next_close: "fill at the close of the next bar",
  },
  intrabarPath: {
    pessimistic: "the worse of open-high-low-close and open-low-high-close",
    optimistic: "the better of open-high-low-close and open-low-high-close",
    ohlc: "open, high, low, close",
    olhc: "open, low, high, close",
    direction: "rising bars open-low-high-close, falling bars open-high-low-close",
    none: "no path: an order fills when the bar's range holds its price",
  },
  endPrice: {
    close: "positions are closed at the last close",
    open: "positions are closed at the open of the last bar",
  },
  limitFill: { touch: "fill when touched", cross: "fill only when traded through" },
  percentOf: {
    cash: "of cash, costs included",
    buying_power: "of what is left to spend after slippage and fees",
  },
  slippageOn: {
    takers: "",
    market: ", on market orders",
    entries: ", on entries",
    within_bar: ", within the bar",
  },
  bracketActivation: {
    same_bar: "active within the bar of the entry",
    next_bar: "active from the bar after the entry",
    unambiguous: "active within the bar of the entry where the order of events is certain",
  },
  lastBar: {
    leave_open: "orders stay open",
    cancel: "orders are cancelled",
    fill_at_close: "market orders fill at the last close",
  },
} as const;

function describeAccount(options: BrokerOptions): string {
  const shorts = options.shorting ? "short positions allowed" : "no short positions";
  if (options.account === "cash") return `cash account, ${shorts}`;
  const free = options.shorting && options.shortSales === "free" ? " without bound" : "";
  const leverage =
    options.initialMargin === 1 ? "no leverage" : `leverage up to ${Number((1 / options.initialMargin).toFixed(4))}`;
  const liquidation = options.maintenanceMargin > 0 ? percent(options.maintenanceMargin) : "0 %";
  return `margin account, ${leverage}, ${shorts}${free}, liquidated below ${liquidation} equity per exposure`;
}

function describeFees(fees: FeeModel): string {
  switch (fees.kind) {
    case "none":
      return "none";
    case "percent":
      return `${percent(fees.rate)} of notional${bounds(fees)}`;
    case "fixed":
      return `${fees.amount} per fill`;
    case "per_unit":
      return `${fees.amount} per unit${bounds(fees)}`;
    case "maker_taker":
      return `maker ${percent(fees.maker)}, taker ${percent(fees.taker)} of notional${bounds(fees)}`;
    case "tiered":
      return `${fees.tiers.length} tiers by ${fees.by === "notional" ? "notional of the fill" : "notional traded so far"}${bounds(fees)}`;
    case "composite":
      return fees.parts.map(describeFees).join(" plus ");
  }
}

function bounds(fees: { readonly minimum?: number; readonly maximum?: number }): string {
  const least = fees.minimum === undefined ? "" : `, at least ${fees.minimum}`;
  return least + (fees.maximum === undefined ? "" : `, at most ${fees.maximum}`);
}

function describeSlippage(slippage: SlippageModel): string {
  switch (slippage.kind) {
    case "none":
      return "none";
    case "percent":
      return `${percent(slippage.rate)} of price`;
    case "ticks":
      return `${slippage.ticks} ticks`;
    case "fixed":
      return `${slippage.amount} per unit`;
    case "spread":
      return `${percent(slippage.fraction ?? 0.5)} of a spread of ${percent(slippage.spread)}`;
    case "volume_share":
      return `${slippage.coefficient} x (share of volume)^2 of price`;
    case "square_root":
      return `${slippage.coefficient} x sqrt(share of volume) of price`;
  }
}

function percent(fraction: number): string {
  return `${Number((fraction * 100).toPrecision(10))} %`;
}
