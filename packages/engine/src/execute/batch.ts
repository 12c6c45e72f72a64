import { assert, formatInstant, QmtlError, type NodeId } from "@qmtl/core";
import type { Frame } from "../frame/index.ts";
import type { Grid, JoinGrid, OperatorNode, Plan, PlannedNode, ResampleGrid, SeriesNode } from "../plan/index.ts";
import { InputWindow, OutputColumns } from "../view/index.ts";
import { callSeries } from "./call-series.ts";
import { ComputeStep } from "./compute-step.ts";

/** A grid with all its rows, and for a join the row of every member grid each row stands for (-1: none yet). */
export interface GridRows {
  readonly time: Float64Array;
  readonly length: number;
  readonly memberRows: ReadonlyMap<Grid, Int32Array>;
}

export interface BatchOptions {
  /** Called after each node; throw to stop. */
  readonly onNode?: (done: number, total: number) => void;
}

export interface BatchRun {
  readonly plan: Plan;
  readonly rows: readonly GridRows[];
  columnsOf(id: NodeId): OutputColumns;
  rowsOf(id: NodeId): GridRows;
}

/**
 * Computes a whole graph column by column. Nothing is allocated per row except what authors' functions return.
 *
 * @param frames - rows of every source node of the plan
 * @throws QmtlError `DATA_MISSING`, `DATA_GAP`, and what compute functions raise
 */
export function runBatch(plan: Plan, frames: ReadonlyMap<NodeId, Frame>, options: BatchOptions = {}): BatchRun {
  const outputs = new Map<NodeId, OutputColumns>();
  const rows: GridRows[] = [];
  const endMs = lastCloseMs(plan, frames);
  plan.nodes.forEach((planned, done) => {
    rows[planned.grid.index] ??= rowsOfGrid(planned.grid, rows, frames, endMs, plan);
    outputs.set(planned.node.id, computeNode(planned, rows, outputs, frames, endMs));
    options.onNode?.(done + 1, plan.nodes.length);
  });
  return {
    plan,
    rows,
    columnsOf(id) {
      const columns = outputs.get(id);
      assert(columns, `node ${id} is part of the plan`);
      return columns;
    },
    rowsOf: (id) => rows[plan.byId.get(id)!.grid.index]!,
  };
}

function computeNode(
  planned: PlannedNode,
  rows: readonly GridRows[],
  outputs: ReadonlyMap<NodeId, OutputColumns>,
  frames: ReadonlyMap<NodeId, Frame>,
  endMs: number,
): OutputColumns {
  const { node, grid } = planned;
  const gridRows = rows[grid.index]!;
  switch (node.kind) {
    case "source":
      return columnsOfFrame(frames.get(node.id)!);
    case "operator":
      return runOperator(planned, node, gridRows, outputs);
    case "compute":
      return runCompute(planned, gridRows, rows, outputs);
    case "series":
      return runSeries(planned, node, gridRows, outputs);
    case "resample":
      return runResample(grid as ResampleGrid, gridRows, rows, outputs, endMs);
  }
}

function runOperator(
  planned: PlannedNode,
  node: OperatorNode,
  gridRows: GridRows,
  outputs: ReadonlyMap<NodeId, OutputColumns>,
): OutputColumns {
  const { definition, params } = node;
  const out = new OutputColumns(gridRows.length);
  const columns: Float64Array[] = [];
  let next = 0;
  for (const name of definition.inputs) {
    if (name === "time") {
      columns.push(gridRows.time);
      continue;
    }
    const input = planned.inputs[next]!;
    const { field } = node.inputs[next++]!;
    columns.push(
      alignColumn(outputs.get(input.node.id)!.numeric.get(field), gridRows.memberRows.get(input.grid), gridRows.length),
    );
  }
  const results = definition.outputs.map((field) => {
    const column = new Float64Array(gridRows.length);
    out.setField(field, column);
    return column;
  });
  definition.createKernel(params).advance(columns, results, 0, gridRows.length);
  return out;
}

function runSeries(
  planned: PlannedNode,
  node: SeriesNode,
  gridRows: GridRows,
  outputs: ReadonlyMap<NodeId, OutputColumns>,
): OutputColumns {
  const columns = node.inputs.map(({ field }, index) => {
    const input = planned.inputs[index]!;
    const column = outputs.get(input.node.id)!.numeric.get(field);
    return alignColumn(column, gridRows.memberRows.get(input.grid), gridRows.length).slice();
  });
  const out = new OutputColumns(gridRows.length);
  const result = callSeries(node, columns, gridRows.time.slice());
  for (const [field, values] of Object.entries(result)) out.setField(field, values);
  return out;
}

