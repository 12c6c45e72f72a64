import { assert } from "@qmtl/core";
import { operatorRegistry } from "@qmtl/engine/operators";
import type { Kernel } from "@qmtl/engine/operator";
import { EquityFigures, type MarketBars } from "./bar-metrics.ts";
import { PlainAccount, type PlainAccountTerms } from "./plain-account.ts";
import type { SweepProgram, SweepTarget } from "./program.ts";
import { sparseSignals } from "./sparse-signals.ts";
import { needsEquity, type SweepMetric } from "./sweep-metric.ts";

/** Rows of one instrument as the event path takes them; columns that other threads can read. */
export interface StreamColumns {
  readonly time: Float64Array;
  /** In the order of the stream's fields. */
  readonly fields: readonly Float64Array[];
  /** Undefined when nothing can be traded on this stream. */
  readonly market: MarketBars | undefined;
  readonly terms: PlainAccountTerms | undefined;
}

export interface InstrumentColumns {
  /** By stream of the program. */
  readonly streams: readonly StreamColumns[];
  /** Shared columns, one after another, each as long as the longest stream. */
  readonly shared: Float64Array;
  readonly sharedStride: number;
  /** Per node: 0 nobody has it, 1 somebody computes it, 2 its shared columns are there. */
  readonly sharedState: Int32Array;
}

/** Where figures go: one row per instrument and combination, one column per metric. */
export interface ResultColumns {
  readonly metrics: readonly SweepMetric[];
  readonly columns: readonly Float64Array[];
  /** 1: computed from fills here; 0: for the broker. */
  readonly done: Uint8Array;
}

const claimed = 1;
const ready = 2;

/**
 * Computes combinations over columns: shared columns once among all threads, the rest on scratch, then the account from
 * order to order. No column is allocated per combination once the
 * scratch has grown.
 */
export class EventPath {
  readonly #program: SweepProgram;
  readonly #kernels: ({ kernel: Kernel; fresh: Float64Array } | undefined)[] = [];
  readonly #scratch: Float64Array[] = [];
  #scratchUsed = 0;
  /** Scratch column of each private column of the combination at hand. */
  readonly #private = new Map<number, Float64Array>();
  readonly #accounts = new Map<PlainAccountTerms, PlainAccount>();
  readonly #figures = new EquityFigures();
  #equity = new Float64Array(0);
  #eventRows = new Int32Array(0);
  #eventTargets = new Float64Array(0);

  constructor(program: SweepProgram) {
    this.#program = program;
  }

  /** Combinations `from..to-1` of one instrument; figures go to rows that begin at `firstRow`. */
  run(instrument: InstrumentColumns, from: number, to: number, results: ResultColumns, firstRow: number): void {
    const { signals, targetOf, targets, nodeOf, streamOf } = this.#program;
    for (let combination = from; combination < to; combination++) {
      const signal = signals[combination]!;
      if (signal < 0) continue;
      const stream = instrument.streams[streamOf[nodeOf[signal]!]!]!;
      const { market, terms } = stream;
      if (market === undefined || terms === undefined || !market.isComplete) continue;
      const target = targets[targetOf[combination]!]!;
      const row = firstRow + combination - from;
      this.#grow(market.length);
      const events = this.#eventsOf(signal, target, instrument, stream);
      if (!this.#trade(events, target.isPercent, market, terms, results.metrics)) continue;
      this.#write(results, row, market, terms);
      results.done[row] = 1;
    }
  }

  #grow(length: number): void {
    if (this.#equity.length >= length) return;
    this.#equity = new Float64Array(length);
    this.#eventRows = new Int32Array(length);
    this.#eventTargets = new Float64Array(length);
    this.#scratch.length = 0;
  }

  // Rows at which the signal asks for a target, and that target.
  #eventsOf(signal: number, target: SweepTarget, instrument: InstrumentColumns, stream: StreamColumns): number {
    this.#scratchUsed = 0;
    this.#private.clear();
    const rows = this.#eventRows;
    const values = this.#eventTargets;
    const signals = this.#signalRows(signal, instrument, stream);
    const short = target.short ?? Number.NaN;
    const flat = target.flat ?? Number.NaN;
    let count = 0;
    for (let index = 0; index < signals; index++) {
      const value = values[index]!;
      const wanted = value > 0 ? target.long : value < 0 ? short : flat;
      rows[count] = rows[index]!;
      values[count] = wanted;
      if (wanted === wanted) count++;
    }
    return count;
  }

