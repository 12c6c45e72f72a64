import { QmtlError, shown } from "@qmtl/core";
import type { OperatorDefinition, OperatorParams } from "@qmtl/engine/operator";
import { missingPolicy } from "./option-checks.ts";
import { fieldRefOf, Node, type FieldRef, type NodeOptions, type ScalarInput } from "./node.ts";

export interface OperatorNodeOptions extends NodeOptions {
  readonly onMissing?: "skip" | "hold" | "fail";
}

/** A built-in operator in a graph. Made by the factories (`sma`, `atr`, …), never by hand. */
export class OperatorNode<Out extends string = string> extends Node<Out> {
  readonly nodeType = "ProcessingNode";
  readonly definition: OperatorDefinition<OperatorParams, string, Out>;
  readonly params: OperatorParams;
  readonly refs: readonly FieldRef[];
  readonly inputs: readonly Node[];
  readonly fields: readonly Out[];
  readonly onMissing: "skip" | "hold" | "fail";

  constructor(
    definition: OperatorDefinition<OperatorParams, string, Out>,
    refs: readonly FieldRef[],
    params: Readonly<Record<string, unknown>>,
    options: OperatorNodeOptions,
  ) {
    super(options);
    this.definition = definition;
    this.params = definition.resolve(params);
    this.refs = refs;
    for (const ref of refs) ref.node.checkField(ref.field);
    this.inputs = refs.map((ref) => ref.node);
    this.fields = definition.outputs;
    this.onMissing = missingPolicy(options.onMissing);
  }

  defaultName(): string {
    const period = this.params["period"];
    return typeof period === "number" ? `${this.definition.name}_${period}` : this.definition.name;
  }
}

type ParamsArgument<P> = Partial<{ -readonly [K in keyof P]: P[K] }> & OperatorNodeOptions;

/**
 * Factory of an operator over one scalar series: `sma(price, 20)`, `sma(price.field("high"), { period: 20 })`.
 * A lone number is the period.
 */
export function scalarOperator<P extends OperatorParams, Out extends string>(
  definition: OperatorDefinition<P, string, Out>,
) {
  return (source: ScalarInput, params?: number | ParamsArgument<P>): OperatorNode<Out> => {
    const { options, rest } = splitOptions(params);
    return new OperatorNode(
      definition as never,
      [fieldRefOf(source, `the input of ${definition.name}`)],
      rest,
      options,
    );
  };
}

/**
 * Factory of an operator over several columns by name: `atr(bars, 14)` takes the fields from one node;
 * `correlation({ a: btc, b: eth }, 20)` takes each column from where it is said.
 */
export function columnsOperator<P extends OperatorParams, In extends string, Out extends string>(
  definition: OperatorDefinition<P, In, Out>,
) {
  const columns = definition.inputs.filter((name): name is Exclude<In, "time"> => name !== "time");
  return (
    source: Node | Readonly<Record<Exclude<In, "time">, ScalarInput>>,
    params?: number | ParamsArgument<P>,
  ): OperatorNode<Out> => {
    const { options, rest } = splitOptions(params);
    const refs = columns.map((name) => {
      if (source instanceof Node) return { node: source, field: fieldOf(source, name) };
      const input = (source as Readonly<Record<string, ScalarInput>>)[name];
      if (input === undefined) {
        throw new QmtlError(
          "NODE_INVALID",
          `${definition.name} needs inputs ${columns.join(", ")}; "${name}" is missing`,
        );
      }
      return fieldRefOf(input, `input "${name}" of ${definition.name}`);
    });
    return new OperatorNode(definition as never, refs, rest, options);
  };
}

/** Factory of an operator over two scalar series by position: `crossover(fast, slow)`, `correlation(btc, eth, 20)`. */
export function pairOperator<P extends OperatorParams, Out extends string>(
  definition: OperatorDefinition<P, string, Out>,
) {
  return (a: ScalarInput, b: ScalarInput, params?: number | ParamsArgument<P>): OperatorNode<Out> => {
    const { options, rest } = splitOptions(params);
    const refs = [a, b].map((input, index) => fieldRefOf(input, `input ${index + 1} of ${definition.name}`));
    return new OperatorNode(definition as never, refs, rest, options);
  };
}

// "price" and "value" mean the primary field of a node that has no field so called: the close of bars.
function fieldOf(source: Node, name: string): string {
  const isPrimary = name === "price" || name === "value";
  return isPrimary && !source.fields?.includes(name) ? source.primaryField() : name;
}

function splitOptions(params: number | Readonly<Record<string, unknown>> | undefined): {
  options: OperatorNodeOptions;
  rest: Readonly<Record<string, unknown>>;
} {
  if (params === undefined) return { options: {}, rest: {} };
  if (typeof params === "number") return { options: {}, rest: { period: params } };
  if (typeof params !== "object" || params === null) {
    throw new QmtlError("PARAMETER_INVALID", `parameters must be a period or a record; found ${shown(params)}`);
  }
  const { name, tags, onMissing, ...rest } = params as Record<string, unknown>;
  const options: Record<string, unknown> = {};
  if (name !== undefined) options["name"] = name;
  if (tags !== undefined) options["tags"] = tags;
  if (onMissing !== undefined) options["onMissing"] = onMissing;
  return { options, rest };
}
