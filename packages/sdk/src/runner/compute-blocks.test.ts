import type { Frame } from "@qmtl/engine/frame";
import { randomBars } from "@qmtl/engine/generators";
import { expect, it } from "vitest";
import { crossover, positionTarget, Runner, sma, Strategy, StreamInput, type OfflineOptions } from "../index.ts";
import { resultDigests } from "../runs/index.ts";

class Cross extends Strategy<{ fast: number }> {
  static override readonly defaults = { fast: 3 };

  setup(): void {
    const price = new StreamInput({ name: "price", interval: "1m", instrument: "TEST" });
    const fast = sma(price, this.params.fast);
    const slow = sma(price, 11);
    const signal = crossover(fast, slow);
    this.addNodes(price, fast, slow, signal, positionTarget(signal, { instrument: price, long: 0.5, short: -0.5 }));
  }
}

/** The same, but somebody wants to hear of every fill: every bar goes through the broker by itself. */
class HeardCross extends Cross {
  override onFill(): void {}
}

const bars = randomBars({
  intervalMs: 60_000,
  startMs: 0,
  startPrice: 100,
  volatility: 0.8,
  rows: 6_000,
  seed: "blocks",
});
// Bars that are not there: nothing trades, and no stretch may run over them.
const gappy: Frame = {
  ...bars,
  columns: Object.fromEntries(
    Object.entries(bars.columns).map(([field, column]) => [
      field,
      column.map((value, row) => (row % 40 === 7 ? Number.NaN : value)),
    ]),
  ),
};

// What is left out of a run that keeps no columns is left out of the comparison.
async function parts(strategy: typeof Cross, options: OfflineOptions): Promise<Readonly<Record<string, string>>> {
  const [first, second] = await Runner.offline([strategy, new strategy({ params: { fast: 5 } })], options);
  return Object.fromEntries(
    [first!, second!].flatMap((result, index) => [
      ...Object.entries(resultDigests(result).parts)
        .filter(([part]) => !part.startsWith("node:"))
        .map(([part, digest]) => [`${index} ${part}`, digest]),
      [`${index} nodes`, JSON.stringify(result.nodes)],
      [`${index} metrics`, JSON.stringify(result.metrics)],
    ]),
  );
}

it.each([
  ["next open", {}],
  ["same close", { semantics: "vectorbt", shorting: true }],
  [
    "every bar, with fees and slippage",
    { rebalance: "every_bar", fees: { kind: "percent", rate: 0.001 }, slippage: { kind: "percent", rate: 0.001 } },
  ],
  ["next close", { marketFill: "next_close" }],
  ["interest", { cashInterestRate: 0.02, borrowRate: 0.05 }],
  ["margin calls", { initialMargin: 0.1, maintenanceMargin: 0.09 }],
  ["volume bound", { volumeShareMax: 0.000_1 }],
] as const)("runs in blocks as over whole columns: %s", async (_, broker) => {
  for (const data of [bars, gappy]) {
    for (const returnsBasis of ["1d", "bar"] as const) {
      const options = { data, broker, returnsBasis, load: { allow: ["missing-value"] } } satisfies OfflineOptions;
      const whole = await parts(Cross, { ...options, keep: "all" });
      expect(Object.keys(whole).length).toBeGreaterThan(8);
      expect(await parts(Cross, { ...options, keep: "none" })).toEqual(whole);
      expect(await parts(HeardCross, options)).toEqual(whole);
    }
  }
});
