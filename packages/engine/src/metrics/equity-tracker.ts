import { QmtlError, shown, type EpochMs, type IntervalMs } from "@qmtl/core";
import { A } from "../operators/vector/index.ts";
import type { ReturnsBasis, TradingCalendar } from "./periods-per-year.ts";
import { addToReturnSums, closesOf, returnSumCount, type ReturnSums, type RunCloses } from "./return-statistics.ts";

export interface EquityTrackerOptions {
  readonly calendar: TradingCalendar;
  /** Account currency, > 0. */
  readonly startEquity: number;
  /** Of the bars that are fed in; several instruments: the shortest. */
  readonly intervalMs: IntervalMs;
  /** Default "1d". */
  readonly basis?: ReturnsBasis;
}

/**
 * What performance is computed from, gathered bar by bar. Feeding a run in one go or in pieces with `save` and
 * `load` between them gives the same bits. Costs a few comparisons per bar and allocates only where a period ends.
 *
 * Basis "1d" keeps the last equity of every UTC day in which a bar closed; a bar that closes at midnight belongs to
 * the day it ends. A day without bars gives no return. Basis "bar" keeps every equity.
 */
export interface EquityTracker {
  readonly calendar: TradingCalendar;
  readonly intervalMs: IntervalMs;
  readonly basis: ReturnsBasis;
  readonly startEquity: number;
  /**
   * @param closeTimeMs - greater than the one before
   * @param equity - marked at this close, account currency
   * @param inPosition - whether any position is held at this close
   * @param price - of the thing buy-and-hold holds; NaN or absent when there is none yet
   */
  add(closeTimeMs: EpochMs, equity: number, inPosition: boolean, price?: number): void;
  /**
   * `add` of the rows `from..to-1`, to the same bits.
   *
   * @param heldRows - at how many of these rows a position is held; left out where the columns say it row by row
   */
  addRows(columns: EquityColumns, from: number, to: number, heldRows?: number): void;
  /** Hands the figures that move with every bar to `accountRows`: numbers `A`. */
  lend(numbers: Float64Array): void;
  /**
   * `addRows` of rows that `accountRows` has gone through, from its first on, since the figures were lent.
   *
   * @param ended - its list of drawdowns
   */
  addLent(
    columns: EquityColumns,
    from: number,
    to: number,
    heldRows: number,
    numbers: Float64Array,
    ended: Float64Array,
  ): void;
  /** @throws QmtlError `ACCOUNTING_BROKEN` when an equity was not finite */
  read(): EquityReading;
  /** The whole state as numbers (NaN included). */
  save(): Float64Array;
  /** @throws QmtlError `SNAPSHOT_MISMATCH` when the state is of a tracker with other options */
  load(state: Float64Array): void;
}

/** What `add` takes, as columns of one length. */
export interface EquityColumns {
  readonly times: Float64Array; // close times, strictly increasing
  /** Added to `times`, for columns that hold the starts of bars. Default 0. */
  readonly timeOffsetMs?: number;
  readonly equity: Float64Array;
  /** Not 0 where a position is held at the close; absent: never. */
  readonly position?: Float64Array;
  /** What buy-and-hold holds; NaN where there is none yet. */
  readonly price?: Float64Array;
  /**
   * True: row `i` of `equity` is bar `i` of the run, from its first on, and stays as it is. The tracker then refers to
   * it where it would keep every equity for itself.
   */
  readonly isCurve?: boolean;
}

export interface EquityReading {
  readonly startMs: EpochMs | null;
  readonly endMs: EpochMs | null;
  readonly bars: number;
  readonly exposedBars: number;
  readonly endEquity: number;
  /** Mean equity of all bars; `startEquity` without bars. */
  readonly meanEquity: number;
  readonly firstPrice: number; // NaN: none
  readonly lastPrice: number;
  readonly maxDrawdown: number;
  readonly maxDrawdownMs: number;
  /** `startEquity`, then the last equity of every period; a fresh array. */
  readonly closes: Float64Array;
  /** The same, as the tracker has it. */
  readonly periods: RunCloses;
}

