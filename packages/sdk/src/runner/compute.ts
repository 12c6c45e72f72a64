import type { NodeId } from "@qmtl/core";
import { runBatch, StreamExecutor, type StreamGrid } from "@qmtl/engine/execute";
import type { Frame } from "@qmtl/engine/frame";
import type { Plan } from "@qmtl/engine/plan";
import {
  simulateColumns,
  simulateStream,
  type OrderSource,
  type SimulateHooks,
  type StreamOrderSource,
  type StreamSource,
} from "@qmtl/engine/simulate";
import { OutputColumns } from "@qmtl/engine/view";
import { Strategy } from "../strategy/strategy.ts";
import { payloadAt, type Account } from "./account.ts";
import type { NodeOutputs } from "./assemble-result.ts";
import type { OfflineOptions } from "./options.ts";

/** Column by column, then every account over its bars. */
export function computeBatch(
  plan: Plan,
  frames: ReadonlyMap<NodeId, Frame>,
  accounts: readonly Account[],
  options: OfflineOptions,
): NodeOutputs {
  const run = runBatch(plan, frames, {
    onNode: (done, total) => {
      options.signal?.throwIfAborted();
      options.onProgress?.((0.5 * done) / total, "computing nodes");
    },
  });
  accounts.forEach((account, index) => {
    const sources: OrderSource[] = account.targets.map(({ node, instrument, unit }) => ({
      kind: "target",
      instrument,
      unit,
      intervalMs: node.intervalMs,
      time: run.rowsOf(node.id).time,
      values: run.columnsOf(node.id).numeric.get("value")!,
    }));
    for (const entry of account.orderPath.entries) {
      const columns = run.columnsOf(entry.id);
      sources.push({
        kind: "payload",
        intervalMs: entry.intervalMs,
        time: run.rowsOf(entry.id).time,
        deliver: (row, bucketMs, nowMs) => {
          const payload = payloadAt(columns, row);
          if (payload !== undefined) account.orderPath.deliver(entry, payload, bucketMs, nowMs);
        },
      });
    }
    simulateColumns(account.simulation, account.feeds, sources, hooksOf(account, options, index, accounts.length));
  });
  return { columnsOf: (id) => run.columnsOf(id), timeOf: (id) => run.rowsOf(id).time };
}

/** Event by event; can go on when the sources get more rows. */
export class StreamRun {
  readonly executor: StreamExecutor;
  readonly sources: StreamSource[];
  readonly #accounts: readonly Account[];
  readonly #orders: readonly StreamOrderSource[][];
  readonly #hooks: readonly SimulateHooks[];
  readonly #recorder: Recorder;

  constructor(plan: Plan, frames: ReadonlyMap<NodeId, Frame>, accounts: readonly Account[], options: OfflineOptions) {
    this.executor = new StreamExecutor(plan);
    this.#accounts = accounts;
    this.#hooks = accounts.map((account, index) => hooksOf(account, options, index, accounts.length));
    this.sources = plan.nodes.flatMap(({ node }) =>
      node.kind === "source" ? [{ id: node.id, frame: frames.get(node.id)!, fields: node.fields, next: 0 }] : [],
    );
    this.#orders = accounts.map((account) => this.#orderSources(account));
    this.#recorder = new Recorder(plan, this.executor, options.keep !== "none");
  }

  /** Runs to the end of the rows that are there. */
  run(): void {
    const byId = new Map(this.sources.map((source, index) => [source.id, index]));
    simulateStream(
      this.executor,
      this.sources,
      this.#accounts.map((account, index) => ({
        simulation: account.simulation,
        feeds: account.feeds.map((feed) => ({ feed, source: byId.get(feed.source)! })),
        orders: this.#orders[index]!,
        hooks: this.#hooks[index]!,
      })),
    );
  }

  outputs(): NodeOutputs {
    return this.#recorder;
  }

  #orderSources(account: Account): StreamOrderSource[] {
    const { executor } = this;
    const targets: StreamOrderSource[] = account.targets.map(({ node, instrument, unit }) => ({
      kind: "target",
      grid: executor.gridOf(node.id),
      column: executor.columnsOf(node.id).numeric.get("value")!,
      instrument,
      unit,
      seenRows: 0,
    }));
    const payloads: StreamOrderSource[] = account.orderPath.entries.map((entry) => {
      const columns = executor.columnsOf(entry.id);
      return {
        kind: "payload",
        grid: executor.gridOf(entry.id),
        seenRows: 0,
        deliver: (position, bucketMs, nowMs) => {
          const payload = payloadAt(columns, position);
          if (payload !== undefined) account.orderPath.deliver(entry, payload, bucketMs, nowMs);
        },
      };
    });
    return [...targets, ...payloads];
  }
}

