import type { JsonValue, NodeId } from "@qmtl/core";
import { describe, expect, it } from "vitest";
import { planGraph, type GraphNode } from "../plan/index.ts";
import type { ComputeView } from "../view/index.ts";
import { runBatch, StreamExecutor } from "./index.ts";

const minute = 60_000;
const close = Float64Array.of(10, 11, 12);
const frame = { intervalMs: minute, length: 3, time: Float64Array.of(0, minute, 2 * minute), columns: { close } };
const id = (name: string) => name as NodeId;

const bars: GraphNode = { kind: "source", id: id("bars"), name: "bars", intervalMs: minute, fields: ["close"] };
const reader = (name: string, from: string, compute: (view: ComputeView) => unknown): GraphNode => ({
  kind: "compute",
  id: id(name),
  name,
  intervalMs: minute,
  compute,
  params: null,
  period: 1,
  inputs: [{ key: from, from: id(from) }],
  onMissing: "skip",
});

/** Runs the graph in both executors and hands the payloads of a node to the test. */
function inBoth(nodes: readonly GraphNode[], look: string, test: (payloads: readonly JsonValue[]) => void): void {
  const plan = planGraph(nodes);
  const batch = runBatch(plan, new Map([[bars.id, frame]]));
  test(batch.columnsOf(id(look)).payload as JsonValue[]);
  const seen: JsonValue[] = [];
  const stream = new StreamExecutor(plan);
  const columns = stream.columnsOf(id(look));
  stream.gridOf(id(look)).listen((position) => seen.push(columns.payload![position]!));
  for (let row = 0; row < frame.length; row++) {
    stream.ingest(stream.gridOf(bars.id), frame.time[row]!, [close[row]!]);
    stream.flush(frame.time[row]! + minute);
  }
  test(seen);
}

describe("what a compute function is handed", () => {
  const writes: Record<string, (view: Record<string, unknown> & ComputeView) => void> = {
    "a row of a column": (view) => ((view.column("close") as unknown as number[])[0] = 0),
    "a method of a column": (view) => (view.column("close").at = () => 0),
    "an input": (view) => ((view.inputs as unknown[])[0] = undefined),
    "the name of an input": (view) => ((view.inputs[0] as { name: string }).name = "other"),
    "something of its own": (view) => (view["memory"] = 1),
  };
  it.each(Object.keys(writes))("cannot be written to: %s", (what) => {
    const plan = planGraph([bars, reader("writer", "bars", (view) => writes[what]!(view as never))]);
    expect(() => runBatch(plan, new Map([[bars.id, frame]]))).toThrow(
      expect.objectContaining({ code: "VIEW_READ_ONLY" }),
    );
  });

  it("holds values that no reader can change for another", () => {
    const made = reader("made", "bars", (view) => ({ side: "BUY", list: [view.value] }));
    const other = reader("other", "made", (view) => view.payload);
    inBoth([bars, made, other], "other", (payloads) =>
      expect(payloads).toEqual([10, 11, 12].map((value) => ({ side: "BUY", list: [value] }))),
    );
    const spoils: ((payload: { side?: string; list: number[] }) => unknown)[] = [
      (payload) => payload.list.push(1),
      (payload) => (payload.side = "SELL"),
      (payload) => delete payload.side,
    ];
    for (const spoil of spoils) {
      const spoiler = reader("spoiler", "made", (view) => void spoil(view.payload as never));
      expect(() => inBoth([bars, made, spoiler], "spoiler", () => undefined)).toThrow(
        expect.objectContaining({ code: "VIEW_READ_ONLY" }),
      );
    }
  });

  it("ends where its window ends: neither older nor later rows can be read", () => {
    const peek = reader("peek", "bars", (view) => {
      const column = view.column("close");
      return [column.at(1), column.at(-2), column.length].map(String);
    });
    inBoth([bars, peek], "peek", (payloads) => expect(payloads).toEqual(Array(3).fill(["NaN", "NaN", "1"])));
    for (const count of [-1, 0.5, 2]) {
      const window = planGraph([bars, reader("window", "bars", (view) => view.window(count).length)]);
      expect(() => runBatch(window, new Map([[bars.id, frame]]))).toThrow(/window\(/);
    }
  });
});
