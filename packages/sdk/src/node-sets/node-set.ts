import { QmtlError, shown } from "@qmtl/core";
import { validateName } from "@qmtl/core/tags";
import { Node } from "../strategy/node.ts";

export interface NodeSetOptions {
  readonly name: string;
  readonly version?: string;
  /** What the set can be run as. Default: simulation. */
  readonly modes?: readonly NodeSetMode[];
}

export type NodeSetMode = "simulate" | "paper" | "live";

export interface NodeSetDescription {
  readonly name: string;
  readonly version: string;
  readonly entry: string;
  readonly exit: string;
  readonly nodeCount: number;
  /** Name and type of each node, in order. */
  readonly nodes: readonly { readonly name: string; readonly type: string }[];
  /** Nodes outside the set that it reads, and its last node. */
  readonly ports: { readonly inputs: readonly string[]; readonly outputs: readonly string[] };
}

/** A chain of nodes that belong together, not to be changed: `addNodes` takes it as it is. */
export class NodeSet implements Iterable<Node> {
  readonly name: string;
  readonly version: string;
  readonly nodes: readonly Node[];
  readonly modes: readonly NodeSetMode[];

  /** @param nodes - in the order they run: first to last. @throws QmtlError `NODE_INVALID`, `NAME_INVALID` */
  constructor(nodes: readonly Node[], options: NodeSetOptions) {
    const name = validateName(options.name);
    if (name === null) throw new QmtlError("NAME_INVALID", "a node set needs a name");
    if (nodes.length === 0) throw new QmtlError("NODE_INVALID", `node set "${name}" has no nodes`);
    const odd = nodes.find((node) => !(node instanceof Node));
    if (odd !== undefined) throw new QmtlError("NODE_INVALID", `node set "${name}" holds nodes; found ${shown(odd)}`);
    this.name = name;
    this.version = options.version ?? "1";
    this.nodes = Object.freeze([...new Set(nodes)]);
    this.modes = Object.freeze([...(options.modes ?? (["simulate"] as const))]);
    Object.freeze(this);
  }

  /** The node that reads what is outside. */
  get head(): Node {
    return this.nodes[0]!;
  }

  get tail(): Node {
    return this.nodes.at(-1)!;
  }

  [Symbol.iterator](): Iterator<Node> {
    return this.nodes[Symbol.iterator]();
  }

  /** The first node of a type: `set.node("OrderPublishNode")`. @throws QmtlError `NODE_INVALID` */
  node(type: string): Node {
    const found = this.nodes.find((node) => node.nodeType === type);
    if (found) return found;
    throw new QmtlError("NODE_INVALID", `node set "${this.name}" has no node of type ${shown(type)}`, {
      hint: `its types are ${this.nodes.map((node) => node.nodeType).join(", ")}`,
    });
  }

  describe(): NodeSetDescription {
    const own = new Set(this.nodes);
    const outside = new Set(this.nodes.flatMap((node) => node.inputs.filter((input) => !own.has(input))));
    return {
      name: this.name,
      version: this.version,
      entry: this.head.name,
      exit: this.tail.name,
      nodeCount: this.nodes.length,
      nodes: this.nodes.map((node) => ({ name: node.name, type: node.nodeType })),
      ports: { inputs: [...outside].map((node) => node.name), outputs: [this.tail.name] },
    };
  }

  /** One account per strategy: its portfolio is shared with no other. */
  capabilities(): { readonly modes: readonly NodeSetMode[]; readonly portfolioScope: "strategy" } {
    return { modes: this.modes, portfolioScope: "strategy" };
  }
}