  // Rows at which the signal has a value, and that value.
  #signalRows(signal: number, instrument: InstrumentColumns, stream: StreamColumns): number {
    const { nodeOf, operationOf, operations, sharedPlace } = this.#program;
    const rows = this.#eventRows;
    const values = this.#eventTargets;
    const { length } = stream.time;
    const node = nodeOf[signal]!;
    const operation = operationOf[node]!;
    const sparse = operation < 0 ? undefined : sparseSignals.get(operations[operation]!.operator);
    if (sparse !== undefined && sharedPlace[signal]! < 0) {
      return sparse(this.#inputsOf(node, instrument, stream), length, rows, values);
    }
    return presentRows(this.#column(signal, instrument, stream), length, rows, values);
  }

  #column(column: number, instrument: InstrumentColumns, stream: StreamColumns): Float64Array {
    if (column < 0) return stream.time;
    const { nodeOf, operationOf, firstColumn, sharedPlace } = this.#program;
    const node = nodeOf[column]!;
    const { length } = stream.time;
    if (operationOf[node]! < 0) return stream.fields[column - firstColumn[node]!]!;
    if (sharedPlace[column]! < 0) {
      if (!this.#private.has(column)) this.#compute(node, instrument, stream, true);
      return this.#private.get(column)!;
    }
    const { sharedState } = instrument;
    while (Atomics.load(sharedState, node) !== ready) {
      if (Atomics.compareExchange(sharedState, node, 0, claimed) === 0) {
        let state = 0;
        try {
          this.#compute(node, instrument, stream, false);
          state = ready;
        } finally {
          Atomics.store(sharedState, node, state);
          Atomics.notify(sharedState, node);
        }
      } else Atomics.wait(sharedState, node, claimed);
    }
    return sharedColumn(instrument, sharedPlace[column]!, length);
  }

  #compute(node: number, instrument: InstrumentColumns, stream: StreamColumns, isPrivate: boolean): void {
    const { operationOf, firstColumn, sharedPlace } = this.#program;
    const { length } = stream.time;
    const read = this.#inputsOf(node, instrument, stream);
    const written: Float64Array[] = [];
    for (let column = firstColumn[node]!; column < firstColumn[node + 1]!; column++) {
      const values = isPrivate ? this.#takeScratch() : sharedColumn(instrument, sharedPlace[column]!, length);
      if (isPrivate) this.#private.set(column, values);
      written.push(values);
    }
    const { kernel, fresh } = this.#kernelOf(operationOf[node]!);
    kernel.load(fresh);
    kernel.advance(read, written, 0, length);
  }

  #inputsOf(node: number, instrument: InstrumentColumns, stream: StreamColumns): readonly Float64Array[] {
    const { firstInput, inputs } = this.#program;
    const read: Float64Array[] = [];
    for (let input = firstInput[node]!; input < firstInput[node + 1]!; input++) {
      read.push(this.#column(inputs[input]!, instrument, stream));
    }
    return read;
  }

