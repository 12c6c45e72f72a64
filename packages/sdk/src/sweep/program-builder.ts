import { operatorRegistry } from "@qmtl/engine/operators";
import type { AnyOperator, OperatorParams } from "@qmtl/engine/operator";
import type { Instrument } from "@qmtl/engine/instrument";
import type { OrderTargetParams } from "@qmtl/engine/simulate";
import { PositionTargetNode } from "../orders/position-target-node.ts";
import type { FieldRef, Node } from "../strategy/node.ts";
import { OperatorNode } from "../strategy/operator-node.ts";
import { Strategy } from "../strategy/strategy.ts";
import { StreamInput } from "../strategy/stream-input.ts";
import { SharedInts, type SweepProgram, type SweepTarget } from "./program.ts";

/** A stream some combination reads, as the first strategy that has it declares it. */
export interface SweptStream {
  readonly node: StreamInput<string>;
  readonly strategy: Strategy;
}

/**
 * Collects the graphs of set-up strategies into one program. Nodes are equal when definition, resolved parameters and
 * inputs are: no hash, no id, a few table look-ups a node.
 */
export class ProgramBuilder {
  readonly streams: SweptStream[] = [];
  /** Why combinations went to the broker, each reason once. */
  readonly reasons = new Set<string>();
  readonly #streamNodes: number[] = [];
  readonly #nodes = new Map<string, number>();
  readonly #definitions = new Map<AnyOperator, number>();
  readonly #operations: { operator: string; params: OperatorParams }[] = [];
  readonly #operationKeys = new Map<string, number>();
  readonly #operationOf = new SharedInts();
  readonly #firstColumn = new SharedInts();
  readonly #nodeOf = new SharedInts();
  readonly #firstInput = new SharedInts();
  readonly #inputs = new SharedInts();
  readonly #streamOf = new SharedInts();
  readonly #uses: number[] = [];
  readonly #lastUse: number[] = [];
  readonly #signals = new SharedInts();
  readonly #targetOf = new SharedInts();
  readonly #targets: SweepTarget[] = [];
  readonly #targetKeys = new Map<string, number>();

  /** Adds the next combination. */
  add(strategy: Strategy): void {
    const combination = this.#signals.length;
    const signal = this.#signalOf(strategy, combination);
    if (typeof signal === "number") {
      this.#signals.push(signal);
      return;
    }
    this.reasons.add(signal);
    this.#signals.push(-1);
    this.#targetOf.push(-1);
    // The data of its streams is needed all the same.
    for (const node of strategy.nodes) if (node instanceof StreamInput) this.#stream(node, strategy);
  }

  /** @param sharedMax - how many columns may be kept for all combinations */
  build(sharedMax: number): SweepProgram {
    this.#firstColumn.push(this.#nodeOf.length);
    const sharedPlace = new SharedInts();
    let sharedCount = 0;
    for (let node = 0; node < this.#operationOf.length; node++) {
      const outputs = this.#firstColumn.at(node + 1) - this.#firstColumn.at(node);
      const isShared = this.#operationOf.at(node) >= 0 && this.#uses[node]! > 1 && sharedCount + outputs <= sharedMax;
      for (let output = 0; output < outputs; output++) sharedPlace.push(isShared ? sharedCount++ : -1);
    }
    this.#firstInput.push(this.#inputs.length);
    return {
      operations: this.#operations,
      operationOf: this.#operationOf.toShared(),
      firstColumn: this.#firstColumn.toShared(),
      nodeOf: this.#nodeOf.toShared(),
      firstInput: this.#firstInput.toShared(),
      inputs: this.#inputs.toShared(),
      streamOf: this.#streamOf.toShared(),
      sharedPlace: sharedPlace.toShared(),
      sharedCount,
      signals: this.#signals.toShared(),
      targetOf: this.#targetOf.toShared(),
      targets: this.#targets,
    };
  }

