import type { JsonValue } from "@qmtl/core";

/**
 * A built-in operator: a pure function of the past of its input columns, as a resumable state machine.
 *
 * One `advance` serves both executors. The batch executor calls it once over whole columns, the stream
 * executor with one row at a time; the arithmetic and its order are the same, so the results are bit-equal
 * by construction, and a property test over every registered operator holds that (any chunking, any cut
 * into save and load).
 *
 * Absent is NaN: an output that is not there yet (warm-up) or cannot be given (an input of the window is
 * absent, zero variance, division by zero) is NaN, never 0.
 */
export interface OperatorDefinition<
  Params extends OperatorParams = OperatorParams,
  In extends string = string,
  Out extends string = string,
> {
  /** Part of the node's identity, snake_case: "sma", "bollinger_bands". */
  readonly name: string;
  /** Raised whenever the arithmetic changes; part of the node's identity. */
  readonly version: number;
  /** Names of the input columns, in the order `advance` receives them. The name "time" is the bucket start in ms. */
  readonly inputs: readonly In[];
  /** Names of the output columns, in the order `advance` fills them; ["value"] for a scalar operator. */
  readonly outputs: readonly Out[];
  /**
   * Fills defaults and checks: what comes back is complete and is hashed into the node id.
   * @throws QmtlError `PARAMETER_INVALID`, `PERIOD_INVALID`
   */
  resolve(params: Readonly<Record<string, unknown>>): Params;
  /** Rows of complete input before the first output: the index of the first row that has a value. */
  warmupRows(params: Params): number;
  /** How many rows back of its inputs `advance` reads: `column[i - j]` for `0 <= j <= lookbackRows`. */
  lookbackRows(params: Params): number;
  createKernel(params: Params): Kernel;
}

export type OperatorParams = Readonly<Record<string, JsonValue>>;

export interface Kernel {
  /**
   * Consumes rows `from..to-1` and writes every output column at each of them.
   *
   * Reads back at most `lookbackRows` rows before a row, and never before the first row it was ever given:
   * a kernel counts its own rows, because in a ring the index says nothing about how many came before.
   * Never reads an output column but where the same call has written it. Never allocates.
   */
  advance(inputs: readonly Float64Array[], outputs: readonly Float64Array[], from: number, to: number): void;
  /**
   * `advance` for a single row, `to` being `from + 1`, where there is a shorter way to it: a stream takes a million of
   * them. Needs no `this`.
   */
  readonly advanceRow?: (
    inputs: readonly Float64Array[],
    outputs: readonly Float64Array[],
    from: number,
    to: number,
  ) => void;
  /** The whole state as numbers, bit for bit (NaN and -0 included). A fresh kernel's `load(save())` is a no-op. */
  save(): Float64Array;
  load(state: Float64Array): void;
}

/** Any definition, where the parameter type does not matter (registries, planners, property tests). */
// eslint-disable-next-line typescript/no-explicit-any -- a registry holds definitions of unrelated parameter types
export type AnyOperator = OperatorDefinition<any, string, string>;
