import type { Thresholds } from "@qmtl/engine/operators/alpha";
import { PositionIntentNode, type PositionIntentOptions } from "../orders/index.ts";
import type { Node } from "../strategy/node.ts";
import type { OrderComponents } from "./node-set-builder.ts";
import { NodeSetBuilder } from "./node-set-builder.ts";
import { NodeSet } from "./node-set.ts";

export interface IntentFirstOptions extends OrderComponents {
  readonly thresholds: Thresholds;
  readonly symbol?: string;
  /** Share of equity to hold in each state. Default 1, -1, 0. */
  readonly long?: number;
  readonly short?: number;
  readonly flat?: number;
}

/** From a scalar signal to a position: thresholds with hysteresis, targets as shares of equity, then the order chain. */
export function intentFirst(signal: Node, options: IntentFirstOptions): NodeSet {
  const { thresholds, symbol, long, short, flat, ...components } = options;
  const given = Object.entries({ symbol, long, short, flat }).filter(([, value]) => value !== undefined);
  const intent = new PositionIntentNode(signal, {
    thresholds,
    ...(Object.fromEntries(given) as Partial<PositionIntentOptions>),
  });
  const chain = new NodeSetBuilder({ name: "intent_first" }).attach(intent, components);
  return new NodeSet([intent, ...chain], { name: chain.name, version: chain.version, modes: chain.modes });
}
