import type { JsonValue, NodeId } from "@qmtl/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Frame } from "../frame/index.ts";
import { crossover, ema, lag, sma } from "../operators/index.ts";
import { planGraph, type GraphNode, type Plan } from "../plan/index.ts";
import type { ComputeView } from "../view/index.ts";
import { runBatch, StreamExecutor } from "./index.ts";

const minute = 60_000;
const hour = 60 * minute;
const id = (text: string) => text as NodeId;

const source = (name: string, intervalMs = minute): GraphNode => ({
  kind: "source",
  id: id(name),
  name,
  intervalMs,
  fields: ["close"],
});

const operator = (
  name: string,
  definition: typeof sma,
  inputs: readonly string[],
  period?: number,
  intervalMs = minute,
): GraphNode => ({
  kind: "operator",
  id: id(name),
  name,
  intervalMs,
  definition,
  params: definition.resolve(period === undefined ? {} : { period }),
  inputs: inputs.map((input) => ({ from: id(input.split(".")[0]!), field: input.split(".")[1] ?? "value" })),
  onMissing: "skip",
});

const compute = (
  name: string,
  inputs: readonly string[],
  fn: (view: ComputeView) => unknown,
  options: { period?: number; intervalMs?: number; onMissing?: "skip" | "hold" | "fail" } = {},
): GraphNode => ({
  kind: "compute",
  id: id(name),
  name,
  intervalMs: options.intervalMs ?? minute,
  compute: fn,
  params: null,
  period: options.period ?? 1,
  inputs: inputs.map((input) => ({ key: input, from: id(input) })),
  onMissing: options.onMissing ?? "skip",
});

const resampled = (name: string, input: string, intervalMs: number): GraphNode => ({
  kind: "resample",
  id: id(name),
  name,
  intervalMs,
  input: id(input),
  aggregations: [
    { field: "close", from: "close", how: "last" },
    { field: "high", from: "close", how: "max" },
  ],
});

function frameOf(buckets: readonly number[], values: readonly number[], intervalMs = minute): Frame {
  return {
    intervalMs,
    length: buckets.length,
    time: Float64Array.from(buckets, (bucket) => bucket * intervalMs),
    columns: { close: Float64Array.from(values) },
  };
}

type Outputs = Record<
  string,
  { time: number[]; fields: Record<string, number[]>; payload: (JsonValue | undefined)[] | null }
>;

function batchOutputs(plan: Plan, frames: ReadonlyMap<NodeId, Frame>): Outputs {
  const run = runBatch(plan, frames);
  const outputs: Outputs = {};
  for (const { node } of plan.nodes) {
    const columns = run.columnsOf(node.id);
    outputs[node.name] = {
      time: [...run.rowsOf(node.id).time],
      fields: Object.fromEntries([...columns.numeric].map(([field, column]) => [field, [...column]])),
      payload: columns.payload && [...columns.payload],
    };
  }
  return outputs;
}

/** The executor, from now on putting every row of its nodes into `outputs`. */
function recordedBy(executor: StreamExecutor, outputs: Outputs): StreamExecutor {
  for (const { node } of executor.plan.nodes) {
    const out = (outputs[node.name] ??= { time: [], fields: {}, payload: null });
    executor.gridOf(node.id).listen((position, bucketMs) => {
      const columns = executor.columnsOf(node.id);
      for (const [field, column] of columns.numeric) {
        const known = (out.fields[field] ??= out.time.map(() => Number.NaN));
        known.push(column[position]!);
      }
      if (columns.payload) (out.payload ??= out.time.map(() => undefined)).push(columns.payload[position]);
      out.time.push(bucketMs);
    });
  }
  return executor;
}

