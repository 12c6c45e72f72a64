import type { Fill } from "./types.ts";
import { sideName } from "./order-table.ts";
import { RecordTable } from "./record-table.ts";

/** Columns of a fill row. */
export const F = {
  order: 0,
  instrument: 1,
  side: 2,
  timeMs: 3,
  barTimeMs: 4,
  price: 5,
  quantity: 6,
  fee: 7,
  slippage: 8,
  maker: 9, // 1: maker
  ambiguous: 10, // 1: decided by an order of events that bars cannot tell
} as const;

/** All fills of a run, in order; fill id `n` is row `n - 1`. */
export class FillTable extends RecordTable {
  constructor() {
    super(11);
  }

  make(index: number): Fill {
    const d = this.data;
    const at = index * this.stride;
    return {
      id: index + 1,
      orderId: d[at + F.order]!,
      instrument: d[at + F.instrument]!,
      side: sideName(d[at + F.side]!),
      timeMs: d[at + F.timeMs]!,
      barTimeMs: d[at + F.barTimeMs]!,
      price: d[at + F.price]!,
      quantity: d[at + F.quantity]!,
      fee: d[at + F.fee]!,
      slippage: d[at + F.slippage]!,
      liquidity: d[at + F.maker] === 1 ? "maker" : "taker",
      intrabarAmbiguous: d[at + F.ambiguous] === 1,
    };
  }
}
