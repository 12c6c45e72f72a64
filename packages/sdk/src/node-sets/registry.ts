import { nearestWord, QmtlError, shown } from "@qmtl/core";
import type { Node } from "../strategy/node.ts";
import { intentFirst } from "./intent-first.ts";
import { NodeSetBuilder, type OrderComponents } from "./node-set-builder.ts";
import { NodeSet } from "./node-set.ts";

// eslint-disable-next-line typescript/no-explicit-any -- a registry holds builders of unrelated options
type NodeSetFactory<Options = any> = (signal: Node, options: Options) => NodeSet;

/** Node sets by name. */
export class NodeSetRegistry {
  readonly #factories = new Map<string, NodeSetFactory>();

  /** @throws QmtlError `NAME_INVALID` for an empty name or one that is taken */
  register<Options>(name: string, factory: NodeSetFactory<Options>): void {
    if (typeof name !== "string" || name.trim() === "") {
      throw new QmtlError("NAME_INVALID", `a node set is registered under a name; found ${shown(name)}`);
    }
    if (typeof factory !== "function") {
      throw new QmtlError(
        "NODE_INVALID",
        `node set "${name}" needs a function of (signal, options); found ${shown(factory)}`,
      );
    }
    if (this.#factories.has(name)) throw new QmtlError("NAME_INVALID", `a node set "${name}" is registered already`);
    this.#factories.set(name, factory);
  }

  /** @throws QmtlError `NAME_INVALID` for a name that is not registered, `NODE_INVALID` when it builds something else */
  make(name: string, signal: Node, options: object = {}): NodeSet {
    const factory = this.#factories.get(name);
    if (factory === undefined) {
      const known = this.listRegistered();
      const guess = nearestWord(String(name), known);
      throw new QmtlError("NAME_INVALID", `there is no node set ${shown(name)}; there are ${known.join(", ")}`, {
        ...(guess !== undefined && { hint: `did you mean "${guess}"?` }),
      });
    }
    const made: unknown = factory(signal, options);
    if (made instanceof NodeSet) return made;
    throw new QmtlError("NODE_INVALID", `node set "${name}" must build a NodeSet; found ${shown(made)}`);
  }

  /** Names, sorted. */
  listRegistered(): readonly string[] {
    return [...this.#factories.keys()].sort();
  }
}

/** The registry of this process, with the sets that come along. */
export const nodeSets = new NodeSetRegistry();
nodeSets.register("order_pipeline", (signal, components: OrderComponents) =>
  new NodeSetBuilder().attach(signal, components),
);
nodeSets.register("intent_first", intentFirst);
