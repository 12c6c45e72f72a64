import type { NodeId } from "@qmtl/core";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { Frame } from "../frame/index.ts";
import type { AnyOperator } from "../operator/index.ts";
import { crossover, ema, lag, sma, twap } from "../operators/index.ts";
import { planGraph, type GraphNode } from "../plan/index.ts";
import { BlockExecutor, runBatch } from "./index.ts";

const id = (text: string) => text as NodeId;
const intervalMs = 60_000;

const price: GraphNode = { kind: "source", id: id("price"), name: "price", intervalMs, fields: ["close"] };

function node(name: string, definition: AnyOperator, inputs: readonly string[], params: object = {}): GraphNode {
  return {
    kind: "operator",
    id: id(name),
    name,
    intervalMs,
    definition,
    params: definition.resolve({ ...params }),
    inputs: inputs.map((from) => ({ from: id(from), field: from === "price" ? "close" : "value" })),
    onMissing: "skip",
  };
}

/** Blocks of 2,048 rows after a first one of 64: operators look back over both kinds of seam. */
const graph = (period: number): readonly GraphNode[] => [
  price,
  node("back", lag, ["price"], { period }),
  node("mean", sma, ["back"], { period }),
  node("smooth", ema, ["mean"], { period: 5 }),
  node("cross", crossover, ["smooth", "price"]),
  node("weighted", twap, ["mean"], { period }),
];

it.each([0, 1, 63, 64, 65, 2_112, 2_113, 9_000])(
  "computes what the batch computes, block by block: %i rows",
  (rows) => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 3, max: 40 }), (period, hole) => {
        const frame: Frame = {
          intervalMs,
          length: rows,
          time: Float64Array.from({ length: rows }, (_, row) => row * intervalMs),
          columns: {
            close: Float64Array.from({ length: rows }, (_, row) =>
              row % 997 === hole ? Number.NaN : 100 + Math.sin(row / hole) * 9 + (row % 7),
            ),
          },
        };
        const frames = new Map([[price.id, frame]]);
        const plan = planGraph(graph(period));
        const batch = runBatch(plan, frames);
        const blocks = new BlockExecutor(plan, frames);
        const names = graph(period).slice(1);
        const gathered = names.map(() => [] as number[]);
        const columns = names.map((each) => blocks.columnOf(each.id, "value"));
        while (blocks.advance()) {
          const end = blocks.offset + blocks.to - blocks.from;
          columns.forEach((column, index) => gathered[index]!.push(...column.subarray(blocks.offset, end)));
        }
        names.forEach((each, index) => {
          expect(Float64Array.from(gathered[index]!)).toEqual(batch.columnsOf(each.id).numeric.get("value"));
        });
      }),
      { numRuns: rows > 1_000 ? 4 : 12 },
    );
  },
);

it("takes operators over one source and nothing else", () => {
  const other: GraphNode = { kind: "source", id: id("other"), name: "other", intervalMs, fields: ["close"] };
  expect(BlockExecutor.takes(planGraph(graph(3)))).toBe(true);
  expect(BlockExecutor.takes(planGraph([...graph(3), other]))).toBe(false);
});
