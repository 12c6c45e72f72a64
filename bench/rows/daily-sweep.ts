import type { Frame } from "@qmtl/engine/frame";
import { randomBars } from "@qmtl/engine/generators";
import { crossover, positionTarget, sma, Strategy, StreamInput } from "@qmtl/sdk";
import type { SweepOptions } from "@qmtl/sdk/sweep";

/** Rows of each instrument. */
export const sweepRows = 2_978;

/** The cross on daily bars, whose two periods the sweep tries. */
export class DailySmaCross extends Strategy<{ fast: number; slow: number }> {
  static override readonly defaults = { fast: 10, slow: 50 };

  setup(): void {
    const price = new StreamInput({ name: "price", interval: "1d", instrument: "TEST" });
    const fast = sma(price, this.params.fast);
    const slow = sma(price, this.params.slow);
    const signal = crossover(fast, slow);
    this.addNodes(price, fast, slow, signal, positionTarget(signal, { instrument: price }));
  }
}

/** Daily bars of three instruments. */
export function sweepData(): Readonly<Record<string, Frame>> {
  const bars = (seed: string) => randomBars({ rows: sweepRows, intervalMs: 86_400_000, seed, startPrice: 1_000 });
  return { first: bars("first"), second: bars("second"), third: bars("third") };
}

/** Every pair of two different periods up to `periodMax`, the shorter first: 4,851 with 100. */
export function sweepOptions(periodMax: number, workers?: number): SweepOptions {
  const periods = Array.from({ length: periodMax - 1 }, (_, index) => index + 2);
  return {
    grid: { fast: periods, slow: periods },
    constraint: ({ fast, slow }) => (fast as number) < (slow as number),
    data: sweepData(),
    metric: "totalReturn",
    broker: { semantics: "vectorbt", cash: 100, fees: { kind: "percent", rate: 0.001 } },
    ...(workers !== undefined && { workers }),
  };
}