/** Event by event; at every cut the state goes through a snapshot into a fresh executor. */
function streamOutputs(plan: Plan, frames: ReadonlyMap<NodeId, Frame>, cuts: ReadonlySet<number> = new Set()): Outputs {
  const outputs: Outputs = {};
  const open = () => recordedBy(new StreamExecutor(plan), outputs);
  let executor = open();
  const events = [...frames].flatMap(([sourceId, frame]) =>
    Array.from({ length: frame.length }, (_, row) => ({
      sourceId,
      row,
      frame,
      closeMs: frame.time[row]! + frame.intervalMs,
    })),
  );
  events.sort((a, b) => a.closeMs - b.closeMs);
  const closes = [...new Set(events.map((event) => event.closeMs))];
  let done = 0;
  closes.forEach((closeMs, step) => {
    executor.flush(closeMs - 1);
    for (; done < events.length && events[done]!.closeMs === closeMs; done++) {
      const { sourceId, row, frame } = events[done]!;
      executor.ingest(executor.inputOf(sourceId), frame.time[row]!, [frame.columns["close"]![row]!]);
    }
    executor.flush(closeMs);
    if (cuts.has(step)) {
      const snapshot = structuredClone(executor.save());
      executor = open();
      executor.load(snapshot);
    }
  });
  return outputs;
}

// What stream and batch must share: every value, by Object.is. A field that never had a value may be missing.
function expectSame(actual: Outputs, expected: Outputs): void {
  for (const [name, { time, fields, payload }] of Object.entries(expected)) {
    expect(actual[name]!.time, `${name} time`).toEqual(time);
    for (const [field, values] of Object.entries(fields)) {
      const found = actual[name]!.fields[field] ?? time.map(() => Number.NaN);
      for (let row = 0; row < values.length; row++) {
        if (!Object.is(found[row], values[row]))
          expect.fail(`${name}.${field}[${row}]: ${found[row]} is not ${values[row]}`);
      }
    }
    if (payload) expect(actual[name]!.payload, `${name} payload`).toEqual(payload);
  }
}