function alignColumn(
  column: Float64Array | undefined,
  memberRows: Int32Array | undefined,
  length: number,
): Float64Array {
  // A field an author's function never returned: absent throughout.
  if (!column) return new Float64Array(length).fill(Number.NaN);
  if (!memberRows) return column;
  const aligned = new Float64Array(length);
  for (let row = 0; row < length; row++) {
    const member = memberRows[row]!;
    aligned[row] = member < 0 ? Number.NaN : column[member]!;
  }
  return aligned;
}

function runCompute(
  planned: PlannedNode,
  gridRows: GridRows,
  rows: readonly GridRows[],
  outputs: ReadonlyMap<NodeId, OutputColumns>,
): OutputColumns {
  assert(planned.node.kind === "compute", "a compute node");
  const node = planned.node;
  const out = new OutputColumns(gridRows.length);
  const inputs = planned.inputs.map((input, index) => ({
    key: node.inputs[index]!.key,
    name: input.node.name,
    intervalMs: input.grid.intervalMs,
    columns: outputs.get(input.node.id)!,
    time: rows[input.grid.index]!.time,
  }));
  const step = new ComputeStep(node, inputs, out);
  const members = planned.inputs.map((input) => gridRows.memberRows.get(input.grid));
  // The row at which an input first delivered: its window reaches no further back. `scanned` is how far we looked.
  const firstRows = inputs.map(() => -1);
  const scanned = inputs.map(() => 0);
  for (let row = 0; row < gridRows.length; row++) {
    let ready = true;
    for (let index = 0; index < inputs.length; index++) {
      const member = members[index] ? members[index]![row]! : row;
      while (firstRows[index]! < 0 && scanned[index]! <= member) {
        if (inputs[index]!.columns.delivered(scanned[index]!)) firstRows[index] = scanned[index]!;
        scanned[index]!++;
      }
      const first = firstRows[index]!;
      if (first < 0 || member - first + 1 < node.period || !inputs[index]!.columns.delivered(member)) ready = false;
      else InputWindow.move(step.windows[index]!, member + 1, node.period);
    }
    if (!ready) continue;
    step.run(row, gridRows.time[row]!);
  }
  return out;
}

function runResample(
  grid: ResampleGrid,
  gridRows: GridRows,
  rows: readonly GridRows[],
  outputs: ReadonlyMap<NodeId, OutputColumns>,
  endMs: number,
): OutputColumns {
  const input = outputs.get(grid.node.input)!;
  const parent = rows[grid.parent.index]!;
  const out = new OutputColumns(
    gridRows.length,
    grid.node.aggregations.map((aggregation) => aggregation.field),
  );
  for (const { field, from, how } of grid.node.aggregations) {
    const source = input.numeric.get(from);
    if (source) aggregate(source, parent.time, parent.length, grid.intervalMs, how, out.numeric.get(field)!, endMs);
  }
  return out;
}

function aggregate(
  source: Float64Array,
  time: Float64Array,
  length: number,
  intervalMs: number,
  how: string,
  out: Float64Array,
  endMs: number,
): void {
  let bucket = Number.NaN;
  let position = -1;
  const state = { value: Number.NaN, count: 0 };
  for (let row = 0; row < length; row++) {
    const start = time[row]! - (((time[row]! % intervalMs) + intervalMs) % intervalMs);
    if (start !== bucket) {
      if (start + intervalMs > endMs) break;
      bucket = start;
      position++;
      state.value = Number.NaN;
      state.count = 0;
    }
    accumulate(state, source[row]!, how);
    out[position] = aggregated(state, how);
  }
}

/** One value into a bucket. Shared with the stream executor: the arithmetic must be the same. */
export function accumulate(state: { value: number; count: number }, value: number, how: string): void {
  if (value !== value) return;
  state.count++;
  if (state.count === 1) state.value = value;
  else if (how === "last") state.value = value;
  else if (how === "max") state.value = Math.max(state.value, value);
  else if (how === "min") state.value = Math.min(state.value, value);
  else if (how === "sum" || how === "mean") state.value += value;
}

export function aggregated(state: { value: number; count: number }, how: string): number {
  if (how === "count") return state.count;
  return how === "mean" ? state.value / state.count : state.value;
}

function rowsOfGrid(
  grid: Grid,
  rows: readonly GridRows[],
  frames: ReadonlyMap<NodeId, Frame>,
  endMs: number,
  plan: Plan,
): GridRows {
  const none: ReadonlyMap<Grid, Int32Array> = new Map();
  if (grid.kind === "source") {
    const frame = frames.get(grid.source.id)!;
    return { time: frame.time, length: frame.length, memberRows: none };
  }
  if (grid.kind === "resample") {
    const time = closedBuckets(rows[grid.parent.index]!, grid.intervalMs, endMs);
    return { time, length: time.length, memberRows: none };
  }
  return joinRows(grid, rows, plan);
}

