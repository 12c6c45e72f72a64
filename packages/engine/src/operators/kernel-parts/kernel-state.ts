import { assert } from "@qmtl/core";
import { inColumnMemory } from "../../columns/index.ts";
import type { Kernel } from "../../operator/index.ts";
import { ROWS_PER_STEP } from "./scratch.ts";

/**
 * Where a kernel and the parts it is made of keep what they remember: typed arrays, handed out in a fixed
 * order, so that saving is concatenation and nothing can be missing from a snapshot.
 */
export class KernelState {
  readonly #arrays: (Float64Array | Int32Array)[] = [];

  /** Numbers of the state. Call while the kernel is built, never later. */
  array(length: number, fill = 0): Float64Array {
    const array = new Float64Array(length).fill(fill);
    this.#arrays.push(array);
    return array;
  }

  /** Counters and positions of the state: whole numbers below 2^31, so that indexing needs no conversion. */
  counters(length: number, fill = 0): Int32Array {
    const array = new Int32Array(length).fill(fill);
    this.#arrays.push(array);
    return array;
  }

  /**
   * A kernel over this state. Long ranges are handed to `step` in pieces: a function that is entered often is
   * compiled as a whole, one that loops a million times in its first call runs on half-optimised code.
   *
   * @param vectorRows - rows of a piece where every column stands in the memory of vector code
   * @param advanceRow - the step of a single row, where it is shorter
   */
  kernel(step: Kernel["advance"], vectorRows = ROWS_PER_STEP, advanceRow = step): Kernel {
    return {
      advance(inputs, outputs, from, to) {
        if (to - from <= ROWS_PER_STEP) return step(inputs, outputs, from, to);
        const isForVectors = vectorRows > ROWS_PER_STEP && inColumnMemory(inputs) && inColumnMemory(outputs);
        const rows = isForVectors ? vectorRows : ROWS_PER_STEP;
        for (let row = from; row < to; row += rows) step(inputs, outputs, row, Math.min(to, row + rows));
      },
      advanceRow,
      save: () => this.save(),
      load: (state) => this.load(state),
    };
  }

  save(): Float64Array {
    const state = new Float64Array(this.#length());
    let offset = 0;
    for (const array of this.#arrays) {
      state.set(array, offset);
      offset += array.length;
    }
    return state;
  }

  load(state: Float64Array): void {
    assert(state.length === this.#length(), `kernel state has ${state.length} numbers, expected ${this.#length()}`);
    let offset = 0;
    for (const array of this.#arrays) {
      array.set(state.subarray(offset, offset + array.length));
      offset += array.length;
    }
  }

  #length(): number {
    return this.#arrays.reduce((total, array) => total + array.length, 0);
  }
}
