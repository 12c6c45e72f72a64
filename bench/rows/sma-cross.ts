import { crossover, positionTarget, sma, Strategy, StreamInput, type BrokerOptions } from "@qmtl/sdk";

/** The strategy of the table: long while SMA(10) is above SMA(50), flat below. `fresh/strategy.ts` is its twin. */
export class SmaCross extends Strategy<{ fast: number; slow: number }> {
  static override readonly defaults = { fast: 10, slow: 50 };

  setup(): void {
    const price = new StreamInput({ interval: "1m", instrument: "TEST" });
    const fast = sma(price, this.params.fast);
    const slow = sma(price, this.params.slow);
    const signal = crossover(fast, slow);
    this.addNodes(price, fast, slow, signal, positionTarget(signal, { instrument: price }));
  }
}

/** Fees so small that tens of thousands of trades do not eat the account up, which would leave nothing to compare. */
export const feeRate = 0.000_01;

export const vectorbtBroker = {
  semantics: "vectorbt",
  cash: 100_000,
  fees: { kind: "percent", rate: feeRate },
} as const satisfies Partial<BrokerOptions>;
