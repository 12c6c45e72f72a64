import { nearestWord, QmtlError, shown } from "@qmtl/core";
import type { Node, NodeOptions } from "../strategy/node.ts";
import type {
  ExecutionOptions,
  MicroBatchOptions,
  PreTradeGateOptions,
  RiskControlOptions,
  SizingOptions,
  TimingGateOptions,
} from "../orders/index.ts";
import type { NodeSet, NodeSetOptions } from "./node-set.ts";
import {
  compose,
  execution,
  fills,
  microBatch,
  orderPublish,
  portfolio,
  pretrade,
  risk,
  sizing,
  timing,
  type Step,
} from "./steps.ts";

/** A part of the chain: left out, its options, or a step of one's own. */
type Component<Options> = false | Options | Step;

/** What the builder puts together. Parts that are not named here stand as in `NodeSetBuilder`. */
export interface OrderComponents {
  readonly pretrade?: Component<PreTradeGateOptions>;
  readonly timing?: Component<TimingGateOptions>;
  readonly microBatch?: Component<MicroBatchOptions>;
  readonly sizing?: Component<SizingOptions>;
  readonly risk?: Component<RiskControlOptions>;
  readonly execution?: Component<ExecutionOptions>;
  readonly orderPublish?: Component<NodeOptions>;
  readonly fills?: Component<NodeOptions>;
  readonly portfolio?: Component<NodeOptions>;
}

type Role = keyof OrderComponents;

const factories: Readonly<Record<Role, (options?: never) => Step>> = {
  pretrade,
  timing,
  microBatch,
  sizing,
  risk,
  execution,
  orderPublish,
  fills,
  portfolio,
};
/** The order they run in: whether, when, how much, within which limits, how; then sent, filled, recorded. */
const canonical = Object.keys(factories) as readonly Role[];
const optional: ReadonlySet<Role> = new Set(["timing", "microBatch"]);

/**
 * Attaches the order chain to a signal: gate, sizing, risk, execution, publish, fills and portfolio, with their
 * defaults; timing and micro-batch when asked for. What is set to false is left out, not replaced by a stub.
 */
export class NodeSetBuilder {
  readonly #options: NodeSetOptions;

  constructor(options: NodeSetOptions = { name: "order_pipeline" }) {
    this.#options = options;
  }

  /** @throws QmtlError `PARAMETER_INVALID`, `NODE_INVALID` */
  attach(signal: Node, components: OrderComponents = {}): NodeSet {
    for (const role of Object.keys(components)) {
      if (canonical.includes(role as Role)) continue;
      const guess = nearestWord(role, canonical);
      throw new QmtlError("PARAMETER_INVALID", `there is no component "${role}"; there are ${canonical.join(", ")}`, {
        ...(guess !== undefined && { hint: `did you mean "${guess}"?` }),
      });
    }
    const steps = canonical.flatMap((role) => stepOf(role, components[role]) ?? []);
    return compose(signal, steps, this.#options);
  }
}

function stepOf(role: Role, component: Component<object> | undefined): Step | undefined {
  if (component === false || (component === undefined && optional.has(role))) return undefined;
  if (typeof component === "function") return component as Step;
  if (component === undefined) return factories[role]();
  if (typeof component === "object" && component !== null) return factories[role](component as never);
  throw new QmtlError(
    "PARAMETER_INVALID",
    `component ${role} must be false, its options or a step; found ${shown(component)}`,
  );
}
