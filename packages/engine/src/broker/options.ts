import type { EpochMs } from "@qmtl/core";
import { resolveFees, type FeeModel } from "./fees.ts";
import { fail, failUnknown, list, number, oneOf, record, type Check } from "./option-checks.ts";
import { profileDefaults } from "./profiles.ts";
import { resolveSlippage, type SlippageModel } from "./slippage.ts";

export type Semantics = "qmtl" | "vectorbt" | "backtesting.py" | "backtrader";

/** Everything the broker takes for granted. A plain record that JSON can carry; every key has a default. */
export interface BrokerOptions {
  /** Whose conventions fill the keys that are not given. Default "qmtl". */
  readonly semantics: Semantics;

  /** Money put in at the start, account currency. Default 100000. */
  readonly cash: number;
  /** Account currency; null: the quote currency of the first instrument. */
  readonly currency: string | null;
  /** Account currency per unit of another currency, where no traded instrument gives the rate. */
  readonly fxRates: Readonly<Record<string, number>>;

  /** Where a market order fills: the open of the next bar (default), the close it was sent at, or the next close. */
  readonly marketFill: "next_open" | "same_close" | "next_close";
  /**
   * What happened between open and close. "ohlc" and "olhc" fix the order; "direction" takes O-L-H-C in a rising bar
   * and O-H-L-C in a falling one; "pessimistic" (default) and "optimistic" take whichever of the two leaves less or
   * more equity at the close; "none" follows no path: each order, exits first or in order of acceptance, only asks whether
   * the range of the bar holds its price. Finer prices given with `setIntrabarPath` overrule it.
   */
  readonly intrabarPath: "pessimistic" | "optimistic" | "ohlc" | "olhc" | "direction" | "none";
  /** Among orders that can fill at one price: exits first (default), or in order of acceptance. */
  readonly matching: "exit_first" | "fifo";
  /** A limit fills when its price is touched (default), or only when the market trades through it. */
  readonly limitFill: "touch" | "cross";
  /** A limit that the open jumps over fills at the better open (default), or at its own price. */
  readonly limitGap: "open" | "limit";
  /** A stop that the open jumps over fills at the worse open (default), or, as if it never gapped, at its own price. */
  readonly stopGap: "open" | "stop";
  /**
   * A stop-limit whose stop the open jumps over goes on as a limit from that open (default), or ("stop", with
   * `intrabarPath: "none"`) fills at its stop as if the price had passed it, when the range of the bar holds its limit.
   */
  readonly stopLimitGap: "open" | "stop";
  /**
   * Stop-loss and take-profit of an order can fill within the bar of its fill (default), from the next bar on, or
   * ("unambiguous") within that bar only after a market order filled at its open, and for a take-profit after a stop
   * entry whose stop-loss the bar did not reach.
   */
  readonly bracketActivation: "same_bar" | "next_bar" | "unambiguous";
  /** A trailing stop follows the best price within bars (default), or closes only. */
  readonly trailMark: "high" | "close";
  /** Orders still open when the data ends. Default "leave_open". */
  readonly lastBar: "leave_open" | "cancel" | "fill_at_close";
  /** Close positions at the last close. Default false: they stay open trades. */
  readonly closeAtEnd: boolean;
  /** What they are closed at: the last close (default), or the open of that bar. */
  readonly endPrice: "close" | "open";
  /** Largest share of a bar's volume that orders may take, 0 < share <= 1; null (default): no bound. */
  readonly volumeShareMax: number | null;
  /** An order takes part from the first bar that opens at or after its sending time plus this. Default 0. */
  readonly latencyMs: number;
  /** Bars of its instrument that an order waits on top. Default 0. */
  readonly latencyBars: number;
  readonly slippage: SlippageModel;
  /**
   * Which fills slip: those of market orders, triggered stops and limits that take at the open (default, "takers"); of
   * "market" orders only; the "entries", whatever their type, and nothing that closes a position; or ("within_bar")
   * takers and limits that the open jumps over, but never beyond the high or low of the bar.
   */
  readonly slippageOn: "takers" | "market" | "entries" | "within_bar";
  readonly fees: FeeModel;

