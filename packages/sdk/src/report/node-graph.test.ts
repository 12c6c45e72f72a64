import { describe, expect, it } from "vitest";
import type { NodeId } from "@qmtl/core";
import type { NodeSummary } from "@qmtl/engine/result";
import { nodeGraph } from "./node-graph.ts";

function node(name: string, inputs: readonly string[] = []): NodeSummary {
  return {
    id: name as NodeId,
    name,
    type: "ProcessingNode",
    operator: null,
    intervalMs: 60_000,
    inputs: inputs as readonly NodeId[],
    params: {},
    codeHash: "",
    rows: 1,
    firstValueMs: 0,
  };
}

/** Top left corner of every box, by the node's name. */
function placesOf(nodes: readonly NodeSummary[]): Map<string, { x: number; y: number }> {
  const pattern = /translate\(([\d.]+) ([\d.]+)\)"\s+aria-label="([^:]+):/g;
  const matches = nodeGraph(nodes)!.markup.matchAll(pattern);
  return new Map(Array.from(matches, ([, x, y, name]) => [name!, { x: Number(x), y: Number(y) }]));
}

describe("node graph", () => {
  it("puts every node to the right of all its inputs, and no two in one place", () => {
    const nodes = [
      node("bars"),
      node("other"),
      node("fast", ["bars"]),
      node("slow", ["bars"]),
      node("cross", ["fast", "slow"]),
      node("out", ["cross", "bars", "other"]),
    ];
    const places = placesOf(nodes);
    expect(places.size).toBe(nodes.length);
    for (const { name, inputs } of nodes) {
      for (const input of inputs) expect(places.get(name)!.x).toBeGreaterThan(places.get(input)!.x);
    }
    const spots = [...places.values()].map(({ x, y }) => `${x},${y}`);
    expect(new Set(spots).size).toBe(nodes.length);
  });

  it("orders a layer so that edges need not cross", () => {
    // Listed crosswise: a feeds the second, b the first.
    const places = placesOf([node("a"), node("b"), node("of b", ["b"]), node("of a", ["a"])]);
    const above = (first: string, second: string) => places.get(first)!.y < places.get(second)!.y;
    expect(above("a", "b")).toBe(above("of a", "of b"));
  });

  it("leaves out what is too much for a picture", () => {
    const chain = Array.from({ length: 200 }, (_, i) => node(`n${i}`, i > 0 ? [`n${i - 1}`] : []));
    expect(nodeGraph(chain)).not.toBeNull();
    const everyToEvery = chain.map(({ name }, i) =>
      node(
        name,
        chain.slice(0, i).map((before) => before.name),
      ),
    );
    expect(nodeGraph(everyToEvery)).toBeNull();
    expect(nodeGraph(Array.from({ length: 251 }, (_, i) => node(`n${i}`)))).toBeNull();
    expect(nodeGraph([])).toBeNull();
  });
});
