import { TRIP } from "../operators/vector/index.ts";
import { RowPieces } from "./row-pieces.ts";

/** Columns of a range of rows that a trade was held over: the trade, what it held, and the rows. */
export const E = { trade: 0, size: 1, average: 2, from: 3, to: 4 } as const;

const width = Object.keys(TRIP).length;

/**
 * The newest trades of instrument 0, as far as each was opened from nothing by one fill and closed by another: ten numbers
 * tell them, where the table of all trades holds 18 and what it was held over five more. The last one may be open. They go
 * to the table when somebody asks for it.
 */
export class RoundTrips extends RowPieces {
  /** The row behind those that the open one has been held over. */
  seenTo = 0;

  constructor() {
    super(width);
  }

  get isOpen(): boolean {
    return this.length > 0 && Number.isNaN(this.data[this.offsetOf(this.length - 1) + TRIP.exitMs]!);
  }

  /** The last one. */
  get last(): Float64Array {
    const at = this.offsetOf(this.length - 1);
    return this.data.subarray(at, at + width);
  }
}