/** @throws QmtlError `PARAMETER_INVALID` when `startEquity` or `intervalMs` is not positive and finite */
export function createEquityTracker(options: EquityTrackerOptions): EquityTracker {
  for (const name of ["startEquity", "intervalMs"] as const) {
    if (!(options[name] > 0 && Number.isFinite(options[name]))) {
      throw new QmtlError("PARAMETER_INVALID", `${name} must be a number above 0; found ${shown(options[name])}`);
    }
  }
  return new Tracker(options);
}

// Scalars live in one Float64Array: no boxed doubles in the hot path, and `save` is a copy.
const startEquityAt = 0;
const intervalAt = 1;
const basisAt = 2; // 0: "1d", 1: "bar"
const barsAt = 3;
const exposedAt = 4;
const firstTimeAt = 5;
const lastTimeAt = 6;
const lastEquityAt = 7;
const periodEndAt = 8; // the last close time of the running period
const peakAt = 9;
const peakTimeAt = 10;
const troughAt = 11; // lowest equity since the peak
const depthAt = 12; // of finished drawdowns
const durationAt = 13;
const firstPriceAt = 14;
const lastPriceAt = 15;
const closeCountAt = 16;
// Sums have two lanes, one of the bars with even numbers and one of the others: vector code adds both at a time.
const equitySumAt = 17;
// Of the returns of finished periods; with basis "bar" of all: one ends with every bar.
const firstReturnAt = 19;
const brokenReturnsAt = 20; // returns that started from an equity that was not positive
const returnSumAt = 21; // of returns less the first, and of their powers: in the order of `addToReturnSums`
const squareSumAt = 23;
const cubeSumAt = 25;
const fourthSumAt = 27;
const downsideAt = 29; // of squared losses
const scalarCount = returnSumAt + returnSumCount;

// What `accountRows` moves on, and where it has it; with basis "bar" the sums over returns as well.
type Places = readonly (readonly [own: number, lent: number])[];
const lanesOf = (own: number, lent: number): Places => [0, 1].map((lane) => [own + lane, lent + lane] as const);
const lentAlways: Places = [
  [lastEquityAt, A.last],
  [peakAt, A.peak],
  [troughAt, A.trough],
  [depthAt, A.depth],
  ...lanesOf(equitySumAt, A.equitySum),
];
const lentFigures: Readonly<Record<ReturnsBasis, Places>> = {
  "1d": lentAlways,
  bar: [
    ...lentAlways,
    [firstReturnAt, A.firstReturn],
    [brokenReturnsAt, A.broken],
    ...lanesOf(returnSumAt, A.returnSum),
    ...lanesOf(squareSumAt, A.squareSum),
    ...lanesOf(cubeSumAt, A.cubeSum),
    ...lanesOf(fourthSumAt, A.fourthSum),
    ...lanesOf(downsideAt, A.downside),
  ],
};
const peakBefore = -1;

const dayMs = 86_400_000;

class Tracker implements EquityTracker {
  readonly calendar: TradingCalendar;
  readonly intervalMs: IntervalMs;
  readonly basis: ReturnsBasis;
  readonly startEquity: number;
  readonly #scalars = new Float64Array(scalarCount);
  #closes: Float64Array = new Float64Array(16); // of finished periods

  constructor({ calendar, startEquity, intervalMs, basis = "1d" }: EquityTrackerOptions) {
    this.calendar = calendar;
    this.startEquity = startEquity;
    this.intervalMs = intervalMs;
    this.basis = basis;
    const s = this.#scalars;
    s[startEquityAt] = s[lastEquityAt] = s[peakAt] = s[troughAt] = startEquity;
    s[intervalAt] = intervalMs;
    s[basisAt] = basis === "bar" ? 1 : 0;
    for (const at of [firstTimeAt, lastTimeAt, firstPriceAt, lastPriceAt, firstReturnAt]) s[at] = Number.NaN;
    s[periodEndAt] = Number.NEGATIVE_INFINITY;
  }

