import type { RowMarks, TargetColumn } from "../broker/index.ts";
import { inColumnMemory } from "../columns/index.ts";
import type { EquityTracker, ReturnsBasis } from "../metrics/index.ts";
import {
  A,
  VECTOR_SCRATCH_ROWS,
  vectorUnitFor,
  type VectorFunction,
  type VectorUnit,
} from "../operators/vector/index.ts";

/** `RowMarks` where targets and closes stand in columns of a pool, as those of a block do. */
export class BlockMarks implements RowMarks {
  /** What `accountRows` works on. */
  readonly numbers: Float64Array;
  /** Its list of drawdowns. */
  readonly ended: Float64Array;
  readonly stage: Float64Array;
  readonly #equity: Float64Array;
  readonly #run: VectorFunction;
  // Where row 0 of the feed would stand, in bytes.
  #signals = 0;
  #closes = 0;
  #from = 0;
  #odd = 0; // 1: the equity of the first row stands in the second place, as that of a bar with an odd number has to

  constructor(unit: VectorUnit, basis: ReturnsBasis) {
    this.#equity = unit.scratch.a;
    this.ended = unit.scratch.b;
    this.numbers = unit.scratch.c;
    this.stage = unit.scratch.d;
    this.#run = unit.get(basis === "bar" ? "equityAndReturnRows" : "equityRows");
  }

  /** From now on rows are those from `from` on, whose targets and closes stand from `offset` on. */
  begin({ values, offset }: TargetColumn, closes: Float64Array, from: number, tracker: EquityTracker): this {
    tracker.lend(this.numbers);
    this.#odd = this.numbers[A.bars]! & 1;
    this.#signals = values.byteOffset + 8 * offset;
    this.#closes = closes.byteOffset + 8 * offset;
    this.#from = from;
    return this;
  }

  take(from: number, to: number, judged: number): number {
    const first = this.#from;
    const taken = this.#run(
      this.#signals,
      this.#closes,
      this.#equity.byteOffset + 8 * this.#odd,
      this.numbers.byteOffset,
      this.ended.byteOffset,
      this.stage.byteOffset,
      8 * (from - first),
      8 * (to - first),
      8 * (judged - first),
    );
    return 2 * first + (taken >> 2) + (taken & 1);
  }

  /** Copies the equity of the first rows to where `at` is. */
  writeTo(equity: Float64Array, at: number, rows: number): void {
    equity.set(this.#equity.subarray(this.#odd, this.#odd + rows), at);
  }
}

const made: Partial<Record<ReturnsBasis, BlockMarks>> = {};

/** Of the rows `from..to-1`; none where vector code does not reach them, or they are few. */
export function blockMarks(
  targets: TargetColumn,
  from: number,
  to: number,
  tracker: EquityTracker,
): BlockMarks | undefined {
  const { values, closes } = targets;
  const { basis } = tracker;
  if (closes === undefined || to - from >= VECTOR_SCRATCH_ROWS) return undefined;
  const unit = vectorUnitFor(to - from, values, closes);
  if (unit === undefined) return undefined;
  const { a, b, c, d } = unit.scratch;
  if (made[basis] === undefined && !inColumnMemory([a, b, c, d])) return undefined;
  return (made[basis] ??= new BlockMarks(unit, basis)).begin(targets, closes, from, tracker);
}
