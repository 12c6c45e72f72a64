import { QmtlError } from "@qmtl/core";

/**
 * Every item after the items it reads, in the order the roots were given. Linear in items and edges; the stack is
 * explicit because a chain of 10,000 nodes must not exhaust the call stack.
 *
 * @throws QmtlError `GRAPH_CYCLE`, printing the circle
 */
export function topologicalOrder<T>(
  roots: Iterable<T>,
  inputsOf: (item: T) => readonly T[],
  nameOf: (item: T) => string,
): T[] {
  const order: T[] = [];
  const state = new Map<T, "open" | "done">();
  for (const root of roots) {
    if (state.has(root)) continue;
    state.set(root, "open");
    const path = [{ item: root, inputs: inputsOf(root), next: 0 }];
    while (path.length > 0) {
      const top = path[path.length - 1]!;
      const input = top.inputs[top.next++];
      if (input === undefined) {
        state.set(top.item, "done");
        order.push(top.item);
        path.pop();
      } else if (state.get(input) === "open") {
        throw cycle([...path.map((step) => step.item), input], nameOf);
      } else if (!state.has(input)) {
        state.set(input, "open");
        path.push({ item: input, inputs: inputsOf(input), next: 0 });
      }
    }
  }
  return order;
}

function cycle<T>(path: readonly T[], nameOf: (item: T) => string): QmtlError {
  const names = path.slice(path.indexOf(path[path.length - 1]!)).map(nameOf);
  return new QmtlError("GRAPH_CYCLE", `nodes read each other in a circle: ${names.join(" <- ")}`, {
    details: { cycle: names },
    hint: "break the circle: a node can only read what was known before it",
  });
}
