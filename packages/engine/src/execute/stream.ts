import { assert, formatInstant, QmtlError, type EpochMs, type JsonValue, type NodeId } from "@qmtl/core";
import { ColumnPool } from "../columns/index.ts";
import type { Kernel } from "../operator/index.ts";
import type { Aggregation, Grid, JoinGrid, Plan, PlannedNode, ResampleGrid, SeriesNode } from "../plan/index.ts";
import { InputWindow, OutputColumns } from "../view/index.ts";
import { accumulate, aggregated } from "./batch.ts";
import { BlockExecutor } from "./block-executor.ts";
import { callSeries } from "./call-series.ts";
import { ComputeStep } from "./compute-step.ts";

/**
 * Computes a graph one event at a time, touching only the nodes that depend on it.
 *
 * Every grid has mirrored rings: a row stands at `position` and again `capacity` before it, so that the last
 * `capacity` rows end contiguously at `position`. Kernels and views read them in place.
 *
 * The caller drives event time: `ingest` every row that closes at T, then `flush(T)`, with T increasing. What is
 * derived from several grids (joins, resampled buckets) is decided in `flush`, when everything up to T is in, so
 * the order in which rows of one T arrive does not matter.
 */
export class StreamExecutor {
  readonly plan: Plan;
  readonly #grids: StreamGrid[] = [];
  readonly #outputs = new Map<NodeId, OutputColumns>();
  readonly #sources = new Map<NodeId, StreamGrid>();
  readonly #derived: StreamGrid[] = [];
  /** Grids that got a row since the last flush. */
  readonly #fresh: StreamGrid[] = [];
  readonly #pool: ColumnPool | undefined;

