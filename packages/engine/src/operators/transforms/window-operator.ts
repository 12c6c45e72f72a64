import type { OperatorDefinition, OperatorParams } from "../../operator/index.ts";
import { completeParams, KernelState, type GivenParams } from "../kernel-parts/index.ts";

/** Fills rows `from..to-1` of the outputs; may read `rows - 1` rows back, all of which are there. */
export type RowLoop = (
  inputs: readonly Float64Array[],
  outputs: readonly Float64Array[],
  from: number,
  to: number,
) => void;

export interface WindowOperator<Params extends OperatorParams, In extends string, Out extends string> {
  readonly name: string;
  readonly version?: number;
  readonly inputs: readonly In[];
  readonly outputs: readonly Out[];
  /** Reads every parameter, defaults filled; keys it does not return are refused. */
  readonly params: (given: GivenParams) => Params;
  /** Rows each output is made of, itself included; 1 unless told. */
  readonly rows?: (params: Params) => number;
  /**
   * The operator's own loop rather than a function per row: the engine then calls it once per chunk, and the
   * compiler sees one loop with one body.
   */
  readonly loop: (params: Params) => RowLoop;
}

/**
 * An operator that is a function of its last `rows` input rows and nothing older. It keeps no sums, so there is
 * nothing to drift or to save, at the price of O(rows) per row for those that look at the whole window.
 */
export function windowOperator<Params extends OperatorParams, const In extends string, const Out extends string>(
  operator: WindowOperator<Params, In, Out>,
): OperatorDefinition<Params, In, Out> {
  const { name, version = 1, inputs, outputs, params, rows = () => 1, loop } = operator;
  return {
    name,
    version,
    inputs,
    outputs,
    resolve: (given) => completeParams(name, given, params(given)),
    warmupRows: (resolved) => rows(resolved) - 1,
    lookbackRows: (resolved) => rows(resolved) - 1,
    createKernel: (resolved) => {
      const state = new KernelState();
      const seen = state.counters(1);
      const warmup = rows(resolved) - 1;
      const fill = loop(resolved);
      return state.kernel((columns, results, from, to) => {
        const missing = warmup - seen[0]!;
        const firstFull = missing > 0 ? Math.min(from + missing, to) : from;
        if (missing > 0) {
          for (const result of results) result.fill(Number.NaN, from, firstFull);
          seen[0] = seen[0]! + (firstFull - from); // stops counting at the warm-up: nothing grows for ever
        }
        if (firstFull < to) fill(columns, results, firstFull, to);
      });
    },
  };
}

/** No parameters at all. */
export const noParams = (): Record<never, never> => ({});
