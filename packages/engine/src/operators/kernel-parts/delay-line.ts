import type { KernelState } from "./kernel-state.ts";

/** Hands back the value of `rows` pushes ago; NaN before there is one. For series a kernel derives itself. */
export class DelayLine {
  readonly #values: Float64Array;
  readonly #position: Int32Array;

  constructor(state: KernelState, rows: number) {
    this.#values = state.array(rows + 1, Number.NaN);
    this.#position = state.counters(1);
  }

  push(value: number): number {
    const position = this.#position[0]!;
    const next = position + 1 === this.#values.length ? 0 : position + 1;
    this.#values[position] = value;
    this.#position[0] = next;
    return this.#values[next]!;
  }
}
