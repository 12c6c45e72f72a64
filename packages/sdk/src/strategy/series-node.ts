import { QmtlError, shown, type IntervalMs, type JsonValue } from "@qmtl/core";
import { captureLocation, type SourceLocation } from "../code-identity/index.ts";
import { fieldRefOf, Node, readInterval, type FieldRef, type NodeOptions, type ScalarInput } from "./node.ts";
import { missingPolicy, refuseUnknownOptions } from "./option-checks.ts";
import { ownParams } from "./own-params.ts";

/** Numbers, one per row, or several such lists by field. */
export type SeriesOutput = ArrayLike<number> | Readonly<Record<string, ArrayLike<number>>>;

type SeriesFields<R> =
  R extends ArrayLike<number>
    ? "value"
    : R extends Readonly<Record<string, ArrayLike<number>>>
      ? keyof R & string
      : string;

export interface SeriesNodeOptions<P extends JsonValue, R extends SeriesOutput> extends NodeOptions {
  /** One series, or several in the order the function takes them. */
  readonly input: ScalarInput | readonly ScalarInput[];
  /**
   * A pure function of whole columns (oldest first, NaN is absent): returns one value per row. Row i may use rows up to i
   * only; `qmtl verify lookahead` proves it.
   */
  readonly compute: (columns: readonly Float64Array[], params: P, time: Float64Array) => R;
  readonly params?: P;
  readonly interval?: string | number;
  readonly onMissing?: "skip" | "hold" | "fail";
  readonly shared?: boolean;
}

/**
 * A node written over whole columns, as one does in a notebook. Fast in a batch; a stream calls the function again for
 * every row with the rows so far, so a long stream should use an operator or a ProcessingNode instead.
 */
export class SeriesNode<P extends JsonValue = JsonValue, R extends SeriesOutput = SeriesOutput> extends Node<
  SeriesFields<R>
> {
  readonly nodeType = "ProcessingNode";
  readonly refs: readonly FieldRef[];
  readonly inputs: readonly Node[];
  readonly fields: readonly SeriesFields<R>[] | undefined = undefined;
  readonly compute: (columns: readonly Float64Array[], params: P, time: Float64Array) => R;
  readonly params: P | undefined;
  readonly onMissing: "skip" | "hold" | "fail";
  readonly shared: boolean;
  readonly location: SourceLocation | undefined;
  readonly #intervalMs: IntervalMs | undefined;

  constructor(options: SeriesNodeOptions<P, R>) {
    super(options);
    refuseUnknownOptions("SeriesNode", options, ["input", "compute", "params", "interval", "onMissing", "shared"]);
    const inputs = Array.isArray(options.input)
      ? (options.input as readonly ScalarInput[])
      : [options.input as ScalarInput];
    this.refs = inputs.map((input, index) => fieldRefOf(input, `input ${index + 1} of a series node`));
    if (this.refs.length === 0)
      throw new QmtlError("NODE_INVALID", "a series node needs at least one input; found none");
    for (const ref of this.refs) ref.node.checkField(ref.field);
    this.inputs = this.refs.map((ref) => ref.node);
    if (typeof options.compute !== "function") {
      throw new QmtlError(
        "NODE_INVALID",
        `compute must be a function of (columns, params, time); found ${shown(options.compute)}`,
      );
    }
    this.compute = options.compute;
    this.params = ownParams(options.params);
    this.onMissing = missingPolicy(options.onMissing);
    this.shared = options.shared ?? true;
    this.location = captureLocation();
    this.#intervalMs = readInterval(options.interval);
  }

  override get declaredIntervalMs(): IntervalMs | undefined {
    return this.#intervalMs;
  }

  defaultName(): string {
    return this.compute.name && this.compute.name !== "compute" ? this.compute.name : "series";
  }
}