  add(closeTimeMs: EpochMs, equity: number, inPosition: boolean, price = Number.NaN): void {
    const s = this.#scalars;
    if (closeTimeMs > s[periodEndAt]!) this.#endPeriod(closeTimeMs);
    if (equity >= s[peakAt]!) {
      if (s[troughAt]! < s[peakAt]!) this.#endDrawdown(s[peakAt]!, s[troughAt]!, closeTimeMs - s[peakTimeAt]!);
      s[peakAt] = equity;
      s[troughAt] = equity;
      s[peakTimeAt] = closeTimeMs;
    } else if (equity < s[troughAt]!) {
      s[troughAt] = equity;
    }
    const lane = s[barsAt]! & 1;
    if (s[basisAt] === 1) addReturn(s, lane, s[lastEquityAt]!, equity);
    s[barsAt]! += 1;
    if (inPosition) s[exposedAt]! += 1;
    s[lastTimeAt] = closeTimeMs;
    s[lastEquityAt] = equity;
    s[equitySumAt + lane]! += equity;
    if (price === price) {
      if (s[firstPriceAt] !== s[firstPriceAt]) s[firstPriceAt] = price;
      s[lastPriceAt] = price;
    }
  }

  addRows(
    { times, timeOffsetMs = 0, equity, position, price, isCurve = false }: EquityColumns,
    from: number,
    to: number,
    heldRows = 0,
  ): void {
    if (from >= to) return;
    const s = this.#scalars;
    const before = s[barsAt]!;
    this.#endPeriods(times, timeOffsetMs, equity, from, to, isCurve);
    let peak = s[peakAt]!;
    let trough = s[troughAt]!;
    const hasReturns = this.basis === "bar";
    for (let i = from; i < to; i++) {
      const value = equity[i]!;
      if (value >= peak) {
        const closeTimeMs = times[i]! + timeOffsetMs;
        if (trough < peak) this.#endDrawdown(peak, trough, closeTimeMs - s[peakTimeAt]!);
        peak = value;
        trough = value;
        s[peakTimeAt] = closeTimeMs;
      } else if (value < trough) {
        trough = value;
      }
      const lane = (before + i - from) & 1;
      if (hasReturns) {
        addReturn(s, lane, s[lastEquityAt]!, value);
        s[lastEquityAt] = value;
      }
      s[equitySumAt + lane]! += value;
    }
    s[peakAt] = peak;
    s[troughAt] = trough;
    this.#endRows(times, timeOffsetMs, from, to, before);
    s[lastEquityAt] = equity[to - 1]!;
    s[exposedAt]! += position ? countHeld(position, from, to) : heldRows;
    if (price) this.#addPrices(price, from, to);
  }

  // The period that is not finished has a return too.
  #returns(): ReturnSums {
    let s = this.#scalars;
    if (s[basisAt] === 0 && s[barsAt]! > 0) {
      s = s.slice();
      addReturn(s, s[closeCountAt]! & 1, this.#lastClose, s[lastEquityAt]!);
    }
    return {
      shift: s[firstReturnAt]!,
      first: s[returnSumAt]! + s[returnSumAt + 1]!,
      second: s[squareSumAt]! + s[squareSumAt + 1]!,
      third: s[cubeSumAt]! + s[cubeSumAt + 1]!,
      fourth: s[fourthSumAt]! + s[fourthSumAt + 1]!,
      downside: s[downsideAt]! + s[downsideAt + 1]!,
      areDefined: s[brokenReturnsAt] === 0,
    };
  }

  lend(numbers: Float64Array): void {
    const places = lentFigures[this.basis];
    for (let each = 0; each < places.length; each++) {
      const [own, lent] = places[each]!;
      numbers[lent] = this.#scalars[own]!;
    }
    numbers[A.bars] = this.#scalars[barsAt]!;
    numbers[A.peakAt] = peakBefore;
    numbers[A.ended] = 0;
  }