  /**
   * @param rowsAtOnce - how many rows a node may take before the node after it: more than 1 for rows that are past, which
   * nobody waits for. Only plans of operators over one source can; their rings have room for so many, where vector code
   * reaches them, and whoever asked for them calls `close`
   */
  constructor(plan: Plan, rowsAtOnce = 1) {
    this.plan = plan;
    if (rowsAtOnce > 1 && BlockExecutor.takes(plan)) this.#pool = new ColumnPool();
    for (const grid of plan.grids) {
      const stream = new StreamGrid(grid, plan, this.#grids, this.#pool && { rows: rowsAtOnce, pool: this.#pool });
      this.#grids.push(stream);
      if (grid.kind === "source") this.#sources.set(grid.source.id, stream);
      else this.#derived.push(stream);
    }
    for (const planned of plan.nodes) {
      const grid = this.#grids[planned.grid.index]!;
      this.#outputs.set(planned.node.id, grid.addNode(planned, this.#outputs, this.#grids));
      for (const id of readByName(planned)) this.#sources.get(id)?.keepAllFields();
    }
  }

  /** The input buffer of a source: fill the fields, then `ingest`. In the order of the source's fields. */
  inputOf(id: NodeId): StreamGrid {
    const grid = this.#sources.get(id);
    assert(grid, `node ${id} is a source of this plan`);
    return grid;
  }

  /** Takes one row of a source and computes what lives on its own grid. `values` in the order of its fields. */
  ingest(source: StreamGrid, bucketMs: EpochMs, values: ArrayLike<number>, payload?: JsonValue): void {
    const position = source.begin(bucketMs);
    source.writeSource(position, values, payload);
    source.compute(position, bucketMs);
    if (!source.fresh) {
      source.fresh = true;
      this.#fresh.push(source);
    }
  }

  /**
   * The same for rows `from..to-1` of columns, one after the other, as long as their buckets are not after `lastBucketMs`:
   * what a replay does a million times. Columns in the order of the source's fields.
   *
   * @returns the row after the last one taken
   */
  ingestRows(
    source: StreamGrid,
    time: Float64Array,
    columns: readonly Float64Array[],
    from: number,
    to: number,
    lastBucketMs = Number.POSITIVE_INFINITY,
    readout?: Readout,
  ): number {
    const end = source.takeRows(time, columns, from, to, lastBucketMs, readout);
    if (end > from && !source.fresh) {
      source.fresh = true;
      this.#fresh.push(source);
    }
    return end;
  }

  /** Lets go of rings for many rows: nothing must touch them again. */
  close(): void {
    this.#pool?.releaseAll();
  }

  /** Everything that closes at or before `nowMs` has been ingested: closes buckets and fires joins. */
  flush(nowMs: EpochMs): void {
    for (const grid of this.#derived) {
      if (grid.derive(nowMs) && !grid.fresh) {
        grid.fresh = true;
        this.#fresh.push(grid);
      }
    }
    for (const grid of this.#fresh) {
      grid.fresh = false;
      grid.pendingRows = 0;
    }
    this.#fresh.length = 0;
  }

  get needsFlush(): boolean {
    return this.#derived.length > 0;
  }

  gridOf(id: NodeId): StreamGrid {
    return this.#grids[this.plan.byId.get(id)!.grid.index]!;
  }

  /** A node's rings. Asking for those of a source makes it keep all its fields, not only those that nodes read. */
  columnsOf(id: NodeId): OutputColumns {
    this.#sources.get(id)?.keepAllFields();
    return this.#outputs.get(id)!;
  }

  /** The whole state, bit for bit. Only a plan of the same node ids can take it. */
  save(): StreamSnapshot {
    return {
      nodeIds: this.plan.nodes.map((planned) => planned.node.id),
      grids: this.#grids.map((grid) => grid.save()),
    };
  }

  load(snapshot: StreamSnapshot): void {
    const ids = this.plan.nodes.map((planned) => planned.node.id);
    if (ids.length !== snapshot.nodeIds.length || ids.some((id, index) => id !== snapshot.nodeIds[index])) {
      throw new QmtlError("SNAPSHOT_MISMATCH", `the snapshot holds ${snapshot.nodeIds.length} nodes of another graph`, {
        hint: "restore it into the strategy that made it, or start without it",
      });
    }
    snapshot.grids.forEach((grid, index) => this.#grids[index]!.load(grid));
  }
}

/** Nodes whose fields a node looks up as it needs them; those of operators and series are known. */
function readByName({ node, inputs }: PlannedNode): readonly NodeId[] {
  if (node.kind === "resample") return [node.input];
  return node.kind === "compute" ? inputs.map((input) => input.node.id) : [];
}

export interface StreamSnapshot {
  readonly nodeIds: readonly NodeId[];
  readonly grids: readonly GridSnapshot[];
}

interface GridSnapshot {
  readonly rows: number;
  readonly time: Float64Array;
  readonly columns: readonly { readonly name: string; readonly values: Float64Array }[];
  readonly payloads: readonly (readonly (JsonValue | null)[] | null)[];
  readonly kernels: readonly Float64Array[];
  readonly shapes: readonly JsonValue[];
  readonly firstRows: readonly (readonly number[])[];
  readonly join: readonly number[] | null;
  readonly buckets: Float64Array | null;
}

/** What is to be copied of rows while they are taken. */
export interface Readout {
  /** Of the source's grid. */
  readonly column: Float64Array;
  /** From index 0 on. */
  readonly values: Float64Array;
}

/** Rows that a grid may take node by node, and where rings for them stand. */
interface Stretches {
  readonly rows: number;
  readonly pool: ColumnPool;
}

interface OperatorStep {
  readonly kind: "operator";
  readonly kernel: Kernel;
  readonly advanceRow: Kernel["advance"];
  readonly inputs: readonly Float64Array[];
  readonly outputs: readonly Float64Array[];
}

function operatorStep(kernel: Kernel, inputs: readonly Float64Array[], outputs: readonly Float64Array[]): OperatorStep {
  const advanceRow = kernel.advanceRow ?? ((...columns) => kernel.advance(...columns));
  return { kind: "operator", kernel, advanceRow, inputs, outputs };
}

interface StreamCompute {
  readonly step: ComputeStep;
  readonly inputs: readonly { readonly grid: StreamGrid; readonly columns: OutputColumns }[];
  /** Row count of each input's grid when it first delivered; -1 before. */
  readonly firstRows: number[];
}

/** Copies a member's field into the join's own rings, row by row. */
interface AlignStep {
  readonly member: StreamGrid;
  readonly from: () => Float64Array | undefined;
  readonly to: Float64Array;
}

/** Rows so far of a whole-column function's inputs: its stream form runs it on all of them. */
interface SeriesStep {
  readonly node: SeriesNode;
  readonly inputs: readonly Float64Array[];
  readonly output: OutputColumns;
  history: Float64Array[];
  rows: number;
}

// What tells operators apart for every row is whether they advance by rows: comparing the kinds is slower.
type Step =
  | OperatorStep
  | { readonly kind: "series"; readonly advanceRow?: undefined; readonly series: SeriesStep }
  | { readonly kind: "compute"; readonly advanceRow?: undefined; readonly compute: StreamCompute };

export class StreamGrid {
  readonly grid: Grid;
  readonly capacity: number;
  readonly time: Float64Array;
  /** Rows ever begun; the newest stands at `position`. */
  rows = 0;
  position: number;
  fresh = false;
  /** Rows that were added since the last flush (a resampled grid can get more than one). */
  pendingRows = 0;
  readonly #mask: number;
  readonly #mirrors: boolean;
  readonly #stretches: Stretches | undefined;
  readonly #members: readonly StreamGrid[];
  readonly #steps: Step[] = [];
  readonly #aligned: AlignStep[] = [];
  readonly #nodeOutputs: OutputColumns[] = [];
  #source: OutputColumns | undefined;
  #sourceFields: readonly Float64Array[] = [];
  /** Positions of the fields that somebody reads: the others are not written. */
  #readFields: number[] = [];
  #resampled: { readonly columns: OutputColumns; readonly input: OutputColumns } | undefined;
  #bucket = Number.NaN;
  #states: { value: number; count: number }[] = [];
  /** Join: rows of every member at its newest delivery already used. */
  readonly #used: number[] = [];
  /** Join: position in each member's ring of the row this join's row stands for. */
  readonly #memberPosition: number[] = [];
  #onRow: ((position: number, bucketMs: EpochMs) => void) | undefined;
  readonly #plan: Plan;

  constructor(grid: Grid, plan: Plan, earlier: readonly StreamGrid[], stretches: Stretches | undefined) {
    this.grid = grid;
    this.#plan = plan;
    this.#stretches = stretches;
    // One more than is looked back at, and one for a join that reads a row after its member moved on.
    // Where nobody looks back and no grid is derived, the current rows are all there is, and no mirror.
    this.#mirrors = grid.lookbackRows > 0 || plan.grids.length > 1;
    const rows = stretches?.rows ?? 1;
    this.capacity = 2 ** Math.ceil(Math.log2(this.#mirrors ? grid.lookbackRows + 1 + rows : rows));
    this.#mask = this.capacity - 1;
    this.time = stretches?.pool.take(this.capacity * 2) ?? new Float64Array(this.capacity * 2);
    this.position = this.capacity - 1;
    this.#members =
      grid.kind === "join"
        ? [...grid.triggers, ...grid.asOf].map((member) => earlier[member.index]!)
        : grid.kind === "resample"
          ? [earlier[grid.parent.index]!]
          : [];
    for (let index = 0; index < this.#members.length; index++) {
      this.#used.push(0);
      this.#memberPosition.push(-1);
    }
  }

  /** Calls back for every computed row, in order: the order path and recorders listen here. */
  listen(onRow: (position: number, bucketMs: EpochMs) => void): void {
    const before = this.#onRow;
    this.#onRow = before
      ? (position, bucketMs) => {
          before(position, bucketMs);
          onRow(position, bucketMs);
        }
      : onRow;
  }

  addNode(
    planned: PlannedNode,
    outputs: ReadonlyMap<NodeId, OutputColumns>,
    grids: readonly StreamGrid[],
  ): OutputColumns {
    const { node } = planned;
    const size = this.capacity * 2;
    if (node.kind === "source") {
      this.#source = new OutputColumns(size, node.fields, this.#stretches?.pool);
      this.#sourceFields = node.fields.map((field) => this.#source!.numeric.get(field)!);
      this.#nodeOutputs.push(this.#source);
      return this.#source;
    }
    if (node.kind === "resample") {
      const columns = new OutputColumns(
        size,
        node.aggregations.map((aggregation) => aggregation.field),
      );
      this.#resampled = { columns, input: outputs.get(node.input)! };
      this.#states = node.aggregations.map(() => ({ value: Number.NaN, count: 0 }));
      this.#nodeOutputs.push(columns);
      return columns;
    }
    if (node.kind === "compute") {
      const out = new OutputColumns(size);
      const inputs = planned.inputs.map((input) => ({
        grid: grids[input.grid.index]!,
        columns: outputs.get(input.node.id)!,
      }));
      const step = new ComputeStep(
        node,
        planned.inputs.map((input, index) => ({
          key: node.inputs[index]!.key,
          name: input.node.name,
          intervalMs: input.grid.intervalMs,
          columns: inputs[index]!.columns,
          time: inputs[index]!.grid.time,
        })),
        out,
      );
      this.#steps.push({ kind: "compute", compute: { step, inputs, firstRows: inputs.map(() => -1) } });
      this.#nodeOutputs.push(out);
      return out;
    }
    if (node.kind === "series") {
      const output = new OutputColumns(size);
      const inputs = node.inputs.map(({ field }, index) => {
        const input = planned.inputs[index]!;
        return this.#inputColumn(grids[input.grid.index]!, outputs.get(input.node.id)!, field);
      });
      const history = Array.from({ length: inputs.length + 1 }, () => new Float64Array(256));
      this.#steps.push({ kind: "series", series: { node, inputs, output, history, rows: 0 } });
      this.#nodeOutputs.push(output);
      return output;
    }
    const columns: Float64Array[] = [];
    let next = 0;
    for (const name of node.definition.inputs) {
      if (name === "time") {
        columns.push(this.time);
        continue;
      }
      const input = planned.inputs[next]!;
      const { field } = node.inputs[next++]!;
      columns.push(this.#inputColumn(grids[input.grid.index]!, outputs.get(input.node.id)!, field));
    }
    const out = new OutputColumns(size, node.definition.outputs, this.#stretches?.pool);
    const results = node.definition.outputs.map((field) => out.numeric.get(field)!);
    const kernel = node.definition.createKernel(node.params);
    this.#steps.push(operatorStep(kernel, columns, results));
    this.#nodeOutputs.push(out);
    return out;
  }

  // Operators need their inputs in this grid's own rings. A field that an author's function has not returned
  // yet has no column: it is looked up again for every row.
  #inputColumn(member: StreamGrid, columns: OutputColumns, field: string): Float64Array {
    const known = columns.numeric.get(field);
    if (known) member.#readField(known);
    if (member === this && known) return known;
    const to = new Float64Array(this.capacity * 2).fill(Number.NaN);
    this.#aligned.push({ member, from: () => columns.numeric.get(field), to });
    if (member === this) this.#steps.push(this.#lateField(columns, field, to));
    return to;
  }

  #lateField(columns: OutputColumns, field: string, to: Float64Array): OperatorStep {
    this.#aligned.pop();
    const copy = (from: number) => {
      to[from] = columns.numeric.get(field)?.[from] ?? Number.NaN;
    };
    const kernel: Kernel = {
      advance: (_inputs, _outputs, from) => copy(from),
      save: () => new Float64Array(0),
      load: () => undefined,
    };
    return operatorStep(kernel, [], [to]);
  }

  /** Opens a row and returns its position. */
  begin(bucketMs: EpochMs): number {
    const row = this.rows++ & this.#mask;
    const position = row + this.capacity;
    this.time[position] = bucketMs;
    if (this.#mirrors) this.time[row] = bucketMs;
    this.position = position;
    this.pendingRows++;
    return position;
  }

  keepAllFields(): void {
    this.#readFields = this.#sourceFields.map((_, index) => index);
  }

  /** The rings of a source's field, which are written from now on; undefined where the source has no such field. */
  fieldOf(name: string): Float64Array | undefined {
    const column = this.#source?.numeric.get(name);
    if (column) this.#readField(column);
    return column;
  }

  #readField(column: Float64Array): void {
    const index = this.#sourceFields.indexOf(column);
    if (index >= 0 && !this.#readFields.includes(index)) this.#readFields.push(index);
  }

  /** See `StreamExecutor.ingestRows`. */
  takeRows(
    time: Float64Array,
    columns: readonly Float64Array[],
    from: number,
    to: number,
    lastBucketMs: EpochMs,
    readout: Readout | undefined,
  ): number {
    for (let row = from; row < to; row++) {
      const bucketMs = time[row]!;
      if (bucketMs > lastBucketMs) return row;
      const position = this.begin(bucketMs);
      this.#writeRow(position, columns, row);
      this.compute(position, bucketMs);
      if (readout !== undefined) readout.values[row - from] = readout.column[position]!;
    }
    return to;
  }

  /** Whether `takeStretch` can be called. */
  get takesStretches(): boolean {
    return this.#stretches !== undefined;
  }

  /**
   * As many of the rows `from..to-1` of columns as stand in the rings without a break, node by node. They end at
   * `position`. Columns in the order of the source's fields.
   *
   * @returns the row after the last one taken
   */
  takeStretch(time: Float64Array, columns: readonly Float64Array[], from: number, to: number): number {
    const slot = this.rows & this.#mask;
    const end = Math.min(to, from + this.#stretches!.rows, from + this.capacity - slot);
    const position = slot + this.capacity;
    const behind = position + end - from;
    this.rows += end - from;
    this.position = behind - 1;
    this.time.set(time.subarray(from, end), position);
    for (const index of this.#readFields) {
      this.#sourceFields[index]!.set(columns[index]!.subarray(from, end), position);
    }
    if (this.#mirrors) this.#mirrorStretch([this.time, ...this.#sourceFields], position, behind);
    for (const step of this.#steps) {
      assert(step.kind === "operator", "stretches are for operators");
      step.kernel.advance(step.inputs, step.outputs, position, behind);
      if (this.#mirrors) this.#mirrorStretch(step.outputs, position, behind);
    }
    if (this.#onRow) for (let at = position; at < behind; at++) this.#onRow(at, this.time[at]!);
    return end;
  }

  #mirrorStretch(columns: readonly Float64Array[], from: number, to: number): void {
    for (const column of columns) column.copyWithin(from - this.capacity, from, to);
  }

  #writeRow(position: number, columns: readonly Float64Array[], row: number): void {
    for (let each = 0; each < this.#readFields.length; each++) {
      const index = this.#readFields[each]!;
      this.#sourceFields[index]![position] = columns[index]![row]!;
    }
    if (this.#mirrors) this.#mirror(this.#sourceFields, position);
  }

  writeSource(position: number, values: ArrayLike<number>, payload: JsonValue | undefined): void {
    const fields = this.#sourceFields;
    const mirror = position - this.capacity;
    for (let index = 0; index < fields.length; index++) {
      fields[index]![position] = values[index]!;
      fields[index]![mirror] = values[index]!;
    }
    if (payload !== undefined || this.#source!.payload !== null) {
      const column = this.#source!.addPayload();
      column[position] = payload;
      column[mirror] = payload;
    }
  }

  /** Runs every node of this grid for the row at `position`. */
  compute(position: number, bucketMs: EpochMs): void {
    const steps = this.#steps;
    for (let index = 0; index < steps.length; index++) {
      const step = steps[index]!;
      const { advanceRow } = step; // called without a receiver: the call needs no look at what it is
      if (advanceRow !== undefined) {
        advanceRow(step.inputs, step.outputs, position, position + 1);
        if (this.#mirrors) this.#mirror(step.outputs, position);
      } else if (step.kind === "compute") this.#runCompute(step.compute, position, bucketMs);
      else this.#runSeries(step.series, position, bucketMs);
    }
    this.#onRow?.(position, bucketMs);
  }

  #mirror(columns: readonly Float64Array[], position: number): void {
    const mirror = position - this.capacity;
    for (let index = 0; index < columns.length; index++) columns[index]![mirror] = columns[index]![position]!;
  }

  #runSeries(series: SeriesStep, position: number, bucketMs: EpochMs): void {
    if (series.rows === series.history[0]!.length) {
      series.history = series.history.map((column) => {
        const grown = new Float64Array(column.length * 2);
        grown.set(column);
        return grown;
      });
    }
    const row = series.rows++;
    series.history[0]![row] = bucketMs;
    for (let index = 0; index < series.inputs.length; index++) {
      series.history[index + 1]![row] = series.inputs[index]![position]!;
    }
    const [time, ...columns] = series.history.map((column) => column.slice(0, series.rows));
    const result = callSeries(series.node, columns, time!);
    for (const [field, values] of Object.entries(result)) {
      const column = series.output.numeric.get(field) ?? series.output.addField(field);
      column[position] = column[position - this.capacity] = values[row]!;
    }
  }

  #runCompute(compute: StreamCompute, position: number, bucketMs: EpochMs): void {
    const { step, inputs, firstRows } = compute;
    const out = step.output;
    const mirror = position - this.capacity;
    for (const column of out.numeric.values()) column[position] = column[mirror] = Number.NaN;
    if (out.payload) out.payload[position] = out.payload[mirror] = undefined;
    let ready = true;
    for (let index = 0; index < inputs.length; index++) {
      const input = inputs[index]!;
      const member = this.#positionOf(input.grid, position);
      const rows = this.#rowsOf(input.grid);
      const delivered = member >= 0 && input.columns.delivered(member);
      if (firstRows[index]! < 0) this.#findFirst(compute, index, input, member, rows);
      const first = firstRows[index]!;
      if (!delivered || first < 0 || rows - first < step.node.period) ready = false;
      else InputWindow.move(step.windows[index]!, member + 1, step.node.period);
    }
    if (!ready) return;
    step.run(position, bucketMs);
    for (const column of out.numeric.values()) column[mirror] = column[position]!;
    if (out.payload) out.payload[mirror] = out.payload[position];
  }

  // A join can pass over rows of a member: the first delivery may be one of those.
  #findFirst(
    compute: StreamCompute,
    index: number,
    input: StreamCompute["inputs"][number],
    member: number,
    rows: number,
  ): void {
    if (member < 0) return;
    const back = Math.min(rows, input.grid.capacity - 1);
    for (let offset = back - 1; offset >= 0; offset--) {
      if (input.columns.delivered(member - offset)) {
        compute.firstRows[index] = rows - 1 - offset;
        return;
      }
    }
  }

  #positionOf(member: StreamGrid, own: number): number {
    return member === this ? own : this.#memberPosition[this.#members.indexOf(member)]!;
  }

  #rowsOf(member: StreamGrid): number {
    return member === this ? this.rows : this.#used[this.#members.indexOf(member)]!;
  }

  /** Derived grids: adds the rows that are due at `nowMs`. Returns whether there were any. */
  derive(nowMs: EpochMs): boolean {
    return this.grid.kind === "resample" ? this.#resample(this.grid, nowMs) : this.#join(this.grid as JoinGrid, nowMs);
  }

  #resample(grid: ResampleGrid, nowMs: EpochMs): boolean {
    const parent = this.#members[0]!;
    const aggregations = grid.node.aggregations;
    const before = this.rows;
    for (let back = parent.pendingRows - 1; back >= 0; back--) {
      const position = parent.position - back;
      const time = parent.time[position]!;
      const start = time - (((time % grid.intervalMs) + grid.intervalMs) % grid.intervalMs);
      if (start !== this.#bucket) {
        if (this.#bucket === this.#bucket) this.#closeBucket(aggregations);
        this.#bucket = start;
        for (const state of this.#states) {
          state.value = Number.NaN;
          state.count = 0;
        }
      }
      for (let index = 0; index < aggregations.length; index++) {
        const value = this.#resampled!.input.numeric.get(aggregations[index]!.from)?.[position] ?? Number.NaN;
        accumulate(this.#states[index]!, value, aggregations[index]!.how);
      }
    }
    if (this.#bucket + grid.intervalMs <= nowMs) {
      this.#closeBucket(aggregations);
      this.#bucket = Number.NaN;
    }
    return this.rows > before;
  }

  #closeBucket(aggregations: readonly Aggregation[]): void {
    const position = this.begin(this.#bucket);
    for (let index = 0; index < aggregations.length; index++) {
      const { field, how } = aggregations[index]!;
      const column = this.#resampled!.columns.numeric.get(field)!;
      column[position] = column[position - this.capacity] = aggregated(this.#states[index]!, how);
    }
    this.compute(position, this.#bucket);
  }

  #join(grid: JoinGrid, nowMs: EpochMs): boolean {
    const before = this.rows;
    // All triggers have one interval, so at most the rows that came since the last flush are candidates.
    for (;;) {
      let bucket = Number.POSITIVE_INFINITY;
      for (let index = 0; index < grid.triggers.length; index++) {
        const next = this.#nextOf(index);
        if (next < bucket) bucket = next;
      }
      if (bucket + grid.intervalMs > nowMs || bucket === Number.POSITIVE_INFINITY) break;
      this.#joinBucket(grid, bucket);
    }
    // A join that does not fire must not let a coarser member run out of its ring.
    for (let index = grid.triggers.length; index < this.#members.length; index++) this.#catchUp(index, nowMs);
    return this.rows > before;
  }

  /** Bucket of the first row of a trigger that the join has not used; infinity when there is none. */
  #nextOf(index: number): EpochMs {
    const member = this.#members[index]!;
    const ahead = member.rows - this.#used[index]!;
    return ahead > 0 ? member.time[member.position - (ahead - 1)]! : Number.POSITIVE_INFINITY;
  }

  #joinBucket(grid: JoinGrid, bucket: EpochMs): void {
    const triggers = grid.triggers.length;
    let delivered = 0;
    for (let index = 0; index < triggers; index++) {
      if (this.#nextOf(index) !== bucket) continue;
      this.#used[index]!++;
      delivered++;
    }
    let began = true;
    for (let index = 0; index < triggers; index++) if (this.#used[index] === 0) began = false;
    const complete = delivered === triggers;
    if (!complete && this.rows > 0 && grid.onMissing === "fail") throw this.#gap(bucket);
    if (!complete && !(grid.onMissing === "hold" && began)) return;
    const nowMs = bucket + grid.intervalMs;
    for (let index = 0; index < this.#members.length; index++) {
      const member = this.#members[index]!;
      if (index >= triggers) this.#catchUp(index, nowMs);
      const used = this.#used[index]!;
      this.#memberPosition[index] = used === 0 ? -1 : member.position - (member.rows - used);
    }
    const position = this.begin(bucket);
    for (const { member, from, to } of this.#aligned) {
      const at = this.#memberPosition[this.#members.indexOf(member)]!;
      to[position] = to[position - this.capacity] = at < 0 ? Number.NaN : (from()?.[at] ?? Number.NaN);
    }
    this.compute(position, bucket);
  }

  #catchUp(index: number, nowMs: EpochMs): void {
    const intervalMs = this.#members[index]!.grid.intervalMs;
    while (this.#nextOf(index) + intervalMs <= nowMs) this.#used[index]!++;
  }

  #gap(bucket: EpochMs): QmtlError {
    const triggers = (this.grid as JoinGrid).triggers;
    const absent = triggers.filter((_, index) => this.#members[index]!.time[this.#members[index]!.position] !== bucket);
    const names = absent.map((grid) => this.#plan.nodes.find((planned) => planned.grid === grid)?.node.name ?? "?");
    return new QmtlError("DATA_GAP", `bucket ${formatInstant(bucket)} is missing from "${names.join('", "')}"`, {
      details: { bucketMs: bucket, inputs: names },
      hint: 'fill the gap, or let the node skip it (onMissing: "skip") or hold the last row (onMissing: "hold")',
    });
  }

  save(): GridSnapshot {
    const columns: { name: string; values: Float64Array }[] = [];
    this.#nodeOutputs.forEach((output, index) => {
      for (const [field, values] of output.numeric) columns.push({ name: `${index}:${field}`, values: values.slice() });
    });
    this.#aligned.forEach(({ to }, index) => columns.push({ name: `aligned:${index}`, values: to.slice() }));
    const kernels: Float64Array[] = [];
    const shapes: JsonValue[] = [];
    const firstRows: number[][] = [];
    for (const step of this.#steps) {
      if (step.kind === "operator") kernels.push(step.kernel.save());
      else if (step.kind === "series") {
        for (const column of step.series.history) kernels.push(column.slice(0, step.series.rows));
        shapes.push([...step.series.output.numeric.keys()]);
      } else {
        shapes.push(step.compute.step.shape());
        firstRows.push([...step.compute.firstRows]);
      }
    }
    return {
      rows: this.rows,
      time: this.time.slice(),
      columns,
      payloads: this.#nodeOutputs.map((output) => output.payload?.map((value) => value ?? null) ?? null),
      kernels,
      shapes,
      firstRows,
      join: this.grid.kind === "join" ? [...this.#used, ...this.#memberPosition] : null,
      buckets:
        this.grid.kind === "resample"
          ? Float64Array.of(this.#bucket, ...this.#states.flatMap((state) => [state.value, state.count]))
          : null,
    };
  }

  load(snapshot: GridSnapshot): void {
    this.rows = snapshot.rows;
    this.position = ((snapshot.rows - 1) & this.#mask) + this.capacity;
    this.pendingRows = 0;
    this.time.set(snapshot.time);
    let kernel = 0;
    let compute = 0;
    let shape = 0;
    for (const step of this.#steps) {
      if (step.kind === "operator") step.kernel.load(snapshot.kernels[kernel++]!);
      else if (step.kind === "series") {
        const { series } = step;
        series.rows = snapshot.kernels[kernel]!.length;
        series.history = series.history.map(() => {
          const saved = snapshot.kernels[kernel++]!;
          const column = new Float64Array(Math.max(256, saved.length * 2));
          column.set(saved);
          return column;
        });
        for (const field of snapshot.shapes[shape++] as readonly string[]) {
          if (!series.output.numeric.has(field)) series.output.addField(field);
        }
      } else {
        step.compute.step.restoreShape(snapshot.shapes[shape++]!);
        snapshot.firstRows[compute]!.forEach((row, index) => (step.compute.firstRows[index] = row));
        compute++;
      }
    }
    // What is not in the snapshot had no value yet.
    for (const output of this.#nodeOutputs) {
      for (const column of output.numeric.values()) column.fill(Number.NaN);
      output.payload?.fill(undefined);
    }
    for (const { name, values } of snapshot.columns) {
      const [owner, field] = [name.slice(0, name.indexOf(":")), name.slice(name.indexOf(":") + 1)];
      if (owner === "aligned") this.#aligned[Number(field)]!.to.set(values);
      else this.#nodeOutputs[Number(owner)]!.numeric.get(field)!.set(values);
    }
    snapshot.payloads.forEach((payload, index) => {
      const column = payload && this.#nodeOutputs[index]!.addPayload();
      payload?.forEach((value, row) => (column![row] = value ?? undefined));
    });
    if (snapshot.join) {
      const members = this.#members.length;
      for (let index = 0; index < members; index++) {
        this.#used[index] = snapshot.join[index]!;
        this.#memberPosition[index] = snapshot.join[members + index]!;
      }
    }
    if (snapshot.buckets) {
      this.#bucket = snapshot.buckets[0]!;
      this.#states.forEach((state, index) => {
        state.value = snapshot.buckets![1 + index * 2]!;
        state.count = snapshot.buckets![2 + index * 2]!;
      });
    }
  }
}