  // The signal column of a strategy, or why it is not for the event path.
  #signalOf(strategy: Strategy, combination: number): number | string {
    let target: PositionTargetNode | undefined;
    let streams = 0;
    for (const node of strategy.nodes) {
      if (node instanceof StreamInput) streams++;
      else if (!(node instanceof OperatorNode)) return `nodes of class ${node.constructor.name}`;
      else if (node instanceof PositionTargetNode) {
        if (target !== undefined) return "several position targets";
        target = node;
      } else if (operatorRegistry.get(node.definition.name) !== node.definition) {
        return `operator ${node.definition.name}, which is not built in`;
      }
    }
    if (target === undefined) return "no position target";
    if (streams !== 1) return "several streams";
    if (!strategy.nodes.includes(target.instrument)) return "a target on a stream that was not added";
    if (wantsHooks(strategy)) return "hooks (onStart, onFill, onFinish)";
    const ref = target.refs[0]!;
    const places = new Map<Node, number>();
    const signal = this.#columnOf(ref, strategy, places, combination);
    if (signal === undefined) return "an input that was not added";
    const { long, short, flat } = target.params as OrderTargetParams;
    const key = `${long}|${short}|${flat}|${target.unit}`;
    let index = this.#targetKeys.get(key);
    if (index === undefined) {
      this.#targetKeys.set(key, (index = this.#targets.length));
      this.#targets.push({ long, short, flat, isPercent: target.unit === "percent" });
    }
    this.#targetOf.push(index);
    return signal;
  }

  #columnOf(
    { node, field }: FieldRef,
    strategy: Strategy,
    places: Map<Node, number>,
    combination: number,
  ): number | undefined {
    let index = places.get(node);
    if (index === undefined) {
      if (!strategy.nodes.includes(node)) return undefined;
      index =
        node instanceof StreamInput
          ? this.#stream(node, strategy)
          : this.#operator(node as OperatorNode, strategy, places, combination);
      if (index === undefined) return undefined;
      places.set(node, index);
    }
    return this.#firstColumn.at(index) + node.fields!.indexOf(field as never);
  }

  #stream(node: StreamInput<string>, strategy: Strategy): number {
    for (const [stream, known] of this.streams.entries()) {
      if (sameStream(known, { node, strategy })) return this.#streamNodes[stream]!;
    }
    const stream = this.streams.push({ node, strategy }) - 1;
    return (this.#streamNodes[stream] = this.#add(`stream ${stream}`, -1, [], stream, node.fields.length));
  }

  #operator(
    node: OperatorNode,
    strategy: Strategy,
    places: Map<Node, number>,
    combination: number,
  ): number | undefined {
    const { definition, params } = node;
    const columns: number[] = [];
    let next = 0;
    for (const name of definition.inputs) {
      const column = name === "time" ? -1 : this.#columnOf(node.refs[next++]!, strategy, places, combination);
      if (column === undefined) return undefined;
      columns.push(column);
    }
    const operation = this.#operation(definition, params);
    const key = `${operation} ${columns.join(" ")}`;
    const known = this.#nodes.get(key);
    const first = columns.find((column) => column >= 0)!;
    const index =
      known ?? this.#add(key, operation, columns, this.#streamOf.at(this.#nodeOf.at(first)), definition.outputs.length);
    if (this.#lastUse[index] !== combination) {
      this.#lastUse[index] = combination;
      this.#uses[index]!++;
    }
    return index;
  }

  #operation(definition: AnyOperator, params: OperatorParams): number {
    let number = this.#definitions.get(definition);
    if (number === undefined) this.#definitions.set(definition, (number = this.#definitions.size));
    let key = `${number}`;
    for (const name in params) {
      const value = params[name];
      key += ` ${typeof value === "number" ? value : JSON.stringify(value)}`;
    }
    let operation = this.#operationKeys.get(key);
    if (operation === undefined) {
      this.#operationKeys.set(key, (operation = this.#operations.length));
      this.#operations.push({ operator: definition.name, params });
    }
    return operation;
  }

  #add(key: string, operation: number, columns: readonly number[], stream: number, outputs: number): number {
    const index = this.#operationOf.push(operation);
    this.#nodes.set(key, index);
    this.#firstColumn.push(this.#nodeOf.length);
    for (let output = 0; output < outputs; output++) this.#nodeOf.push(index);
    this.#firstInput.push(this.#inputs.length);
    for (const column of columns) this.#inputs.push(column);
    this.#streamOf.push(stream);
    this.#uses.push(0);
    this.#lastUse.push(-1);
    return index;
  }
}

function wantsHooks(strategy: Strategy): boolean {
  return (["onStart", "onFill", "onFinish"] as const).some((hook) => strategy[hook] !== Strategy.prototype[hook]);
}

function sameStream(a: SweptStream, b: SweptStream): boolean {
  const [one, other] = [a.node, b.node];
  return (
    one.name === other.name &&
    (one.declaredIntervalMs ?? a.strategy.defaultIntervalMs) ===
      (other.declaredIntervalMs ?? b.strategy.defaultIntervalMs) &&
    sameWords(one.tags, other.tags) &&
    sameWords(one.fields, other.fields) &&
    sameInstrument(one.instrument, other.instrument)
  );
}

function sameWords(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((word, index) => word === b[index]);
}

function sameInstrument(a: Instrument | undefined, b: Instrument | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  const keys = Object.keys(a) as (keyof Instrument)[];
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