describe("batch and stream executors", () => {
  it("computes a moving average cross by hand", () => {
    const plan = planGraph([source("a"), operator("s", sma, ["a.close"], 2)]);
    const frames = new Map([[id("a"), frameOf([0, 1, 2], [1, 3, 5])]]);
    expect(batchOutputs(plan, frames)["s"]!.fields["value"]).toEqual([Number.NaN, 2, 4]);
    expectSame(streamOutputs(plan, frames), batchOutputs(plan, frames));
  });

  it("shows a minute node the last closed hour, never the one that is filling", () => {
    const minutes = Array.from({ length: 130 }, (_, index) => index);
    const seen = compute("seen", ["a", "h"], (view) => view.of("h").get("close"));
    const plan = planGraph([source("a"), resampled("h", "a", hour), seen]);
    const frames = new Map([[id("a"), frameOf(minutes, minutes)]]);
    const batch = batchOutputs(plan, frames);
    expect(batch["h"]!.time).toEqual([0, hour]); // the third hour is partial: never final
    expect(batch["seen"]!.fields["value"]!.slice(57, 62)).toEqual([Number.NaN, Number.NaN, 59, 59, 59]);
    expect(batch["seen"]!.fields["value"]!.slice(117, 122)).toEqual([59, 59, 119, 119, 119]);
    expectSame(streamOutputs(plan, frames), batch);
  });

  it("keeps hourly and daily buckets whole over a change to daylight saving time", () => {
    // 2024-03-10 in New York and 2024-03-31 in Berlin have 23 hours; the buckets are UTC and have 24.
    const start = Date.UTC(2024, 2, 30) / minute;
    const minutes = Array.from({ length: 3 * 24 * 60 }, (_, index) => start + index);
    const plan = planGraph([source("a"), resampled("h", "a", hour), resampled("d", "a", 24 * hour)]);
    const frames = new Map([[id("a"), frameOf(minutes, minutes)]]);
    const batch = batchOutputs(plan, frames);
    expect(batch["h"]!.time).toHaveLength(72);
    expect(batch["d"]!.time).toEqual([30, 31, 32].map((day) => Date.UTC(2024, 2, day)));
    expect(batch["d"]!.fields["close"]!.map((value) => value - start)).toEqual([1439, 2879, 4319]);
    expectSame(streamOutputs(plan, frames), batch);
  });

  it("fires a fan-in once per bucket: skip waits for both, hold takes the last row, fail stops", () => {
    const frames = new Map([
      [id("a"), frameOf([0, 1, 2, 4], [1, 2, 3, 5])],
      [id("b"), frameOf([1, 2, 3, 4], [20, 30, 40, 50])],
    ]);
    const sum = (onMissing: "skip" | "hold" | "fail") =>
      planGraph([
        source("a"),
        source("b"),
        compute("sum", ["a", "b"], (view) => view.of("a").value + view.of("b").value, { onMissing }),
      ]);
    expect(batchOutputs(sum("skip"), frames)["sum"]).toMatchObject({
      time: [1, 2, 4].map((m) => m * minute),
      fields: { value: [22, 33, 55] },
    });
    expect(batchOutputs(sum("hold"), frames)["sum"]).toMatchObject({
      time: [1, 2, 3, 4].map((m) => m * minute),
      fields: { value: [22, 33, 43, 55] },
    });
    expect(() => batchOutputs(sum("fail"), frames)).toThrow(/bucket 1970-01-01T00:03:00.000Z is missing from "a"/);
    expect(() => streamOutputs(sum("fail"), frames)).toThrow(/missing from "a"/);
    for (const policy of ["skip", "hold"] as const)
      expectSame(streamOutputs(sum(policy), frames), batchOutputs(sum(policy), frames));
  });

  it("gives batch = stream = stream cut into snapshots, bit for bit, for random graphs on random data", () => {
    fc.assert(
      fc.property(randomGraph(), randomFrames(), fc.array(fc.nat(120), { maxLength: 6 }), (nodes, frames, cuts) => {
        const plan = planGraph(nodes);
        const expected = batchOutputs(plan, frames);
        expectSame(streamOutputs(plan, frames), expected);
        expectSame(streamOutputs(plan, frames, new Set(cuts)), expected);
      }),
      { numRuns: 300 },
    );
  });

  it("takes rows many at a time and one by one to the same values", () => {
    const pieces = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(pieces, fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 50 }), (sizes, period, atOnce) => {
        const back = operator("back", lag as never, ["a.close"], period);
        const cross = operator("cross", crossover as never, ["mean", "a.close"]);
        const plan = planGraph([source("a"), back, operator("mean", sma, ["back"], period), cross]);
        const minutes = Array.from({ length: sizes.reduce((sum, size) => sum + size, 0) }, (_, row) => row);
        const prices = minutes.map((row) => (row % 53 === period ? Number.NaN : 100 + Math.sin(row / 5) * 9));
        const frame = frameOf(minutes, prices);
        const outputs: Outputs = {};
        const executor = recordedBy(new StreamExecutor(plan, atOnce), outputs);
        const input = executor.inputOf(id("a"));
        const columns = [frame.columns["close"]!];
        let row = 0;
        for (const size of sizes) {
          const end = row + size;
          if (size < 3 || !input.takesStretches) executor.ingestRows(input, frame.time, columns, row, end);
          else for (let next = row; next < end;) next = input.takeStretch(frame.time, columns, next, end);
          expect(input.time[input.position]).toBe(frame.time[end - 1]);
          row = end;
        }
        executor.close();
        expectSame(outputs, batchOutputs(plan, new Map([[id("a"), frame]])));
      }),
    );
  });

  it("writes the fields that nodes read, also where nobody keeps columns", () => {
    const last = compute("last", ["a"], (view) => view.get("close"));
    const plan = planGraph([source("a"), last, resampled("h", "a", hour)]);
    const executor = new StreamExecutor(plan);
    const input = executor.inputOf(id("a"));
    const seen: number[][] = [];
    for (const [node, field] of [
      ["last", "value"],
      ["h", "high"],
    ] as const) {
      executor.gridOf(id(node)).listen((position) => {
        seen.push([executor.columnsOf(id(node)).numeric.get(field)![position]!]);
      });
    }
    const frame = frameOf([0, 1], [3, 5]);
    for (let row = 0; row < 2; row++) {
      executor.ingestRows(input, frame.time, [frame.columns["close"]!], row, row + 1);
      executor.flush(frame.time[row]! + minute);
    }
    executor.flush(hour);
    expect(seen).toEqual([[3], [5], [5]]);
  });

  it("runs a whole-column function on the rows so far when streaming: causal ones agree, others do not", () => {
    const series = (fn: (column: Float64Array) => Float64Array): GraphNode => ({
      kind: "series",
      id: id("s"),
      name: "s",
      intervalMs: minute,
      compute: ([column]) => fn(column!),
      params: null,
      inputs: [{ from: id("a"), field: "close" }],
      onMissing: "skip",
    });
    const frames = new Map([[id("a"), frameOf([0, 1, 2, 3], [1, 5, 3, 4])]]);
    const runningMax = planGraph([
      source("a"),
      series((column) => column.map((_, row) => Math.max(...column.subarray(0, row + 1)))),
    ]);
    const expected = batchOutputs(runningMax, frames);
    expect(expected["s"]!.fields["value"]).toEqual([1, 5, 5, 5]);
    expectSame(streamOutputs(runningMax, frames, new Set([1, 2])), expected);
    const peek = planGraph([source("a"), series((column) => column.map((_, row) => column[row + 1] ?? Number.NaN))]);
    expect(batchOutputs(peek, frames)["s"]!.fields["value"]).toEqual([5, 3, 4, Number.NaN]);
    expect(streamOutputs(peek, frames)["s"]!.fields["value"]).toEqual([Number.NaN, Number.NaN, Number.NaN, Number.NaN]);
  });

  it("gives the same past when the future is cut off", () => {
    fc.assert(
      fc.property(randomGraph(), randomFrames(), fc.nat(100), (nodes, frames, cut) => {
        const plan = planGraph(nodes);
        const endMs = cut * minute;
        const whole = batchOutputs(plan, frames);
        const cutFrames = new Map(
          [...frames].map(([key, frame]) => {
            const kept = [...frame.time].filter((time) => time + frame.intervalMs <= endMs).length;
            return [
              key,
              {
                ...frame,
                length: kept,
                time: frame.time.slice(0, kept),
                columns: { close: frame.columns["close"]!.slice(0, kept) },
              },
            ] as const;
          }),
        );
        const past = batchOutputs(plan, cutFrames);
        for (const { node } of plan.nodes) {
          const known = past[node.name]!;
          expect(known.time).toEqual(whole[node.name]!.time.slice(0, known.time.length));
          for (const [field, values] of Object.entries(known.fields)) {
            expect(values).toEqual(whole[node.name]!.fields[field]!.slice(0, values.length));
          }
        }
      }),
      { numRuns: 150 },
    );
  });
});

