import { ema, rollingCorrelation, Strategy, StreamInput, type Node } from "@qmtl/sdk";
import { prepareRun } from "@qmtl/sdk/runner";
import { requireSame } from "../harness/equality.ts";
import type { Bench, Row } from "../harness/row.ts";
import { inProcess, inTurns, sampleOf } from "../harness/timing.ts";

const slopeMost = 1.5;

/** A chain: every node reads the one before. */
class Chain extends Strategy {
  readonly size: number;

  constructor(size: number) {
    super();
    this.size = size;
  }

  setup(): void {
    let last: Node = new StreamInput({ interval: "1m" });
    this.addNodes(last);
    for (let node = 1; node < this.size; node++) this.addNodes((last = ema(last, 5)));
  }
}

/** A ladder of diamonds, four edges a rung: paths double with every rung, so whoever walks paths never ends. */
class Ladder extends Strategy {
  readonly edges: number;

  constructor(edges: number) {
    super();
    this.edges = edges;
  }

  setup(): void {
    const price = new StreamInput({ interval: "1m" });
    let [left, right]: [Node, Node] = [ema(price, 5), ema(price, 6)];
    this.addNodes(price, left, right);
    for (let edge = 0; edge < this.edges; edge += 4) {
      [left, right] = [rollingCorrelation(left, right, 5), rollingCorrelation(right, left, 6)];
      this.addNodes(left, right);
    }
  }
}

/** From an empty strategy to a plan with ids: must grow with the nodes, not faster. */
export const graph: Bench = {
  name: "graph",
  summary: "graph build and node ids: 1,000 nodes, 10,000 edges of diamonds, and the slope",
  async run({ rounds }) {
    const shapes = [
      { what: "graph of nodes", count: 1_000, make: (count: number) => new Chain(count) },
      { what: "ladder of edges", count: 10_000, make: (count: number) => new Ladder(count) },
    ];
    const rows: Row[] = [];
    for (const { what, count, make } of shapes) {
      const ids = () => prepareRun([make(count)]).graphs[0]!.nodes.map(({ id }) => id);
      const [first, second] = [ids(), ids()];
      requireSame(`${what}, ids of two builds`, first.join(), second.join());
      requireSame(`${what}, distinct ids`, new Set(first).size, first.length);
      const times = await inTurns(
        inProcess(() => prepareRun([make(count)])),
        inProcess(() => prepareRun([make(count / 10)])),
        rounds,
      );
      const [whole, tenth] = [sampleOf(times.ours, "ms"), sampleOf(times.peer, "ms")];
      const label = `${what.replace("of ", `of ${count.toLocaleString("en")} `)}, ids and plan`;
      rows.push({ workload: label, ours: whole });
      rows.push({
        workload: `${label}: cost of one, against a tenth the size`,
        ours: sampleOf([whole.median / tenth.median / 10], "×"),
        must: { atMost: slopeMost },
      });
    }
    return rows;
  },
};
