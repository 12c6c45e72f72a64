/**
 * Nodes in an order in which every one stands after its inputs: the order they came in where it is one, else that of Kahn's
 * algorithm. A node that occurs twice is one node; that both are its content, their common hash says. An input outside of
 * the document is no hindrance: it is another submission's node.
 *
 * @returns undefined when nodes depend on each other in a circle
 */
export function topologicalOrder<Node extends { readonly nodeId: string; readonly inputs: readonly string[] }>(
  all: readonly Node[],
): readonly Node[] | undefined {
  const indexById = new Map<string, number>();
  for (const { nodeId } of all) if (!indexById.has(nodeId)) indexById.set(nodeId, indexById.size);
  const nodes = indexById.size === all.length ? all : [...new Map(all.map((node) => [node.nodeId, node])).values()];
  const isAfterInputs = ({ inputs }: Node, index: number): boolean =>
    inputs.every((input) => (indexById.get(input) ?? -1) < index);
  return nodes.every(isAfterInputs) ? nodes : kahnOrder(nodes, indexById);
}

function kahnOrder<Node extends { readonly inputs: readonly string[] }>(
  nodes: readonly Node[],
  indexById: ReadonlyMap<string, number>,
): readonly Node[] | undefined {
  const waitsFor = new Int32Array(nodes.length);
  const readers: number[][] = nodes.map(() => []);
  nodes.forEach(({ inputs }, reader) => {
    for (const input of inputs) {
      const index = indexById.get(input);
      if (index === undefined) continue;
      waitsFor[reader]!++;
      readers[index]!.push(reader);
    }
  });
  const ready = [...nodes.keys()].filter((index) => waitsFor[index] === 0);
  for (let next = 0; next < ready.length; next++) {
    for (const reader of readers[ready[next]!]!) if (--waitsFor[reader]! === 0) ready.push(reader);
  }
  return ready.length === nodes.length ? ready.map((index) => nodes[index]!) : undefined;
}
