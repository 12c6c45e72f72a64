/**
 * Nodes in an order in which every one stands after its inputs (Kahn's algorithm; ties keep the document's order). An
 * input outside of the document is no hindrance: it is another submission's node.
 *
 * @returns undefined when nodes depend on each other in a circle
 */
export function topologicalOrder<Node extends { readonly nodeId: string; readonly inputs: readonly string[] }>(
  nodes: readonly Node[],
): readonly Node[] | undefined {
  const indexById = new Map(nodes.map(({ nodeId }, index) => [nodeId, index]));
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
