import type { EpochMs, IntervalMs, JsonValue, NodeId } from "@qmtl/core";
import type { StreamExecutor } from "@qmtl/engine/execute";
import type { Plan } from "@qmtl/engine/plan";
import { OutputColumns } from "@qmtl/engine/view";
import type { NodeOutputs } from "./assemble-result.ts";

/** Copies rows out of the rings as they pass, so that a stream leaves the columns a batch would. */
export class StreamRecorder implements NodeOutputs {
  readonly #keepsColumns: boolean;
  /** By grid, then by node on it. */
  readonly #records: readonly GridRecord[];
  readonly #places = new Map<NodeId, { readonly record: GridRecord; readonly place: number }>();

  constructor(plan: Plan, keepsColumns: boolean) {
    this.#keepsColumns = keepsColumns;
    this.#records = plan.grids.map((grid) => new GridRecord(grid.intervalMs));
    for (const { node, grid } of plan.nodes) {
      const record = this.#records[grid.index]!;
      this.#places.set(node.id, { record, place: record.nodeIds.push(node.id) - 1 });
    }
  }

  /** From now on rows come from this executor. */
  listenTo(executor: StreamExecutor): void {
    if (this.#keepsColumns) for (const record of this.#records) record.listenTo(executor);
  }

  /** Forgets rows that closed after `closeMs`: they are about to come again. */
  rewind(closeMs: EpochMs): void {
    for (const record of this.#records) record.rewind(closeMs);
  }

  columnsOf(id: NodeId): OutputColumns {
    const { record, place } = this.#places.get(id)!;
    return record.columnsOf(place);
  }

  timeOf(id: NodeId): Float64Array {
    return this.#places.get(id)!.record.time();
  }
}

class GridRecord {
  readonly nodeIds: NodeId[] = [];
  rows = 0;
  #time = new Float64Array(1_024);
  #rings: readonly OutputColumns[] = [];
  #kept: OutputColumns[] = [];
  #copies: { from: Float64Array; to: Float64Array }[] = [];
  #payloads: { from: readonly (JsonValue | undefined)[]; to: (JsonValue | undefined)[] }[] = [];
  // Of nodes that may put out more than they have so far.
  #growing: readonly OutputColumns[] = [];
  #fieldCount = -1;
  readonly #intervalMs: IntervalMs;

  constructor(intervalMs: IntervalMs) {
    this.#intervalMs = intervalMs;
  }

  rewind(closeMs: EpochMs): void {
    while (this.rows > 0 && this.#time[this.rows - 1]! + this.#intervalMs > closeMs) this.rows--;
  }

  listenTo(executor: StreamExecutor): void {
    this.#rings = this.nodeIds.map((id) => executor.columnsOf(id));
    this.#growing = this.#rings.filter((_, index) => {
      const { kind } = executor.plan.byId.get(this.nodeIds[index]!)!.node;
      return kind !== "operator" && kind !== "resample";
    });
    if (this.#kept.length === 0) this.#kept = this.#rings.map(() => new OutputColumns(this.#time.length));
    this.#fieldCount = -1;
    const [first] = this.nodeIds;
    if (first !== undefined) executor.gridOf(first).listen((position, bucketMs) => this.#add(position, bucketMs));
  }

  time(): Float64Array {
    return this.#time.subarray(0, this.rows);
  }

  columnsOf(place: number): OutputColumns {
    const kept = this.#kept[place];
    const columns = new OutputColumns(this.rows);
    for (const [field, column] of kept?.numeric ?? []) columns.setField(field, column.subarray(0, this.rows));
    if (kept?.payload) columns.payload = kept.payload.slice(0, this.rows);
    return columns;
  }

  #add(position: number, bucketMs: number): void {
    if (this.rows === this.#time.length) this.#grow();
    // Fields of authors' functions, and payloads, appear with their first output.
    let fields = 0;
    for (let index = 0; index < this.#growing.length; index++) {
      const ring = this.#growing[index]!;
      fields += ring.numeric.size + (ring.payload ? 1 : 0);
    }
    if (fields !== this.#fieldCount) this.#link(fields);
    const row = this.rows++;
    this.#time[row] = bucketMs;
    for (let index = 0; index < this.#copies.length; index++) {
      const { from, to } = this.#copies[index]!;
      to[row] = from[position]!;
    }
    for (let index = 0; index < this.#payloads.length; index++) {
      const { from, to } = this.#payloads[index]!;
      to[row] = from[position];
    }
  }

  #link(fields: number): void {
    this.#fieldCount = fields;
    this.#copies = this.#rings.flatMap((ring, index) => {
      const kept = this.#kept[index]!;
      if (ring.payload) kept.addPayload();
      return [...ring.numeric].map(([field, from]) => ({ from, to: kept.numeric.get(field) ?? kept.addField(field) }));
    });
    this.#payloads = this.#rings.flatMap(({ payload }, index) =>
      payload ? [{ from: payload, to: this.#kept[index]!.payload! }] : [],
    );
  }

  #grow(): void {
    const size = this.#time.length * 2;
    const time = new Float64Array(size);
    time.set(this.#time);
    this.#time = time;
    this.#kept = this.#kept.map((old) => {
      const columns = new OutputColumns(size);
      for (const [field, values] of old.numeric) {
        const larger = new Float64Array(size);
        larger.set(values);
        columns.setField(field, larger);
      }
      if (old.payload) columns.payload = old.payload;
      return columns;
    });
    this.#fieldCount = -1;
  }
}
