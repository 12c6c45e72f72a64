import type { OperatorParams } from "@qmtl/engine/operator";

/**
 * Many combinations as one graph of operators, in which what is equal stands once. Plain data: it goes to another
 * thread as it is. A *column* is one output of one node; columns of a node are consecutive, nodes come after their
 * inputs. A combination is a signal column and what to do with it.
 */
export interface SweepProgram {
  /** Distinct operators with their parameters. */
  readonly operations: readonly { readonly operator: string; readonly params: OperatorParams }[];
  /** Operation of each node; -1: a stream, whose columns are given. */
  readonly operationOf: Int32Array;
  /** First column of each node, and one more: the number of columns. */
  readonly firstColumn: Int32Array;
  /** Node of each column. */
  readonly nodeOf: Int32Array;
  /** Where a node's inputs begin in `inputs`, and one more. */
  readonly firstInput: Int32Array;
  /** Columns read, in the order the operator takes them; -1: the bucket starts. */
  readonly inputs: Int32Array;
  /** Stream of each node: all of its rows are rows of that stream. */
  readonly streamOf: Int32Array;
  /** Place of each column among the shared ones; -1: computed anew for each combination that needs it. */
  readonly sharedPlace: Int32Array;
  readonly sharedCount: number;
  /** Signal column of each combination; -1: this combination is for the broker. */
  readonly signals: Int32Array;
  /** Targets of each combination, into `targets`. */
  readonly targetOf: Int32Array;
  readonly targets: readonly SweepTarget[];
}

export interface SweepTarget {
  readonly long: number;
  readonly short: number | null;
  readonly flat: number | null;
  readonly isPercent: boolean;
}

/** Numbers that grow, then become an array other threads can read. */
export class SharedInts {
  #values = new Int32Array(1_024);
  length = 0;

  push(value: number): number {
    if (this.length === this.#values.length) {
      const grown = new Int32Array(this.length * 2);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.length] = value;
    return this.length++;
  }

  at(index: number): number {
    return this.#values[index]!;
  }

  toShared(): Int32Array {
    const shared = new Int32Array(new SharedArrayBuffer(this.length * 4));
    shared.set(this.#values.subarray(0, this.length));
    return shared;
  }
}

export function sharedNumbers(length: number): Float64Array {
  return new Float64Array(new SharedArrayBuffer(length * 8));
}
