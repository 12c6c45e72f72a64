import { readChoice, readPeriod, type GivenParams } from "../kernel-parts/index.ts";

/** Whether squares are divided by `period` (population) or by `period - 1` (sample). */
export type Deviation = "population" | "sample";

// A type, not an interface: parameters must be assignable to a record of JSON values.
export type DeviationParams = { readonly period: number; readonly deviation: Deviation };

/** `period` of at least two rows, and `deviation`, `"sample"` unless told, as the statistics packages have it. */
export function readDeviationParams(params: GivenParams): DeviationParams {
  return {
    period: readPeriod(params, "period", undefined, 2),
    deviation: readChoice(params, "deviation", ["sample", "population"], "sample"),
  };
}

export function divisorOf({ period, deviation }: DeviationParams): number {
  return deviation === "population" ? period : period - 1;
}
