import type { EpochMs, IntervalMs } from "@qmtl/core";
import type { Instrument } from "../instrument/index.ts";
import type { BarStretch } from "./bar-stretch.ts";
import { fillsInOne, type Execution } from "./execution.ts";
import type { FeeModel } from "./fees.ts";
import { FilledTargets, M } from "./filled-targets.ts";
import type { Funds } from "./funds.ts";
import { C, type Ledger } from "./ledger.ts";
import { LentAccount } from "./lent-account.ts";
import type { BrokerOptions } from "./options.ts";
import { isNear, type OrderEntry } from "./order-entry.ts";
import { SIZE_TARGET_PERCENT } from "./order-table.ts";
import { targetOf } from "./sign-targets.ts";
import { slippedPrice } from "./slippage.ts";
import type { ReplayBars, ReplayCurves, RowMarks, TargetColumn, TargetRows } from "./types.ts";

/**
 * Bars and the targets sent at their closes, without a book: an account of one instrument in which nothing can happen
 * to a market order between its sending and its fill. The same arithmetic on the same ledger as the general way
 * (`onBar` … `afterIntents`), which takes every row that this one leaves: an order that is refused, cancelled or still
 * open, an absent bar, a margin call. `simulate/target-rows.property.test.ts` holds both to the
 * same bits.
 */
export class TargetReplay implements TargetRows {
  readonly filled: FilledTargets;
  row = 0;
  barIsTaken = false;
  heldRows = 0;

  readonly #ledger: Ledger;
  readonly #funds: Funds;
  readonly #execution: Execution;
  readonly #entry: OrderEntry;
  readonly #stretch: BarStretch;
  readonly #options: BrokerOptions;
  readonly #onChange: boolean;
  readonly #sameClose: boolean;
  readonly #sizedAtFill: boolean;
  // Of the rows of one call: the first, and its time; NaN where there are gaps between them.
  #firstRow = 0;
  #firstMs = NaN;
  // What was found of an order besides its fill: slippage per unit, and the size it was sent with.
  readonly #order = new Float64Array(2);
  /** No slippage, fees that are a share of what is traded, sizes that are not cut by them. */
  readonly #isSimple: boolean;
  readonly #feeRate: number;
  readonly #lent: LentAccount;

  constructor(
    options: BrokerOptions,
    ledger: Ledger,
    funds: Funds,
    execution: Execution,
    entry: OrderEntry,
    stretch: BarStretch,
  ) {
    this.#options = options;
    this.#ledger = ledger;
    this.#funds = funds;
    this.#execution = execution;
    this.#entry = entry;
    this.#stretch = stretch;
    this.#onChange = options.rebalance === "on_change";
    this.#sameClose = options.marketFill === "same_close";
    this.#sizedAtFill = options.sizing === "fill";
    const { fees, slippage, percentOf } = options;
    this.#feeRate = shareOf(fees);
    this.#isSimple = slippage.kind === "none" && percentOf !== "buying_power" && !Number.isNaN(this.#feeRate);
    this.filled = new FilledTargets(0, ledger.multiplier[0]!);
    const [excursions] = stretch.excursions;
    const feeRate = this.#isSimple ? this.#feeRate : NaN;
    this.#lent = new LentAccount(options, ledger, execution, entry, excursions!, this.filled, feeRate);
  }

  /** Rows `from..to-1` of the bars with their targets; its own fields say how far it came. */
  run(
    bars: ReplayBars,
    intervalMs: IntervalMs,
    targets: TargetColumn,
    from: number,
    to: number,
    curves: ReplayCurves,
  ): this {
    this.barIsTaken = false;
    this.heldRows = 0;
    const firstMs = bars.time[from]!;
    this.#firstRow = from;
    this.#firstMs = bars.time[to - 1] === firstMs + (to - 1 - from) * intervalMs ? firstMs : NaN;
    const { marks } = curves;
    if (this.#execution.openOrders > 0) this.row = from;
    else if (marks) this.row = this.#runMarked(bars, intervalMs, targets, from, to, curves, marks);
    else this.row = this.#run(bars, intervalMs, targets, from, to, curves);
    this.#stretch.excursions[0]!.settle();
    return this;
  }

  #run(
    bars: ReplayBars,
    intervalMs: IntervalMs,
    { values, offset, unit, signTargets }: TargetColumn,
    from: number,
    to: number,
    curves: ReplayCurves,
  ): number {
    const ledger = this.#ledger;
    const { equity, shift } = curves;
    const ahead = offset - from; // where the target of a row stands
    let row = from;
    while (row < to) {
      const next = firstValue(values, row + ahead, to + ahead) - ahead;
      const end = next < to ? next + 1 : to;
      const stop = this.#stretch.take(0, bars, intervalMs, row, end, equity, shift);
      if (ledger.quantity[0] !== 0) this.heldRows += stop - row;
      if (stop < end || next === to) return stop;
      row = end;
      const target = targetOf(values[next + ahead]!, signTargets);
      const decision = this.#judge(bars, target, unit, next, to);
      if (decision === nothingToDo) continue;
      if (decision === otherWay) {
        if (ledger.quantity[0] !== 0) this.heldRows--;
        this.barIsTaken = true;
        return next;
      }
      this.#entry.remember(0, target, unit);
      if (!this.#sameClose) {
        // The fill belongs to the bar that comes next, which has not been counted yet.
        ledger.bars[0]!++;
        this.#fill(bars, intervalMs, next);
        ledger.bars[0]!--;
        curves.moved(end + shift);
        continue;
      }
      const wasHeld = ledger.quantity[0] !== 0;
      this.#fill(bars, intervalMs, next);
      if (wasHeld !== (ledger.quantity[0] !== 0)) this.heldRows += wasHeld ? -1 : 1;
      equity[next + shift] = ledger.equity;
      curves.moved(next + shift);
    }
    return to;
  }

