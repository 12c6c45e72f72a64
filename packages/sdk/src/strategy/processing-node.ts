import { QmtlError, shown, type IntervalMs, type JsonValue } from "@qmtl/core";
import type { ComputeView } from "@qmtl/engine/view";
import { captureLocation, type SourceLocation } from "../code-identity/index.ts";
import { Node, readInterval, readPeriod, type NodeOptions } from "./node.ts";
import { missingPolicy, refuseUnknownOptions } from "./option-checks.ts";
import { ownParams } from "./own-params.ts";

/** A node, several, or several by name; names become the keys of the view. */
export type NodeInputs = Node | readonly Node[] | Readonly<Record<string, Node>>;

type FieldsOf<N> = N extends Node<infer F> ? F : string;

/** Input key → field names, as the view sees them. */
export type InputFields<I extends NodeInputs> = I extends Node
  ? { readonly input: FieldsOf<I> }
  : I extends readonly Node[]
    ? Readonly<Record<string, string>>
    : { readonly [K in keyof I & string]: FieldsOf<I[K]> };

type Output<R> = Exclude<R, undefined | null | void>;

/** Keeps `async` functions out: an output must be there when the function returns. */
export type NotAPromise<R> = R extends PromiseLike<unknown> ? never : unknown;

/** Fields a compute function puts out: "value" for a number, the keys for a record of numbers. */
export type OutputFields<R> = [Output<R>] extends [number]
  ? "value"
  : [Output<R>] extends [Readonly<Record<string, number>>]
    ? keyof Output<R> & string
    : string;

export interface ProcessingNodeOptions<I extends NodeInputs, P extends JsonValue, R> extends NodeOptions {
  readonly input: I;
  /**
   * A pure function of the windows and the parameters. Returns a number, a record of numbers, a JSON value, or
   * undefined (or null) for "no output". Everything it depends on besides must come in through `params`.
   */
  readonly compute: (view: ComputeView<InputFields<I>>, params: P) => R & NotAPromise<R>;
  /** Typed, hashed into the node's identity. */
  readonly params?: P;
  /**
   * Rows each input must have delivered before the first call; the longest window the view gives. Default: the largest
   * period of the streams it reads, else the strategy's default, else 1.
   */
  readonly period?: number;
  readonly interval?: string | number;
  /** What happens in a bucket that one input of the same interval did not deliver. Default "skip". */
  readonly onMissing?: "skip" | "hold" | "fail";
  /** false: never shared with other strategies, and the function may capture what it likes. */
  readonly shared?: boolean;
}

/** A node whose output an author's function computes, once per bucket, when every input has delivered it. */
export class ProcessingNode<
  I extends NodeInputs = NodeInputs,
  P extends JsonValue = JsonValue,
  R = unknown,
> extends Node<OutputFields<R>> {
  readonly nodeType = "ProcessingNode";
  readonly inputs: readonly Node[];
  readonly inputKeys: readonly string[];
  readonly fields: readonly OutputFields<R>[] | undefined = undefined;
  readonly compute: (view: ComputeView<InputFields<I>>, params: P) => R;
  readonly params: P | undefined;
  readonly onMissing: "skip" | "hold" | "fail";
  readonly shared: boolean;
  readonly location: SourceLocation | undefined;
  readonly #intervalMs: IntervalMs | undefined;
  readonly #period: number | undefined;

  constructor(options: ProcessingNodeOptions<I, P, R>) {
    super(options);
    refuseUnknownOptions("ProcessingNode", options, computeOptions);
    const keyed = keyedInputs(options.input);
    this.inputKeys = keyed.map(([key]) => key);
    this.inputs = keyed.map(([, node]) => node);
    if (typeof options.compute !== "function") {
      throw new QmtlError(
        "NODE_INVALID",
        `compute must be a function of (view, params); found ${shown(options.compute)}`,
      );
    }
    if (options.compute.length > 2) {
      throw new QmtlError(
        "NODE_INVALID",
        `compute takes (view, params); found a function of ${options.compute.length} arguments`,
        {
          hint: "read several inputs through the view: view.of(0), view.of(1)",
        },
      );
    }
    this.compute = options.compute;
    this.params = ownParams(options.params);
    this.onMissing = missingPolicy(options.onMissing);
    this.shared = options.shared ?? true;
    this.location = captureLocation();
    this.#intervalMs = readInterval(options.interval);
    this.#period = readPeriod(options.period);
  }

  override get declaredIntervalMs(): IntervalMs | undefined {
    return this.#intervalMs;
  }

  override get declaredPeriod(): number | undefined {
    return this.#period;
  }

  defaultName(): string {
    return this.compute.name && this.compute.name !== "compute" ? this.compute.name : "node";
  }
}

const computeOptions = ["input", "compute", "params", "period", "interval", "onMissing", "shared"];

function keyedInputs(input: NodeInputs): readonly (readonly [string, Node])[] {
  const entries =
    input instanceof Node
      ? [["input", input] as const]
      : Array.isArray(input)
        ? (input as readonly Node[]).map((node, index) => [String(index), node] as const)
        : Object.entries((input ?? {}) as Readonly<Record<string, Node>>);
  if (entries.length === 0) {
    throw new QmtlError("NODE_INVALID", "a processing node needs at least one input; found none", {
      hint: "pass input: price, input: [a, b] or input: { fast, slow }",
    });
  }
  for (const [key, node] of entries) {
    if (!(node instanceof Node))
      throw new QmtlError("NODE_INVALID", `input "${key}" must be a node; found ${shown(node)}`);
  }
  return entries;
}