  /** Values, percents and targets become units when sent (default; at the last close), or at the price of the fill. */
  readonly sizing: "submit" | "fill";
  /**
   * A stream of targets that repeats one target acts on it once (default, "on_change"), so that a stop-out stays out and
   * price drift sends no orders; or brings the position back to it every time. Orders sent as intents always act.
   */
  readonly rebalance: "on_change" | "every_bar";
  /**
   * What percents are a fraction of: equity (default); "cash", out of which slippage and fees are paid too (a target
   * stays a fraction of equity, but that of -1 is, from flat, all that can be sold short); or "buying_power": what margin leaves to spend on units at their price after slippage
   * and the fee of one, so that fees need margin only.
   */
  readonly percentOf: "equity" | "cash" | "buying_power";
  /** An order that cannot be paid for: cut to what can be (default), or rejected. */
  readonly insufficientFunds: "reduce" | "reject";
  /** Also reject at sending time what the last close says cannot be paid for. Default false. */
  readonly checkOnSubmit: boolean;
  /** Size of an intent that names none; "all": what can be paid for; null (default): such an intent is refused. */
  readonly defaultSize: { readonly quantity: number } | { readonly percent: number } | "all" | null;
  /** Whole units even where the lot allows fractions. Default false. */
  readonly wholeUnits: boolean;
  /** What ends the other orders of an OCO group: a fill (default), or ("any") whatever ends one of them. */
  readonly ocoEnd: "fill" | "any";
  /** A market order of a bar in which another order of its instrument filled is rejected. Default false. */
  readonly oneOrderPerBar: boolean;
  /** A new order first cancels open orders and closes the position. Default false. */
  readonly exclusiveOrders: boolean;

  /**
   * "margin" (default): equity less initial margin bounds the position after a fill, long or short. "cash": settled cash
   * pays for what is bought, and a sale needs nothing (so short sales are off there unless `shorting` turns them on).
   */
  readonly account: "cash" | "margin";
  /** Equity needed per unit of exposure to open, 1 / leverage. Default 1: no leverage. */
  readonly initialMargin: number;
  /** Equity needed per unit of exposure to keep it; below, positions are liquidated. Default 0: when equity is gone. */
  readonly maintenanceMargin: number;
  /** Whether positions may go below zero. Default true, in a cash account false. */
  readonly shorting: boolean;
  /**
   * What a short sale is bounded by: what margin allows (default), or ("free") nothing where it names units or money,
   * while targets, shares and "all" go as far as margin does.
   */
  readonly shortSales: "margin" | "free";
  /** Per year, on the value of short positions. Default 0. */
  readonly borrowRate: number;
  /** Per year, earned on positive cash. Default 0. */
  readonly cashInterestRate: number;
  /** Per year, paid on negative cash. Default 0. */
  readonly marginInterestRate: number;
  /** Days of a year for borrow and interest. Default 365. */
  readonly interestDays: number;
  /** Trading days until the proceeds of a sale can be spent in a cash account. Default 0. */
  readonly settlementDays: number;
  /** Perpetual funding: longs pay `rate` of position value to shorts (negative: receive). */
  readonly funding: readonly FundingEvent[];
  readonly corporateActions: readonly CorporateAction[];
}

export interface FundingEvent {
  readonly symbol: string;
  readonly timeMs: EpochMs;
  readonly rate: number;
}

export type CorporateAction =
  | { readonly kind: "dividend"; readonly symbol: string; readonly timeMs: EpochMs; readonly amount: number } // quote currency per unit
  | { readonly kind: "split"; readonly symbol: string; readonly timeMs: EpochMs; readonly ratio: number }; // 2: two new for one old