describe("compute functions", () => {
  const frames = new Map([[id("a"), frameOf([0, 1, 2], [1, 2, 3])]]);
  const run = (fn: (view: ComputeView) => unknown) =>
    batchOutputs(planGraph([source("a"), compute("n", ["a"], fn)]), frames);

  it.each([
    [
      "throws",
      () => {
        throw new Error("boom");
      },
      /node "n" failed at 1970-01-01T00:00:00.000Z: boom/,
    ],
    ["returns NaN", () => Number.NaN, /returned NaN at 1970.*expected a finite number/],
    ["returns a promise", async () => 1, /returned a promise/],
    ["returns a Map", () => new Map(), /returned a Map/],
    [
      "changes its shape",
      (view: ComputeView) => (view.time === 0 ? 1 : { a: 1 }),
      /returned a record of a at .*, but a number before/,
    ],
    [
      "writes to its view",
      (view: ComputeView) => {
        (view as { value: number }).value = 3;
      },
      /failed at .*getter/,
    ],
    [
      "asks for more rows than it keeps",
      (view: ComputeView) => view.window(5).length,
      /asked for more rows than the 1/,
    ],
    ["asks for an unknown field", (view: ComputeView) => view.get("clsoe"), /has no field "clsoe"/],
  ])("that %s stop the run with the node, the time and a hint", (_, fn, message) => {
    expect(() => run(fn as (view: ComputeView) => unknown)).toThrow(message);
  });

  it("that mix orders with orders of numbers alone are told how to write them", () => {
    const orders = [{ target_quantity: 0 }, { side: "BUY", quantity: 1 }];
    for (const first of [0, 1]) {
      const mixed = () => run((view) => orders[view.time === 0 ? first : 1 - first]);
      expect(mixed).toThrow(expect.objectContaining({ hint: expect.stringContaining('as type: "market"') }));
    }
  });

  it("cannot reach the engine's columns through a window", () => {
    const copy = run((view) => {
      const array = view.column().toArray();
      array[0] = 99;
      return view.value;
    });
    expect(copy["n"]!.fields["value"]).toEqual([1, 2, 3]);
  });

  it("see absent rows outside the window, neither past nor future", () => {
    const out = run((view) => (Number.isNaN(view.column().at(1)) && Number.isNaN(view.column().at(-2)) ? 1 : 0));
    expect(out["n"]!.fields["value"]).toEqual([1, 1, 1]);
  });
});