  addLent(
    { times, timeOffsetMs = 0, equity, price, isCurve = false }: EquityColumns,
    from: number,
    to: number,
    heldRows: number,
    numbers: Float64Array,
    ended: Float64Array,
  ): void {
    if (from >= to) return;
    const s = this.#scalars;
    const before = s[barsAt]!;
    this.#endPeriods(times, timeOffsetMs, equity, from, to, isCurve);
    const timeAt = (bytes: number) => (bytes === peakBefore ? s[peakTimeAt]! : times[from + bytes / 8]! + timeOffsetMs);
    for (let pair = 0; pair < 2 * numbers[A.ended]!; pair += 2) {
      s[durationAt] = Math.max(s[durationAt]!, timeAt(ended[pair + 1]!) - timeAt(ended[pair]!));
    }
    s[peakTimeAt] = timeAt(numbers[A.peakAt]!);
    const places = lentFigures[this.basis];
    for (let each = 0; each < places.length; each++) {
      const [own, lent] = places[each]!;
      s[own] = numbers[lent]!;
    }
    this.#endRows(times, timeOffsetMs, from, to, before);
    s[exposedAt]! += heldRows;
    if (price) this.#addPrices(price, from, to);
  }

  read(): EquityReading {
    const s = this.#scalars;
    const bars = s[barsAt]!;
    const equitySum = s[equitySumAt]! + s[equitySumAt + 1]!;
    if (!Number.isFinite(equitySum)) {
      throw new QmtlError("ACCOUNTING_BROKEN", "equity must be a finite number at every bar; a bar had another value");
    }
    const finished = s[closeCountAt]!;
    const periods = {
      start: this.startEquity,
      finished: this.#closes.subarray(0, finished),
      last: bars > 0 ? s[lastEquityAt]! : Number.NaN,
      returns: this.#returns(),
    };
    const underWater = s[troughAt]! < s[peakAt]!;
    const depth = underWater ? drawdownDepth(s[peakAt]!, s[troughAt]!) : 0;
    const durationMs = underWater ? s[lastTimeAt]! - s[peakTimeAt]! : 0;
    return {
      startMs: bars > 0 ? s[firstTimeAt]! - this.intervalMs : null,
      endMs: bars > 0 ? s[lastTimeAt]! : null,
      bars,
      exposedBars: s[exposedAt]!,
      endEquity: s[lastEquityAt]!,
      meanEquity: bars > 0 ? equitySum / bars : this.startEquity,
      firstPrice: s[firstPriceAt]!,
      lastPrice: s[lastPriceAt]!,
      maxDrawdown: Math.max(s[depthAt]!, depth),
      maxDrawdownMs: Math.max(s[durationAt]!, durationMs),
      get closes() {
        return closesOf(periods);
      },
      periods,
    };
  }

  save(): Float64Array {
    const finished = this.#scalars[closeCountAt]!;
    const state = new Float64Array(scalarCount + finished);
    state.set(this.#scalars);
    state.set(this.#closes.subarray(0, finished), scalarCount);
    return state;
  }

  load(state: Float64Array): void {
    const own = this.#scalars;
    for (const at of [startEquityAt, intervalAt, basisAt]) {
      if (state[at] !== own[at] || state.length !== scalarCount + state[closeCountAt]!) {
        throw new QmtlError("SNAPSHOT_MISMATCH", "the saved equity belongs to a run with other options", {
          hint: "start equity, bar interval and returns basis must be those of the run that was saved",
        });
      }
    }
    own.set(state.subarray(0, scalarCount));
    const finished = own[closeCountAt]!;
    this.#closes = new Float64Array(Math.max(16, 2 * finished));
    this.#closes.set(state.subarray(scalarCount));
  }

  // The last equity of a period is that of the row before the one that begins the next.
  #endPeriods(
    times: Float64Array,
    timeOffsetMs: number,
    equity: Float64Array,
    from: number,
    to: number,
    isCurve: boolean,
  ): void {
    if (this.basis === "bar") return this.#endEveryBar(times[from]! + timeOffsetMs, equity, from, to, isCurve);
    const s = this.#scalars;
    const [before, last] = [s[barsAt]!, s[lastEquityAt]!];
    for (let row = from; (row = firstAfter(times, s[periodEndAt]! - timeOffsetMs, row, to)) < to; row++) {
      s[barsAt] = before + row - from;
      if (row > from) s[lastEquityAt] = equity[row - 1]!;
      this.#endPeriod(times[row]! + timeOffsetMs);
    }
    s[lastEquityAt] = last;
  }

  #endRows(times: Float64Array, timeOffsetMs: number, from: number, to: number, barsBefore: number): void {
    const s = this.#scalars;
    s[barsAt] = barsBefore + to - from;
    s[lastTimeAt] = times[to - 1]! + timeOffsetMs;
    if (this.basis === "bar") s[periodEndAt] = s[lastTimeAt]!;
  }

