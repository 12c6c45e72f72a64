import type { EpochMs, IntervalMs } from "@qmtl/core";
import { A, STAGE_FILLS, stageRows } from "../operators/vector/index.ts";
import type { Excursions } from "./excursions.ts";
import type { Execution } from "./execution.ts";
import type { FilledTargets } from "./filled-targets.ts";
import type { Ledger } from "./ledger.ts";
import type { BrokerOptions } from "./options.ts";
import type { OrderEntry, TargetUnit } from "./order-entry.ts";
import type { QuietBars, ReplayCurves, RowMarks, TargetColumn } from "./types.ts";

/** The rows of one call, as vector code knows them. */
export interface LentRows {
  readonly marks: RowMarks;
  readonly targets: TargetColumn;
  readonly bars: QuietBars;
  readonly curves: ReplayCurves;
  readonly intervalMs: IntervalMs;
  readonly from: number;
  /** Time of the first; NaN where it does not tell those of the others. */
  readonly firstMs: EpochMs;
}

/**
 * The account of one instrument while `accountRows` has it: what decides orders, and what they move on, goes into its
 * numbers; what it leaves goes to the ledger and the tables.
 */
export class LentAccount {
  /** Rows that were gone through at whose close a position was held. */
  heldRows = 0;

  readonly #options: BrokerOptions;
  readonly #ledger: Ledger;
  readonly #execution: Execution;
  readonly #entry: OrderEntry;
  readonly #excursions: Excursions;
  readonly #filled: FilledTargets;
  readonly #feeRate: number;
  readonly #takesOrders: boolean;
  #takesThese = false;
  #rows: LentRows | undefined;

  /** @param feeRate - share of what is traded that any order costs; NaN: orders need more than that */
  constructor(
    options: BrokerOptions,
    ledger: Ledger,
    execution: Execution,
    entry: OrderEntry,
    excursions: Excursions,
    filled: FilledTargets,
    feeRate: number,
  ) {
    this.#options = options;
    this.#ledger = ledger;
    this.#execution = execution;
    this.#entry = entry;
    this.#excursions = excursions;
    this.#filled = filled;
    this.#feeRate = feeRate;
    this.#takesOrders = !Number.isNaN(feeRate) && options.marketFill === "same_close" && ledger.lots[0]!.step === 0;
  }

  /** Lends everything that stays as it is while these rows go by. */
  begin(rows: LentRows): void {
    const options = this.#options;
    const { numbers } = rows.marks;
    const { signTargets, unit } = rows.targets;
    this.#rows = rows;
    this.heldRows = 0;
    numbers[A.multiplier] = this.#ledger.multiplier[0]!;
    numbers[A.maintenance] = options.maintenanceMargin;
    numbers[A.readsSigns] = signTargets === undefined ? 0 : 1;
    numbers[A.above] = signTargets === undefined ? Number.NaN : signTargets.above;
    numbers[A.below] = signTargets === undefined ? Number.NaN : signTargets.below;
    numbers[A.atZero] = signTargets === undefined ? Number.NaN : signTargets.atZero;
    numbers[A.onChange] = options.rebalance === "on_change" ? 1 : 0;
    this.#takesThese = this.#takesOrders && !Number.isNaN(rows.firstMs);
    if (!this.#takesThese) return;
    numbers[A.inPercent] = unit === "percent" ? 1 : 0;
    numbers[A.feeRate] = this.#feeRate;
    numbers[A.margin] = options.account === "cash" ? 1 : options.initialMargin;
    numbers[A.paysInCash] = options.account === "cash" ? 1 : 0;
    numbers[A.isShort] = options.shorting ? 1 : 0;
    numbers[A.reduces] = options.insufficientFunds === "reject" ? 0 : 1;
    numbers[A.sizedAtFill] = options.sizing === "fill" && unit === "percent" ? 1 : 0;
    numbers[A.firstMs] = rows.firstMs;
    numbers[A.intervalMs] = rows.intervalMs;
    numbers[A.firstBar] = this.#ledger.bars[0]! + 1;
    numbers[A.firstCurveRow] = rows.from + rows.curves.shift;
    numbers[A.firstFeedRow] = rows.from;
  }

  /** Rows from `from` on, as `RowMarks.take`. */
  take(from: number, to: number, judged: number): number {
    const { marks, targets } = this.#rows!;
    const ledger = this.#ledger;
    marks.numbers[A.lastTarget] = this.#entry.lastTargetIn(0, targets.unit);
    // A trade that is more than a round trip is closed the general way.
    if (this.#takesThese && (ledger.quantity[0] === 0 || ledger.trips.isOpen)) return this.#fill(from, to, judged);
    marks.numbers[A.filledMax] = 0;
    marks.numbers[A.cash] = ledger.cash;
    marks.numbers[A.quantity] = ledger.quantity[0]!;
    const taken = marks.take(from, to, judged);
    if (ledger.quantity[0] !== 0) this.heldRows += (taken >> 1) - from;
    return taken;
  }

  // The same with orders.
  #fill(from: number, to: number, judged: number): number {
    const { marks, from: first, targets } = this.#rows!;
    const { numbers, stage } = marks;
    this.#ledger.lend(numbers, stage);
    numbers[A.filledMax] = STAGE_FILLS;
    numbers[A.filled] = 0;
    numbers[A.heldFrom] = 8 * (from - first);
    numbers[A.heldRows] = 0;
    const taken = marks.take(from, to, judged);
    if (numbers[A.filled] !== 0) this.#takeBack(targets.unit);
    this.heldRows += numbers[A.heldRows]! / 8;
    if (this.#ledger.quantity[0] !== 0) this.heldRows += (taken >> 1) - first - numbers[A.heldFrom]! / 8;
    return taken;
  }

  #takeBack(unit: TargetUnit): void {
    const { marks, curves, bars } = this.#rows!;
    const { numbers, stage } = marks;
    const filled = numbers[A.filled]!;
    this.#excursions.setBars(bars);
    this.#ledger.takeBack(numbers, stage);
    this.#entry.remember(0, numbers[A.lastTarget]!, unit);
    this.#execution.closedBy[0]! += filled;
    this.#filled.appendRows(stageRows(stage, "fills", filled));
    curves.movedRows(stageRows(stage, "cash", filled), stageRows(stage, "positions", filled));
  }
}
