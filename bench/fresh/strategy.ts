import { crossover, positionTarget, sma, Strategy, StreamInput } from "qmtl";

/** The cross as a user writes it; its twin on the sources is `rows/sma-cross.ts`. */
export class SmaCross extends Strategy {
  setup(): void {
    const price = new StreamInput({ name: "price", interval: "1m", instrument: "TEST" });
    const fast = sma(price, 10);
    const slow = sma(price, 50);
    const signal = crossover(fast, slow);
    this.addNodes(price, fast, slow, signal, positionTarget(signal, { instrument: price }));
  }
}
