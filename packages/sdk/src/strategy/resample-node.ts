import { parseInterval, QmtlError, type IntervalMs } from "@qmtl/core";
import type { Aggregation } from "@qmtl/engine/plan";
import { Node, type NodeOptions } from "./node.ts";
import { optionalWord, refuseUnknownOptions } from "./option-checks.ts";

export type AggregationRule = Aggregation["how"];

export interface ResampleOptions extends NodeOptions {
  /** Output field → rule over the field of the same name. Bars default to open first, high max, low min, close last, volume sum. */
  readonly how?: Readonly<Record<string, AggregationRule>>;
}

const barRules: Readonly<Record<string, AggregationRule>> = {
  open: "first",
  high: "max",
  low: "min",
  close: "last",
  volume: "sum",
};

const aggregationRules: readonly AggregationRule[] = ["first", "last", "min", "max", "sum", "mean", "count"];

/**
 * Rows of a finer interval gathered into closed buckets of a coarser one. A bucket is put out when it is over,
 * never while it fills, and the last one only when the data reaches its end. Buckets are UTC: a change to or from
 * daylight saving time moves none.
 */
export class ResampleNode<F extends string = string> extends Node<F> {
  readonly nodeType = "ProcessingNode";
  readonly inputs: readonly Node[];
  readonly fields: readonly F[];
  readonly aggregations: readonly Aggregation[];
  readonly #intervalMs: IntervalMs;

  constructor(input: Node<F>, interval: string | number, options: ResampleOptions = {}) {
    super(options);
    refuseUnknownOptions("resample", options, ["how"]);
    this.inputs = [input];
    this.#intervalMs = parseInterval(interval);
    const fields = input.fields ?? ["value"];
    const rules = options.how ?? Object.fromEntries(fields.map((field) => [field, barRules[field] ?? "last"]));
    for (const [field, how] of Object.entries(rules)) optionalWord(`how.${field}`, how, aggregationRules);
    this.aggregations = Object.entries(rules).map(([field, how]) => ({ field, from: field, how }));
    for (const { from } of this.aggregations) input.checkField(from);
    if (this.aggregations.length === 0)
      throw new QmtlError("NODE_INVALID", "resample needs at least one field; found none");
    this.fields = this.aggregations.map((aggregation) => aggregation.field as F);
  }

  override get declaredIntervalMs(): IntervalMs {
    return this.#intervalMs;
  }

  defaultName(): string {
    return `${this.inputs[0]!.name}_resampled`;
  }
}

/** `resample(price, "1h")`: hourly bars of minute bars. */
export function resample<F extends string>(
  input: Node<F>,
  interval: string | number,
  options?: ResampleOptions,
): ResampleNode<F> {
  return new ResampleNode(input, interval, options);
}