  // The same, with what lies between two targets in one go, and the plainest orders of those. A row with another target is
  // marked as its order leaves it.
  #runMarked(
    bars: ReplayBars,
    intervalMs: IntervalMs,
    targets: TargetColumn,
    from: number,
    to: number,
    curves: ReplayCurves,
    marks: RowMarks,
  ): number {
    const { values, offset, unit, signTargets } = targets;
    const { shift } = curves;
    const ahead = offset - from;
    const ledger = this.#ledger;
    const lent = this.#lent;
    let row = from;
    let judged = -1; // the row whose bar has passed and whose target has been seen
    lent.begin({ marks, targets, bars, curves, intervalMs, from, firstMs: this.#firstMs });
    for (;;) {
      const taken = lent.take(row, to, judged);
      const next = taken >> 1;
      const hasTarget = next < to && taken % 2 === 0;
      const passed = judged === row ? row + 1 : row;
      const end = hasTarget ? next + 1 : next;
      if (end > passed) {
        if (ledger.trips.isOpen) {
          ledger.trips.seenTo = end;
          this.#stretch.count(0, bars, passed, end);
        } else this.#stretch.pass(0, bars, passed, end);
      }
      if (!hasTarget) {
        if (next > from) this.#stretch.end(0, bars, intervalMs, next);
        this.heldRows = lent.heldRows;
        return next;
      }
      row = judged = next;
      const target = targetOf(values[next + ahead]!, signTargets);
      const decision = this.#judge(bars, target, unit, next, to);
      if (decision === nothingToDo) continue;
      if (decision === otherWay) {
        this.#stretch.end(0, bars, intervalMs, end);
        this.barIsTaken = true;
        this.heldRows = lent.heldRows;
        return next;
      }
      this.#entry.remember(0, target, unit);
      if (this.#sameClose) {
        this.#fill(bars, intervalMs, next);
        curves.moved(next + shift);
      } else {
        lent.take(next, end, next);
        // The fill belongs to the bar that comes next, which has not been counted yet.
        ledger.bars[0]!++;
        this.#fill(bars, intervalMs, next);
        ledger.bars[0]!--;
        curves.moved(end + shift);
        row = end;
        judged = -1;
      }
    }
  }

  #judge(bars: ReplayBars, target: number, unit: TargetColumn["unit"], row: number, to: number): Decision {
    return this.#findWhole(bars, target, unit, row, to) ? fills : this.#decide(bars, target, unit, row, to);
  }

  // The steps of `OrderEntry.submitTarget` and `Execution.fill`, none of which changes anything yet.
  #decide(bars: ReplayBars, target: number, unit: TargetColumn["unit"], row: number, to: number): Decision {
    const ledger = this.#ledger;
    const entry = this.#entry;
    if (Number.isNaN(target)) return nothingToDo;
    if (!Number.isFinite(target)) return otherWay;
    if (this.#onChange && entry.repeats(0, target, unit)) return nothingToDo;
    const held = ledger.quantity[0]!;
    const lot = ledger.lots[0]!;
    const inPercent = unit === "percent";
    const delta = inPercent ? entry.delta(0, target, NaN) : entry.delta(0, NaN, target);
    if (Number.isNaN(delta)) return otherWay;
    if (isNear(delta, held) || lot.floor(Math.abs(delta)) === 0) {
      entry.remember(0, target, unit);
      return nothingToDo;
    }
    const mark = ledger.mark[0]!;
    if (!this.#sameClose && !(row + 1 < to && isWhole(bars, row + 1))) return otherWay;
    const base = this.#sameClose ? mark : bars.open[row + 1]!;
    const volume = this.#sameClose ? NaN : bars.volume[row + 1]!;
    const atFill = this.#sizedAtFill && inPercent && target !== 0;
    const signed = atFill && base !== mark ? this.#funds.unitsFor(0, 1, SIZE_TARGET_PERCENT, target, base) : delta;
    const side = Math.sign(signed);
    const closable = held * side < 0 ? Math.abs(held) : 0;
    let quantity = lot.floor(Math.abs(signed));
    if (side < 0 && quantity > closable && !this.#options.shorting) quantity = closable;
    if (!(quantity > 0 && quantity < Infinity)) return otherWay;
    const price = slippedPrice(this.#options.slippage, ledger.ticks[0]!, base, side, quantity, volume);
    if (quantity > closable) {
      const feePrice = this.#options.percentOf === "buying_power" ? base : price;
      const affordable = this.#funds.affordable(0, side, quantity, closable, price, false, 1, feePrice);
      if (affordable < quantity) quantity = this.#options.insufficientFunds === "reject" ? closable : affordable;
      if (!(quantity > 0)) return otherWay;
    }
    this.#found(side * quantity, price, Math.abs(price - base), atFill ? target : 0);
    return fills;
  }

  #found(signed: number, price: number, slippage: number, sizeValue: number): void {
    const { coming } = this.#ledger;
    coming[C.signed] = signed;
    coming[C.price] = price;
    this.#order[0] = slippage;
    this.#order[1] = sizeValue;
  }

  // Most fills, in one function, as numbers that go from one to another are objects on the heap: where `#decide` would
  // open a position from nothing or close it whole, without slippage and with a fee that is a share. The same
  // arithmetic, from which what adds 0 and multiplies by 1 is left out. False says nothing.
  #findWhole(bars: ReplayBars, target: number, unit: TargetColumn["unit"], row: number, to: number): boolean {
    if (!this.#isSimple || !Number.isFinite(target)) return false;
    const ledger = this.#ledger;
    const held = ledger.quantity[0]!;
    if ((held === 0) === (target === 0)) return false;
    if (this.#onChange && this.#entry.repeats(0, target, unit)) return false;
    if (!this.#sameClose && !(row + 1 < to && isWhole(bars, row + 1))) return false;
    const mark = ledger.mark[0]!;
    const price = this.#sameClose ? mark : bars.open[row + 1]!;
    const lot = ledger.lots[0]!;
    if (held !== 0) {
      if (lot.floor(Math.abs(held)) !== Math.abs(held)) return false;
      this.#found(0 - held, price, 0, 0);
      return true;
    }
    const multiplier = ledger.multiplier[0]!;
    const { cash } = ledger;
    const inPercent = unit === "percent";
    const wanted = inPercent ? (target * cash) / (mark * multiplier) : target;
    if (!(lot.floor(Math.abs(wanted)) > 0)) return false;
    const atFill = this.#sizedAtFill && inPercent;
    const signed = atFill && price !== mark ? (target * cash) / (price * multiplier) : wanted;
    const side = Math.sign(signed);
    let quantity = lot.floor(Math.abs(signed));
    if (side < 0 && !this.#options.shorting) return false;
    const inCash = this.#options.account === "cash";
    const margin = inCash ? 1 : this.#options.initialMargin;
    const each = price * multiplier;
    if (!(quantity > 0 && quantity < Infinity && each > 0 && Number.isFinite(cash))) return false;
    // `Funds.affordable`
    for (let attempt = 0; !(inCash && side < 0); attempt++) {
      const fee = quantity * price * multiplier * this.#feeRate;
      const bought = margin < 1 || side < 0 || quantity * each + fee <= cash;
      if (bought && !(quantity * each * margin + fee > cash)) break;
      if (attempt === 64 || this.#options.insufficientFunds === "reject") return false;
      const bound = cash / (each * margin + fee / quantity);
      quantity = lot.floor(Math.min(bound, lot.step > 0 ? quantity - lot.step / 2 : quantity * (1 - 2 ** -52)));
      if (!(quantity > 0)) return false;
    }
    this.#found(side * quantity, price, 0, atFill ? target : 0);
    return true;
  }

  // Buckets that go from the first to the last in as many steps as there are rows leave none out: their times are known
  // without reading them, each of which would be a miss of the cache.
  #timeOf(time: Float64Array, intervalMs: IntervalMs, row: number): EpochMs {
    const ms = this.#firstMs + (row - this.#firstRow) * intervalMs;
    return ms === ms ? ms : time[row]!;
  }

  // Of an order sent at the close of a row.
  #fill({ time }: ReplayBars, intervalMs: IntervalMs, row: number): void {
    const rowMs = this.#timeOf(time, intervalMs, row);
    const submittedMs = rowMs + intervalMs;
    const barMs = this.#sameClose ? rowMs : this.#timeOf(time, intervalMs, row + 1);
    const fillMs = this.#sameClose ? submittedMs : barMs;
    const ledger = this.#ledger;
    const { coming } = ledger;
    const signed = coming[C.signed]!;
    const price = coming[C.price]!;
    const fee = this.#isSimple
      ? Math.abs(signed) * price * ledger.multiplier[0]! * this.#feeRate
      : this.#funds.feeFor(0, Math.abs(signed), price, false);
    coming[C.fee] = fee;
    coming[C.timeMs] = fillMs;
    const at = this.filled.append();
    const m = this.filled.data;
    m[at + M.quantity] = signed;
    m[at + M.price] = price;
    m[at + M.fee] = fee;
    m[at + M.slippage] = this.#order[0]!;
    m[at + M.sizeValue] = this.#order[1]!;
    m[at + M.submittedMs] = submittedMs;
    m[at + M.fillMs] = fillMs;
    m[at + M.barMs] = barMs;
    // The bar of the order's close was counted: at a later fill, so was that of the fill.
    m[at + M.eligibleBar] = ledger.bars[0]! + (this.#sameClose ? 1 : 0);
    // Bars that were held until here are looked at now, unless the trade is over with this.
    const [excursions] = this.#stretch.excursions;
    if (signed === -ledger.quantity[0]!) excursions!.postpone();
    else excursions!.settle();
    ledger.applyComing(0, 0);
    this.#execution.closedBy[0]!++; // filled
  }
}

const nothingToDo = 0;
const otherWay = 1;
const fills = 2;
type Decision = typeof nothingToDo | typeof otherWay | typeof fills;

/** What a fee is of the notional; NaN where it is not a plain share. */
function shareOf(fees: FeeModel): number {
  if (fees.kind === "none") return 0;
  return fees.kind === "percent" && fees.minimum === undefined && fees.maximum === undefined ? fees.rate : NaN;
}

/** The first place of `from..to-1` that is not NaN; `to` when all are. */
function firstValue(values: Float64Array, from: number, to: number): number {
  let at = from;
  while (at < to && Number.isNaN(values[at]!)) at++;
  return at;
}

function isWhole({ open, close }: ReplayBars, row: number): boolean {
  return !Number.isNaN(open[row]!) && !Number.isNaN(close[row]!);
}

/** Whether options and instruments leave nothing that could come between a market order and its fill. */
export function isPlainAccount(options: BrokerOptions, instruments: readonly Instrument[]): boolean {
  const [instrument] = instruments;
  if (instruments.length !== 1 || instrument === undefined) return false;
  if (options.currency !== null && options.currency !== instrument.quoteCurrency) return false;
  if (Number(instrument.notionalMin) > 0) return false;
  if (!fillsInOne(options) || (options.slippageOn === "within_bar" && options.slippage.kind !== "none")) return false;
  for (const [key, plain] of Object.entries(plainOptions)) {
    if (plain !== true && !plain.includes(options[key as keyof BrokerOptions])) return false;
  }
  return options.funding.length === 0 && options.corporateActions.length === 0;
}

// True: taken into account, or without effect on market orders to targets. A list: the values that change nothing.
const plainOptions: Readonly<Record<keyof BrokerOptions, true | readonly unknown[]>> = {
  semantics: true,
  cash: true,
  currency: true,
  fxRates: true,
  marketFill: ["next_open", "same_close"],
  intrabarPath: true,
  matching: true,
  limitFill: true,
  limitGap: true,
  stopGap: true,
  stopLimitGap: true,
  bracketActivation: true,
  trailMark: true,
  lastBar: true,
  closeAtEnd: true,
  endPrice: true,
  volumeShareMax: [null],
  latencyMs: [0],
  latencyBars: [0],
  slippage: true,
  slippageOn: true, // looked at above
  fees: true,
  sizing: true,
  rebalance: true,
  percentOf: true,
  insufficientFunds: true,
  checkOnSubmit: [false],
  defaultSize: true,
  wholeUnits: true,
  ocoEnd: true,
  oneOrderPerBar: true,
  exclusiveOrders: true,
  account: true,
  initialMargin: true,
  maintenanceMargin: true,
  shorting: true,
  shortSales: true,
  borrowRate: [0],
  cashInterestRate: [0],
  marginInterestRate: [0],
  interestDays: true,
  settlementDays: [0],
  funding: true, // looked at above
  corporateActions: true, // looked at above
};