  #endPeriod(closeTimeMs: EpochMs): void {
    const s = this.#scalars;
    if (s[barsAt] === 0) {
      s[firstTimeAt] = closeTimeMs;
      s[peakTimeAt] = closeTimeMs - this.intervalMs;
    } else {
      const count = s[closeCountAt]!;
      if (count === this.#closes.length) this.#growCloses();
      if (s[basisAt] === 0) addReturn(s, count & 1, this.#lastClose, s[lastEquityAt]!);
      this.#closes[count] = s[lastEquityAt]!;
      s[closeCountAt] = count + 1;
    }
    s[periodEndAt] = this.basis === "bar" ? closeTimeMs : Math.ceil(closeTimeMs / dayMs) * dayMs;
  }

  // Basis "bar": every bar from the second of the run on ends the period of the bar before it.
  #endEveryBar(firstMs: EpochMs, equity: Float64Array, from: number, to: number, isCurve: boolean): void {
    const s = this.#scalars;
    this.#endPeriod(firstMs);
    if (isCurve) {
      this.#closes = equity;
      s[closeCountAt] = to - 1;
      return;
    }
    const count = s[closeCountAt]!;
    while (count + to - from > this.#closes.length) this.#growCloses();
    const closes = this.#closes;
    for (let i = from; i < to - 1; i++) closes[count + i - from] = equity[i]!;
    s[closeCountAt] = count + to - from - 1;
  }

  // Of the last period that is finished.
  get #lastClose(): number {
    const finished = this.#scalars[closeCountAt]!;
    return finished === 0 ? this.startEquity : this.#closes[finished - 1]!;
  }

  #growCloses(): void {
    const grown = new Float64Array(2 * this.#closes.length);
    grown.set(this.#closes);
    this.#closes = grown;
  }

  #addPrices(price: Float64Array, from: number, to: number): void {
    const s = this.#scalars;
    let first = from;
    while (first < to && Number.isNaN(price[first]!)) first++;
    if (first === to) return;
    if (Number.isNaN(s[firstPriceAt]!)) s[firstPriceAt] = price[first]!;
    let last = to - 1;
    while (Number.isNaN(price[last]!)) last--;
    s[lastPriceAt] = price[last]!;
  }

  #endDrawdown(peak: number, trough: number, durationMs: number): void {
    const s = this.#scalars;
    s[depthAt] = Math.max(s[depthAt]!, drawdownDepth(peak, trough));
    s[durationAt] = Math.max(s[durationAt]!, durationMs);
  }
}

function addReturn(s: Float64Array, lane: number, before: number, equity: number): void {
  if (!(before > 0)) s[brokenReturnsAt]! += 1;
  const value = equity / before - 1;
  if (Number.isNaN(s[firstReturnAt]!)) s[firstReturnAt] = value;
  addToReturnSums(s, lane, value, s[firstReturnAt]!, returnSumAt);
}

/** The first row of `from..to-1` whose time is after `limitMs`; `to` when none is. */
function firstAfter(times: Float64Array, limitMs: EpochMs, from: number, to: number): number {
  if (from >= to || times[to - 1]! <= limitMs) return to;
  let row = from;
  while (times[row]! <= limitMs) row++;
  return row;
}

function countHeld(position: Float64Array, from: number, to: number): number {
  let held = 0;
  for (let i = from; i < to; i++) if (position[i] !== 0) held += 1;
  return held;
}

function drawdownDepth(peak: number, trough: number): number {
  return (peak - trough) / peak;
}