/** Copies rows out of the rings as they pass, so that a stream leaves the columns a batch would. */
class Recorder implements NodeOutputs {
  readonly #byGrid = new Map<StreamGrid, GridRecord>();
  readonly #outputs = new Map<NodeId, { record: GridRecord; ring: OutputColumns }>();
  readonly #keepsColumns: boolean;

  constructor(plan: Plan, executor: StreamExecutor, keepsColumns: boolean) {
    this.#keepsColumns = keepsColumns;
    for (const { node } of plan.nodes) {
      const grid = executor.gridOf(node.id);
      let record = this.#byGrid.get(grid);
      if (!record) {
        this.#byGrid.set(grid, (record = new GridRecord()));
        if (keepsColumns) {
          const target = record;
          grid.listen((position, bucketMs) => target.add(position, bucketMs));
        }
      }
      const ring = executor.columnsOf(node.id);
      record.rings.push(ring);
      this.#outputs.set(node.id, { record, ring });
    }
  }

  columnsOf(id: NodeId): OutputColumns {
    const { record, ring } = this.#outputs.get(id)!;
    return this.#keepsColumns ? record.columnsOf(ring) : new OutputColumns(0);
  }

  timeOf(id: NodeId): Float64Array {
    return this.#outputs.get(id)!.record.time();
  }
}

class GridRecord {
  readonly rings: OutputColumns[] = [];
  rows = 0;
  #time = new Float64Array(1_024);
  readonly #columns = new Map<OutputColumns, OutputColumns>();
  #copies: { from: Float64Array; to: Float64Array }[] = [];
  #fieldCount = -1;

  add(position: number, bucketMs: number): void {
    if (this.rows === this.#time.length) this.#resize(this.rows * 2);
    // Fields of authors' functions appear with their first output.
    let fields = 0;
    for (const ring of this.rings) fields += ring.numeric.size + (ring.payload ? 1 : 0);
    if (fields !== this.#fieldCount) this.#link(fields);
    const row = this.rows++;
    this.#time[row] = bucketMs;
    const copies = this.#copies;
    for (let index = 0; index < copies.length; index++) copies[index]!.to[row] = copies[index]!.from[position]!;
    for (const ring of this.rings) if (ring.payload) this.#columns.get(ring)!.payload![row] = ring.payload[position];
  }

  time(): Float64Array {
    return this.#time.subarray(0, this.rows);
  }

  columnsOf(ring: OutputColumns): OutputColumns {
    const kept = new OutputColumns(this.rows);
    const all = this.#columns.get(ring);
    for (const field of ring.numeric.keys()) {
      const column = all?.numeric.get(field);
      kept.setField(field, column ? column.subarray(0, this.rows) : new Float64Array(this.rows).fill(Number.NaN));
    }
    if (all?.payload) kept.payload = all.payload.slice(0, this.rows);
    return kept;
  }

  #link(fields: number): void {
    this.#fieldCount = fields;
    this.#copies = [];
    for (const ring of this.rings) {
      let columns = this.#columns.get(ring);
      if (!columns) this.#columns.set(ring, (columns = new OutputColumns(this.#time.length)));
      for (const [field, from] of ring.numeric) {
        this.#copies.push({ from, to: columns.numeric.get(field) ?? columns.addField(field) });
      }
      if (ring.payload) columns.addPayload();
    }
  }

  #resize(size: number): void {
    const time = new Float64Array(size);
    time.set(this.#time);
    this.#time = time;
    for (const [ring, old] of this.#columns) {
      const columns = new OutputColumns(size);
      for (const [field, values] of old.numeric) columns.addField(field).set(values);
      if (old.payload) columns.payload = old.payload;
      this.#columns.set(ring, columns);
    }
    this.#fieldCount = -1;
  }
}

function hooksOf(account: Account, options: OfflineOptions, index: number, count: number): SimulateHooks {
  const { strategy } = account.graph;
  const rows = Math.max(1, ...account.feeds.map((feed) => feed.length));
  const wantsFills = strategy.onFill !== Strategy.prototype.onFill;
  let reported = 0;
  return {
    onProgress: (bars) => {
      options.signal?.throwIfAborted();
      options.onProgress?.(0.5 + (0.5 * (index + Math.min(1, bars / rows))) / count, "trading");
    },
    ...(account.orderPath.waits && { onClose: (nowMs: number) => account.orderPath.close(nowMs) }),
    ...(wantsFills && {
      afterClose: () => {
        const { fills, orders } = account.broker;
        for (; reported < fills.length; reported++) {
          const fill = fills.at(reported)!;
          strategy.onFill(orders.at(fill.orderId - 1)!, fill);
        }
      },
    }),
  };
}