function randomFrames(): fc.Arbitrary<ReadonlyMap<NodeId, Frame>> {
  const value = fc.oneof(
    { weight: 8, arbitrary: fc.double({ min: -1e3, max: 1e3, noNaN: true }) },
    { weight: 1, arbitrary: fc.constant(Number.NaN) },
  );
  const frame = (count: number, intervalMs: number) =>
    fc
      .tuple(
        fc.array(fc.boolean(), { minLength: count, maxLength: count }),
        fc.array(value, { minLength: count, maxLength: count }),
      )
      .map(([present, values]) => {
        const buckets = present.flatMap((isPresent, bucket) => (isPresent || bucket % 3 === 0 ? [bucket] : []));
        return frameOf(
          buckets,
          buckets.map((bucket) => values[bucket]!),
          intervalMs,
        );
      });
  return fc.tuple(frame(120, minute), frame(120, minute), frame(24, 5 * minute)).map(
    ([a, b, c]) =>
      new Map([
        [id("a"), a],
        [id("b"), b],
        [id("c"), c],
      ]),
  );
}

/** Three sources (two of a minute, one of five), then nodes that read any node before them. */
function randomGraph(): fc.Arbitrary<GraphNode[]> {
  const step = fc.record({
    kind: fc.constantFrom("sma", "ema", "cross", "fanin", "window", "resample", "sparse", "payload"),
    left: fc.nat(),
    right: fc.nat(),
    period: fc.integer({ min: 1, max: 9 }),
    onMissing: fc.constantFrom("skip" as const, "hold" as const),
  });
  return fc.array(step, { minLength: 1, maxLength: 9 }).map((steps) => {
    const nodes: GraphNode[] = [source("a"), source("b"), source("c", 5 * minute)];
    const fieldOf = new Map([
      ["a", "close"],
      ["b", "close"],
      ["c", "close"],
    ]);
    const scalars = ["a", "b", "c"];
    steps.forEach(({ kind, left, right, period, onMissing }, index) => {
      const name = `n${index}`;
      const l = scalars[left % scalars.length]!;
      const r = scalars[right % scalars.length]!;
      const intervalOf = (key: string) => nodes.find((node) => node.name === key)!.intervalMs;
      const finest = Math.min(intervalOf(l), intervalOf(r));
      const ref = (key: string) => `${key}.${fieldOf.get(key)!}`;
      if (kind === "sma") nodes.push(operator(name, sma, [ref(l)], period, intervalOf(l)));
      else if (kind === "ema") nodes.push(operator(name, ema as never, [ref(l)], period, intervalOf(l)));
      else if (kind === "cross")
        nodes.push({
          ...operator(name, crossover as never, [ref(l), ref(r)], undefined, finest),
          onMissing,
        } as GraphNode);
      else if (kind === "resample") {
        if (intervalOf(l) > minute || fieldOf.get(l) !== "close") return;
        nodes.push(resampled(name, l, 5 * minute));
        fieldOf.set(name, "close");
        scalars.push(name);
        return;
      } else if (kind === "payload") {
        nodes.push(
          compute(name, [l], (view) => ({ text: String(view.get(fieldOf.get(l)!)) }), { intervalMs: intervalOf(l) }),
        );
        return;
      } else if (kind === "sparse") {
        nodes.push(
          compute(name, [l], (view) => (view.get(fieldOf.get(l)!) > 0 ? view.get(fieldOf.get(l)!) : undefined), {
            intervalMs: intervalOf(l),
          }),
        );
      } else if (kind === "window") {
        nodes.push(
          compute(
            name,
            [l],
            (view) => {
              const sum = view.column(fieldOf.get(l)!).sum();
              return Number.isFinite(sum) ? sum : undefined;
            },
            { period, intervalMs: intervalOf(l) },
          ),
        );
      } else {
        nodes.push(
          compute(
            name,
            [l, r],
            (view) => {
              const sum = view.of(l).get(fieldOf.get(l)!) - 2 * view.of(r).get(fieldOf.get(r)!);
              return Number.isFinite(sum) ? sum : undefined;
            },
            { intervalMs: finest, onMissing },
          ),
        );
      }
      fieldOf.set(name, "value");
      scalars.push(name);
    });
    return nodes;
  });
}