export const defaultBrokerOptions: BrokerOptions = {
  semantics: "qmtl",
  cash: 100_000,
  currency: null,
  fxRates: {},
  marketFill: "next_open",
  intrabarPath: "pessimistic",
  matching: "exit_first",
  limitFill: "touch",
  limitGap: "open",
  stopGap: "open",
  stopLimitGap: "open",
  bracketActivation: "same_bar",
  trailMark: "high",
  lastBar: "leave_open",
  closeAtEnd: false,
  endPrice: "close",
  volumeShareMax: null,
  latencyMs: 0,
  latencyBars: 0,
  slippage: { kind: "none" },
  slippageOn: "takers",
  fees: { kind: "none" },
  sizing: "submit",
  rebalance: "on_change",
  percentOf: "equity",
  insufficientFunds: "reduce",
  checkOnSubmit: false,
  defaultSize: null,
  wholeUnits: false,
  ocoEnd: "fill",
  oneOrderPerBar: false,
  exclusiveOrders: false,
  account: "margin",
  initialMargin: 1,
  maintenanceMargin: 0,
  shorting: true,
  shortSales: "margin",
  borrowRate: 0,
  cashInterestRate: 0,
  marginInterestRate: 0,
  interestDays: 365,
  settlementDays: 0,
  funding: [],
  corporateActions: [],
};

const checks: Readonly<Record<keyof BrokerOptions, Check>> = {
  semantics: oneOf("qmtl", "vectorbt", "backtesting.py", "backtrader"),
  cash: number((value) => value > 0, "a number above 0"),
  currency: (value, key) => {
    if (value !== null && (typeof value !== "string" || value === "")) fail(key, "a currency code or null", value);
  },
  fxRates: (value, key) => {
    for (const [currency, rate] of Object.entries(record(value, key))) {
      if (typeof rate !== "number" || !(rate > 0 && rate < Infinity)) fail(`${key}.${currency}`, "a rate > 0", rate);
    }
  },
  marketFill: oneOf("next_open", "same_close", "next_close"),
  intrabarPath: oneOf("pessimistic", "optimistic", "ohlc", "olhc", "direction", "none"),
  matching: oneOf("exit_first", "fifo"),
  limitFill: oneOf("touch", "cross"),
  limitGap: oneOf("open", "limit"),
  stopGap: oneOf("open", "stop"),
  stopLimitGap: oneOf("open", "stop"),
  bracketActivation: oneOf("same_bar", "next_bar", "unambiguous"),
  trailMark: oneOf("high", "close"),
  lastBar: oneOf("leave_open", "cancel", "fill_at_close"),
  closeAtEnd: boolean,
  endPrice: oneOf("close", "open"),
  volumeShareMax: (value, key) => {
    if (value !== null && !(typeof value === "number" && value > 0 && value <= 1)) {
      fail(key, "a share above 0 and up to 1, or null", value);
    }
  },
  latencyMs: number((value) => value >= 0, "milliseconds >= 0"),
  latencyBars: number((value) => Number.isInteger(value) && value >= 0, "a whole number of bars >= 0"),
  slippage: () => undefined, // read by resolveSlippage
  slippageOn: oneOf("takers", "market", "entries", "within_bar"),
  fees: () => undefined, // read by resolveFees
  sizing: oneOf("submit", "fill"),
  rebalance: oneOf("on_change", "every_bar"),
  percentOf: oneOf("equity", "cash", "buying_power"),
  insufficientFunds: oneOf("reduce", "reject"),
  checkOnSubmit: boolean,
  defaultSize: checkDefaultSize,
  wholeUnits: boolean,
  ocoEnd: oneOf("fill", "any"),
  oneOrderPerBar: boolean,
  exclusiveOrders: boolean,
  account: oneOf("cash", "margin"),
  initialMargin: number((value) => value > 0 && value <= 1, "a fraction above 0 and up to 1"),
  maintenanceMargin: number((value) => value >= 0 && value <= 1, "a fraction from 0 to 1"),
  shorting: boolean,
  shortSales: oneOf("margin", "free"),
  borrowRate: number((value) => value >= 0, "a rate per year >= 0"),
  cashInterestRate: number((value) => value >= 0, "a rate per year >= 0"),
  marginInterestRate: number((value) => value >= 0, "a rate per year >= 0"),
  interestDays: number((value) => value > 0, "days > 0"),
  settlementDays: number((value) => Number.isInteger(value) && value >= 0, "a whole number of days >= 0"),
  funding: (value, key) => {
    for (const [index, event] of list(value, key).entries()) {
      checkEvent(event, `${key}[${index}]`, ["rate"]);
    }
  },
  corporateActions: (value, key) => {
    for (const [index, event] of list(value, key).entries()) {
      const at = `${key}[${index}]`;
      const { kind, ...rest } = record(event, at);
      oneOf("dividend", "split")(kind, `${at}.kind`);
      checkEvent(rest, at, kind === "dividend" ? ["amount"] : ["ratio"]);
      const ratio = rest["ratio"];
      if (kind === "split" && !(typeof ratio === "number" && ratio > 0)) fail(`${at}.ratio`, "a ratio > 0", ratio);
    }
  },
};

