import type { NodeId } from "@qmtl/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Frame } from "../frame/index.ts";
import { ema, sma } from "../operators/index.ts";
import { planGraph, type GraphNode } from "../plan/index.ts";
import { RevisingStream, runBatch, type LatenessPolicy, type Revision, type RevisingHooks } from "./index.ts";

const minute = 60_000;
const id = (text: string) => text as NodeId;
const source = (name: string): GraphNode => ({
  kind: "source",
  id: id(name),
  name,
  intervalMs: minute,
  fields: ["close"],
});
const mean: GraphNode = {
  kind: "operator",
  id: id("mean"),
  name: "mean",
  intervalMs: minute,
  definition: sma,
  params: { period: 2 },
  inputs: [{ from: id("a"), field: "close" }],
  onMissing: "skip",
};
const smooth: GraphNode = {
  ...mean,
  id: id("smooth"),
  name: "smooth",
  definition: ema,
  params: ema.resolve({ period: 3 }),
};
const both: GraphNode = {
  kind: "compute",
  id: id("both"),
  name: "both",
  intervalMs: minute,
  compute: (view) => view.of("a").value + 10 * view.of("b").value,
  params: null,
  period: 1,
  inputs: [
    { key: "a", from: id("a") },
    { key: "b", from: id("b") },
  ],
  onMissing: "skip",
};

const policy = (minutes: number, onLate: LatenessPolicy["onLate"] = "ignore"): LatenessPolicy => ({
  allowedLatenessMs: minutes * minute,
  onLate,
});

function open(nodes: readonly GraphNode[], late: LatenessPolicy, hooks: RevisingHooks = {}) {
  const plan = planGraph(nodes);
  const sources = nodes.filter((node) => node.kind === "source");
  const stream = new RevisingStream(plan, new Map(sources.map((node) => [node.id, late])), hooks);
  return {
    plan,
    stream,
    push: (name: string, bucket: number, value: number) => stream.push(id(name), bucket * minute, [value]),
  };
}

describe("RevisingStream", () => {
  it("computes a late row into its place and reports what it changed", () => {
    const revisions: Revision[] = [];
    const { push, stream } = open([source("a"), mean], policy(5), {
      onRevision: (revision) => revisions.push(revision),
    });
    expect([push("a", 0, 1), push("a", 2, 3), push("a", 3, 5)]).toEqual(["accepted", "accepted", "accepted"]);
    const seen = () =>
      stream.executor.columnsOf(id("mean")).numeric.get("value")![stream.executor.gridOf(id("mean")).position];
    expect(seen()).toBe(4);
    expect(push("a", 1, 9)).toBe("revised"); // means were 2, 4; they become 5, 6, 4
    expect(seen()).toBe(4);
    expect(
      revisions
        .filter(({ nodeId }) => nodeId === "mean")
        .map(({ bucketMs, revision }) => [bucketMs / minute, revision]),
    ).toEqual([
      [1, 1],
      [2, 1],
    ]);
    expect(push("a", 1, 11)).toBe("revised");
    expect(revisions.at(-1)).toEqual({ nodeId: "mean", bucketMs: 2 * minute, revision: 2 });
  });

  it("counts a row that comes twice once", () => {
    const { push, stream } = open([source("a"), mean], policy(5));
    push("a", 0, 1);
    expect(push("a", 0, 1)).toBe("duplicate");
    expect(stream.counts).toMatchObject({ accepted: 1, duplicate: 1 });
  });

  it("ignores, keeps aside or refuses a row beyond the allowed lateness", () => {
    const late = (onLate: LatenessPolicy["onLate"]) => {
      const { push, stream } = open([source("a"), mean], policy(1, onLate));
      for (const bucket of [0, 5, 9]) push("a", bucket, bucket);
      return { outcome: () => push("a", 2, 2), stream };
    };
    expect(late("ignore").outcome()).toBe("ignored");
    const aside = late("side_output");
    expect(aside.outcome()).toBe("side_output");
    expect(aside.stream.late).toMatchObject([{ bucketMs: 2 * minute }]);
    expect(late("fail").outcome).toThrow(/came when everything up to 1970-01-01T00:10:00.000Z was computed/);
  });

  it("fires a fan-in once, when both inputs are there or the watermark has passed", () => {
    const closes: number[] = [];
    const { push, stream } = open([source("a"), source("b"), both], policy(2), {
      afterClose: (closeMs) => closes.push(closeMs / minute),
    });
    push("a", 0, 1);
    push("a", 1, 2);
    expect(closes).toEqual([]); // b has said nothing yet
    push("b", 0, 1);
    expect(closes).toEqual([1]);
    push("a", 4, 5); // newest close 5, less 2 minutes: closes up to 2 are passed
    expect(closes).toEqual([1, 2]);
    stream.advanceTo(10 * minute);
    expect(closes).toEqual([1, 2, 5]);
    expect(stream.executor.gridOf(id("both")).rows).toBe(1);
  });

  it("ends with the outputs of a batch over the corrected rows, whatever came late", () => {
    const rows = fc.uniqueArray(fc.nat(60), { minLength: 3, maxLength: 60 });
    const values = fc.array(fc.double({ min: -50, max: 50, noNaN: true }), { minLength: 61, maxLength: 61 });
    fc.assert(
      fc.property(
        rows,
        rows,
        values,
        fc.array(fc.nat(4), { minLength: 200, maxLength: 200 }),
        (inA, inB, value, delays) => {
          const nodes = [source("a"), source("b"), mean, smooth, both];
          const { plan, stream, push } = open(nodes, policy(200));
          let arrival = 0;
          const events = [
            ...inA.map((bucket) => ["a", bucket] as const),
            ...inB.map((bucket) => ["b", bucket] as const),
          ]
            .map(([name, bucket]) => ({ name, bucket, at: bucket + delays[arrival++ % delays.length]! * 3 }))
            .sort((x, y) => x.at - y.at);
          const found = new Map<string, Map<number, number>>();
          for (const node of ["mean", "smooth", "both"]) {
            const buckets = new Map<number, number>();
            found.set(node, buckets);
            const { executor } = stream;
            executor.gridOf(id(node)).listen((position, bucketMs) => {
              buckets.set(bucketMs, executor.columnsOf(id(node)).numeric.get("value")?.[position] ?? Number.NaN);
            });
          }
          for (const { name, bucket } of events) push(name, bucket, value[bucket]!);
          stream.advanceTo(100 * minute);
          const frame = (buckets: readonly number[]): Frame => {
            const sorted = [...buckets].sort((x, y) => x - y);
            const close = Float64Array.from(sorted, (bucket) => value[bucket]!);
            return {
              intervalMs: minute,
              length: sorted.length,
              time: Float64Array.from(sorted, (bucket) => bucket * minute),
              columns: { close },
            };
          };
          const batch = runBatch(
            plan,
            new Map([
              [id("a"), frame(inA)],
              [id("b"), frame(inB)],
            ]),
          );
          for (const [node, buckets] of found) {
            const column = batch.columnsOf(id(node)).numeric.get("value");
            batch
              .rowsOf(id(node))
              .time.forEach((bucketMs, row) => expect(buckets.get(bucketMs)).toBe(column?.[row] ?? Number.NaN));
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});
