import type { IntervalMs, JsonValue, NodeId } from "@qmtl/core";
import type { AnyOperator, OperatorParams } from "../operator/index.ts";
import type { ComputeView } from "../view/index.ts";

/** What a node does. Nodes are given to the planner in any order; ids of equal content are equal (one node). */
export type GraphNode = SourceNode | OperatorNode | ComputeNode | SeriesNode | ResampleNode;

interface NodeBase {
  readonly id: NodeId;
  readonly name: string; // for messages; not identity
  readonly intervalMs: IntervalMs;
}

/** Rows from outside. */
export interface SourceNode extends NodeBase {
  readonly kind: "source";
  readonly fields: readonly string[];
}

/** A built-in operator over fields of upstream nodes. */
export interface OperatorNode extends NodeBase {
  readonly kind: "operator";
  readonly definition: AnyOperator;
  readonly params: OperatorParams;
  /** One per input column of the definition; the definition's "time" input is left out here. */
  readonly inputs: readonly FieldInput[];
  readonly onMissing: MissingPolicy;
}

/** An author's function over windows of upstream nodes. */
export interface ComputeNode extends NodeBase {
  readonly kind: "compute";
  readonly compute: ComputeFunction;
  readonly params: JsonValue;
  /** Rows each input must have delivered before the first call, and the longest window the view gives. */
  readonly period: number;
  readonly inputs: readonly KeyedInput[];
  readonly onMissing: MissingPolicy;
}

/**
 * An author's function over whole columns. A batch calls it once; a stream calls it with the rows so far and takes the
 * last value, which is what a batch on those rows would say. Only a causal function gives the same in both.
 */
export interface SeriesNode extends NodeBase {
  readonly kind: "series";
  readonly compute: SeriesFunction;
  readonly params: JsonValue;
  readonly inputs: readonly FieldInput[];
  readonly onMissing: MissingPolicy;
}

/** Columns oldest first, in the order of the inputs, and the bucket starts. Returns one value per row; NaN is absent. */
export type SeriesFunction = (columns: readonly Float64Array[], params: JsonValue, time: Float64Array) => unknown;

/** Rows of a finer interval gathered into closed buckets of a coarser one. */
export interface ResampleNode extends NodeBase {
  readonly kind: "resample";
  readonly input: NodeId;
  readonly aggregations: readonly Aggregation[];
}

export interface Aggregation {
  readonly field: string; // output
  readonly from: string; // field of the input
  readonly how: "first" | "last" | "max" | "min" | "sum" | "mean" | "count";
}

export interface FieldInput {
  readonly from: NodeId;
  readonly field: string;
}

export interface KeyedInput {
  readonly key: string;
  readonly from: NodeId;
}

/**
 * What a fan-in does with a bucket that one input of its own interval did not deliver:
 * "skip" does not fire, "hold" fires with that input's last row, "fail" stops the run.
 */
export type MissingPolicy = "skip" | "hold" | "fail";

export type ComputeFunction = (view: ComputeView, params: JsonValue) => unknown;

/** Ids a node reads, in input order, repeated where it reads a node twice. */
export function inputIdsOf(node: GraphNode): readonly NodeId[] {
  switch (node.kind) {
    case "source":
      return [];
    case "resample":
      return [node.input];
    default:
      return node.inputs.map((input) => input.from);
  }
}