// What was resolved before is complete and checked: many accounts of one run share it.
const resolved = new WeakSet<Partial<BrokerOptions>>();

/**
 * Puts every default in place: those of the named semantics, then the given keys over them. Options that came out of
 * here are handed back as they are.
 *
 * @throws QmtlError `BROKER_OPTION_INVALID` naming the key, what was expected and what was found
 */
export function resolveBrokerOptions(given: Partial<BrokerOptions> = {}): BrokerOptions {
  if (resolved.has(given)) return given as BrokerOptions;
  for (const key of Object.keys(record(given, "broker options"))) {
    if (!Object.hasOwn(checks, key)) failUnknown(key, Object.keys(checks), "broker option");
  }
  const semantics = given.semantics ?? "qmtl";
  checks.semantics(semantics, "semantics");
  const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const merged: BrokerOptions = { ...defaultBrokerOptions, ...profileDefaults[semantics], ...present };
  for (const [key, check] of Object.entries(checks)) check(merged[key as keyof BrokerOptions], key);
  const shorting = present["shorting"] ?? profileDefaults[semantics].shorting ?? merged.account === "margin";
  if (typeof shorting !== "boolean") fail("shorting", "true or false", shorting);
  const options = { ...merged, shorting, slippage: resolveSlippage(merged.slippage), fees: resolveFees(merged.fees) };
  if (options.maintenanceMargin > options.initialMargin) {
    fail("maintenanceMargin", `at most initialMargin (${options.initialMargin})`, options.maintenanceMargin);
  }
  resolved.add(Object.freeze(options));
  return options;
}

function boolean(value: unknown, key: string): void {
  if (typeof value !== "boolean") fail(key, "true or false", value);
}

function checkDefaultSize(value: unknown, key: string): void {
  if (value === null || value === "all") return;
  const fields = record(value, key);
  const names = Object.keys(fields);
  for (const name of names)
    if (name !== "quantity" && name !== "percent") failUnknown(name, ["quantity", "percent"], key);
  if (names.length !== 1) fail(key, "one of quantity and percent", value);
  number((size) => size > 0, "a number > 0")(fields[names[0]!], `${key}.${names[0]!}`);
}

function checkEvent(value: unknown, key: string, numbers: readonly string[]): void {
  const known = ["symbol", "timeMs", ...numbers];
  const fields = record(value, key);
  for (const name of Object.keys(fields)) if (!known.includes(name)) failUnknown(name, known, key);
  if (typeof fields["symbol"] !== "string") fail(`${key}.symbol`, "a symbol", fields["symbol"]);
  for (const name of ["timeMs", ...numbers]) {
    if (typeof fields[name] !== "number" || !Number.isFinite(fields[name]))
      fail(`${key}.${name}`, "a number", fields[name]);
  }
}
