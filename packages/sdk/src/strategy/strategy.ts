import { nearestWord, parseInterval, parsePeriod, QmtlError, shown, type IntervalMs, type JsonValue } from "@qmtl/core";
import type { Fill, Order } from "@qmtl/engine/broker";
import type { RunResult } from "@qmtl/engine/result";
import { Node } from "./node.ts";

export type StrategyParams = Readonly<Record<string, JsonValue>>;

export interface StrategyOptions<P extends StrategyParams = StrategyParams> {
  /** For nodes that give none and have no input to take it from. */
  readonly defaultInterval?: string | number;
  readonly defaultPeriod?: number;
  /** Overrides of the class's `defaults`: what sweeps and runs pass in. */
  readonly params?: Partial<P>;
}

/** Nodes, lists of nodes, lists of lists: whatever nests. */
export type NodeTree = Node | null | undefined | readonly NodeTree[] | Iterable<Node>;

/**
 * A graph of nodes with a name. Subclass it, wire nodes in `setup()`, register them with `addNodes`. The hooks are
 * called by the Runner; an error in one stops the run (`HOOK_FAILED`).
 */
export abstract class Strategy<P extends StrategyParams = StrategyParams> {
  /** Parameters with their defaults; `params` holds them with overrides applied. */
  static readonly defaults: StrategyParams = {};

  readonly params: Readonly<P>;
  readonly defaultIntervalMs: IntervalMs | undefined;
  readonly defaultPeriod: number | undefined;
  readonly #nodes: Node[] = [];
  readonly #registered = new Set<Node>();
  readonly #names = new Set<string>();
  /** How often a default name was wanted: the number that the next node of that name tries first. */
  readonly #wanted = new Map<string, number>();

  constructor(options: StrategyOptions<P> = {}) {
    this.defaultIntervalMs = options.defaultInterval === undefined ? undefined : parseInterval(options.defaultInterval);
    this.defaultPeriod = options.defaultPeriod === undefined ? undefined : parsePeriod(options.defaultPeriod);
    this.params = withDefaults(new.target.defaults as P, options.params ?? {}, new.target.name);
  }

  /** Builds the graph. Called once per run, before anything else. */
  abstract setup(): void;

  /** Before the first row. */
  onStart(): void | Promise<void> {}
  /** After every fill, in order. */
  onFill(_order: Order, _fill: Fill): void {}
  /** When the run fails after its setup; the error is thrown on afterwards. */
  onError(_error: unknown): void | Promise<void> {}
  /** After the last row: at the end of a run, or when a session is disposed of. */
  onFinish(_result: RunResult): void | Promise<void> {}

  /** Registers nodes, in any nesting. Each is registered once; a second time is no error. */
  addNodes(...nodes: readonly NodeTree[]): void {
    for (const item of nodes) {
      if (item === null || item === undefined) continue;
      if (item instanceof Node) this.#add(item);
      else if (typeof item === "object" && Symbol.iterator in item) this.addNodes(...(item as Iterable<NodeTree>));
      else throw new QmtlError("NODE_INVALID", `addNodes takes nodes and lists of nodes; found ${shown(item)}`);
    }
  }

  /** Registered nodes, in registration order. */
  get nodes(): readonly Node[] {
    return this.#nodes;
  }

  #add(node: Node): void {
    if (this.#registered.has(node)) return;
    if (node.explicitName !== undefined && this.#names.has(node.explicitName)) {
      throw new QmtlError(
        "GRAPH_NAME_TAKEN",
        `two nodes of ${this.constructor.name} are named "${node.explicitName}"`,
        {
          hint: "give one of them another name",
        },
      );
    }
    if (node.explicitName === undefined) {
      const base = node.defaultName();
      let number = (this.#wanted.get(base) ?? 0) + 1;
      let name = number === 1 ? base : `${base}_${number}`;
      while (this.#names.has(name)) name = `${base}_${++number}`;
      this.#wanted.set(base, number);
      node.assignName(name);
    }
    this.#names.add(node.name);
    this.#registered.add(node);
    this.#nodes.push(node);
  }
}

/** What messages call a strategy. */
export function strategyName(strategy: Strategy): string {
  return strategy.constructor.name || "(anonymous)";
}

export type StrategyClass<S extends Strategy = Strategy> = (new (options?: StrategyOptions<never>) => S) & {
  readonly defaults: StrategyParams;
};

function withDefaults<P extends StrategyParams>(defaults: P, overrides: Partial<P>, strategy: string): Readonly<P> {
  const known = Object.keys(defaults);
  for (const [key, value] of Object.entries(overrides)) {
    if (!Object.hasOwn(defaults, key)) {
      const guess = nearestWord(key, known);
      throw new QmtlError(
        "PARAMETER_INVALID",
        `${strategy} has no parameter "${key}"; it has ${known.join(", ") || "none"}`,
        {
          hint: guess === undefined ? "declare it in static defaults" : `did you mean "${guess}"?`,
        },
      );
    }
    const expected = typeof defaults[key];
    if (typeof value !== expected) {
      throw new QmtlError(
        "PARAMETER_INVALID",
        `parameter "${key}" of ${strategy} must be a ${expected}; found ${shown(value)}`,
      );
    }
  }
  return Object.freeze({ ...defaults, ...overrides });
}