  #kernelOf(operation: number): { kernel: Kernel; fresh: Float64Array } {
    let known = this.#kernels[operation];
    if (known === undefined) {
      const { operator, params } = this.#program.operations[operation]!;
      const definition = operatorRegistry.get(operator);
      assert(definition, `operator ${operator} is built in`);
      const kernel = definition.createKernel(params);
      this.#kernels[operation] = known = { kernel, fresh: kernel.save() };
    }
    return known;
  }

  #takeScratch(): Float64Array {
    return (this.#scratch[this.#scratchUsed++] ??= new Float64Array(this.#equity.length));
  }

  /** @returns false when a margin call is possible: that is for the broker */
  #trade(
    events: number,
    isPercent: boolean,
    market: MarketBars,
    terms: PlainAccountTerms,
    metrics: readonly SweepMetric[],
  ): boolean {
    const account = this.#account(terms);
    const rows = this.#eventRows;
    const targets = this.#eventTargets;
    const { open, close, length } = market;
    const wantsCurve = metrics.some(needsEquity);
    account.reset();
    let heldFrom = 0; // first close at which the position of now is held
    for (let event = 0; event < events; event++) {
      const row = rows[event]!;
      const fillRow = terms.fillsAtClose ? row : row + 1;
      if (fillRow >= length) break; // the order stays open
      const { quantity, cash } = account;
      if (!account.toTarget(targets[event]!, isPercent, close[row]!, (terms.fillsAtClose ? close : open)[fillRow]!)) {
        continue;
      }
      if (!this.#settle(heldFrom, fillRow, quantity, cash, market, terms, wantsCurve)) return false;
      heldFrom = fillRow;
    }
    return this.#settle(heldFrom, length, account.quantity, account.cash, market, terms, wantsCurve);
  }

  // Marks the closes `from..to-1`; at the close `to` the old position is still at risk when orders fill there.
  #settle(
    from: number,
    to: number,
    quantity: number,
    cash: number,
    market: MarketBars,
    terms: PlainAccountTerms,
    wantsCurve: boolean,
  ): boolean {
    const { close, closeMax, length } = market;
    const { multiplier } = terms;
    if (quantity > 0 && cash < 0) return false;
    if (quantity < 0 && !(cash + quantity * closeMax * multiplier > 0)) {
      const last = Math.min(to, length - 1);
      for (let row = from; row <= last; row++) if (!(cash + quantity * close[row]! * multiplier > 0)) return false;
    }
    if (!wantsCurve) return true;
    const equity = this.#equity;
    if (quantity === 0) equity.fill(cash, from, to);
    else for (let row = from; row < to; row++) equity[row] = cash + quantity * close[row]! * multiplier;
    return true;
  }

  #account(terms: PlainAccountTerms): PlainAccount {
    let account = this.#accounts.get(terms);
    if (account === undefined) this.#accounts.set(terms, (account = new PlainAccount(terms)));
    return account;
  }

  #write({ metrics, columns }: ResultColumns, row: number, market: MarketBars, terms: PlainAccountTerms): void {
    const account = this.#account(terms);
    const figures = this.#figures;
    const start = terms.cash;
    const end = account.equityAt(market.close[market.length - 1]!);
    const cagr = end < 0 ? Number.NaN : (end / start) ** market.growthExponent - 1;
    if (metrics.some(needsEquity)) figures.measure(this.#equity, start, market);
    for (let index = 0; index < metrics.length; index++) {
      const value = figureOf(metrics[index]!, account, figures, start, end, cagr);
      columns[index]![row] = Number.isFinite(value) ? value : Number.NaN;
    }
  }
}

function presentRows(column: Float64Array, length: number, rows: Int32Array, values: Float64Array): number {
  let count = 0;
  for (let row = 0; row < length; row++) {
    const value = column[row]!;
    if (value !== value) continue;
    rows[count] = row;
    values[count++] = value;
  }
  return count;
}

function figureOf(
  metric: SweepMetric,
  account: PlainAccount,
  figures: EquityFigures,
  start: number,
  end: number,
  cagr: number,
): number {
  switch (metric) {
    case "totalReturn":
      return end / start - 1;
    case "cagr":
      return cagr;
    case "feesPaid":
      return account.feesPaid;
    case "trades":
      return account.trades;
    case "winRate":
      return account.wins / account.trades;
    case "profitFactor":
      return account.losses > 0 ? account.gained / account.lost : Number.NaN;
    case "calmar":
      return cagr / figures.maxDrawdown;
    case "volatility":
    case "sharpe":
    case "sortino":
    case "maxDrawdown":
      return figures[metric];
  }
}

function sharedColumn({ shared, sharedStride }: InstrumentColumns, place: number, length: number): Float64Array {
  return shared.subarray(place * sharedStride, place * sharedStride + length);
}