function closedBuckets(parent: GridRows, intervalMs: number, endMs: number): Float64Array {
  const buckets: number[] = [];
  let last = Number.NaN;
  for (let row = 0; row < parent.length; row++) {
    const time = parent.time[row]!;
    const start = time - (((time % intervalMs) + intervalMs) % intervalMs);
    if (start === last) continue;
    // The last bucket is final only when the data reaches its end.
    if (start + intervalMs > endMs) break;
    buckets.push((last = start));
  }
  return Float64Array.from(buckets);
}

function joinRows(grid: JoinGrid, rows: readonly GridRows[], plan: Plan): GridRows {
  const triggers = grid.triggers.map((member) => rows[member.index]!);
  const heads = triggers.map(() => 0);
  const times: number[] = [];
  const picked: number[][] = triggers.map(() => []);
  let started = false;
  for (;;) {
    let bucket = Number.POSITIVE_INFINITY;
    for (let index = 0; index < triggers.length; index++) {
      const trigger = triggers[index]!;
      if (heads[index]! < trigger.length) bucket = Math.min(bucket, trigger.time[heads[index]!]!);
    }
    if (bucket === Number.POSITIVE_INFINITY) break;
    let delivered = 0;
    for (let index = 0; index < triggers.length; index++) {
      const trigger = triggers[index]!;
      if (heads[index]! < trigger.length && trigger.time[heads[index]!] === bucket) {
        heads[index]!++;
        delivered++;
      }
    }
    const complete = delivered === triggers.length;
    const everyInputBegan = heads.every((head) => head > 0);
    if (!complete && started && grid.onMissing === "fail") throw gapError(grid, bucket, triggers, heads, plan);
    if (complete || (grid.onMissing === "hold" && everyInputBegan)) {
      started = true;
      times.push(bucket);
      for (let index = 0; index < triggers.length; index++) picked[index]!.push(heads[index]! - 1);
    }
  }
  const time = Float64Array.from(times);
  const memberRows = new Map<Grid, Int32Array>();
  grid.triggers.forEach((member, index) => memberRows.set(member, Int32Array.from(picked[index]!)));
  for (const member of grid.asOf)
    memberRows.set(member, asOfRows(time, grid.intervalMs, rows[member.index]!, member.intervalMs));
  return { time, length: time.length, memberRows };
}

/** For every bucket, the last row of a coarser grid that was closed when the bucket closed. */
function asOfRows(time: Float64Array, intervalMs: number, coarse: GridRows, coarseMs: number): Int32Array {
  const members = new Int32Array(time.length);
  let last = -1;
  for (let row = 0; row < time.length; row++) {
    const nowMs = time[row]! + intervalMs;
    while (last + 1 < coarse.length && coarse.time[last + 1]! + coarseMs <= nowMs) last++;
    members[row] = last;
  }
  return members;
}

function gapError(
  grid: JoinGrid,
  bucket: number,
  triggers: readonly GridRows[],
  heads: readonly number[],
  plan: Plan,
): QmtlError {
  const absent = grid.triggers.filter((_, index) => triggers[index]!.time[heads[index]! - 1] !== bucket);
  const names = absent.map((member) => plan.nodes.find((planned) => planned.grid === member)?.node.name ?? "?");
  return new QmtlError("DATA_GAP", `bucket ${formatInstant(bucket)} is missing from "${names.join('", "')}"`, {
    details: { bucketMs: bucket, inputs: names },
    hint: 'fill the gap, or let the node skip it (onMissing: "skip") or hold the last row (onMissing: "hold")',
  });
}

function columnsOfFrame(frame: Frame): OutputColumns {
  const out = new OutputColumns(frame.length);
  for (const [field, column] of Object.entries(frame.columns)) out.setField(field, column);
  const payloads = frame.objects?.["payload"];
  if (payloads) out.payload = [...payloads];
  return out;
}

/** The instant up to which the data of all sources reaches. */
export function lastCloseMs(plan: Plan, frames: ReadonlyMap<NodeId, Frame>): number {
  let endMs = Number.NEGATIVE_INFINITY;
  for (const planned of plan.nodes) {
    if (planned.node.kind !== "source") continue;
    const frame = frames.get(planned.node.id);
    if (!frame) {
      throw new QmtlError("DATA_MISSING", `stream "${planned.node.name}" has no data`, {
        details: { stream: planned.node.name },
        hint: "bind a history to the stream, or pass data for it to the run",
      });
    }
    if (frame.length > 0) endMs = Math.max(endMs, frame.time[frame.length - 1]! + frame.intervalMs);
  }
  return endMs;
}
