import { assert, type Clock, type EpochMs, type NodeId } from "@qmtl/core";
import { runBatch } from "@qmtl/engine/execute";
import type { Frame } from "@qmtl/engine/frame";
import type { OutputColumns } from "@qmtl/engine/view";
import type { IdentifiedNode } from "../graph/build-graph.ts";
import { frameRange } from "../history/index.ts";
import type { PreparedRun } from "../runner/offline.ts";
import { NodePublisher, QueueReader, splitPlan, type NodeExchange, type Sharing } from "../sharing/index.ts";
import { LiveCompute, type LiveComputeOptions, type LiveStep } from "./live-compute.ts";
import type { JournalState, RunJournal } from "./run-journal.ts";
import { RowMerger, type LiveRow } from "./row-merger.ts";

export interface SharedRunOptions extends LiveComputeOptions {
  readonly prepared: PreparedRun;
  /** Rows of the inputs before the feed. */
  readonly past: ReadonlyMap<NodeId, Frame>;
  readonly journal: RunJournal;
  readonly clock: Clock;
  /** How long rows of one stream wait for those of another. Default 2 s. */
  readonly graceMs?: number;
  onInstant(closeMs: EpochMs, rows: readonly LiveRow[], step: LiveStep): void;
  /** The run cannot go on. */
  onFailure(error: unknown): void;
}

/**
 * A live run whose nodes may be computed here or read from another process, and change hands while it goes on. The account
 * stays where it is; nodes come to the same state either way, because equal rows give equal bits.
 */
export class SharedRun {
  readonly merger: RowMerger;
  readonly #options: SharedRunOptions;
  #compute: LiveCompute;
  #publisher: NodePublisher | undefined;
  #readers: QueueReader[] = [];
  #isWhole = true;

  constructor(options: SharedRunOptions) {
    this.#options = options;
    this.#compute = new LiveCompute(options.prepared, options);
    const inputs = this.#compute.streams;
    this.merger = new RowMerger({
      intervalsMs: this.#nodesInOrder().map(({ intervalMs }) => intervalMs),
      watched: inputs.length,
      clock: options.clock,
      graceMs: options.graceMs ?? 2_000,
      release: (closeMs, rows) => this.#instant(closeMs, rows),
    });
  }

  get compute(): LiveCompute {
    return this.#compute;
  }

  /** Every node is computed here: only then can the state be written down as one. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** All rows written so far have reached their queues. */
  get isDrained(): boolean {
    return this.#publisher?.isDrained ?? true;
  }

  start(state: JournalState): void {
    if (state.checkpoint === undefined) this.#compute.warmUp(this.#options.past);
    else this.#compute.restore(state);
  }

  /** Numeric fields of a node's rows, as far as its past tells. */
  fieldsOf(node: IdentifiedNode): readonly string[] | undefined {
    if (node.node.fields !== undefined) return node.node.fields;
    const columns = this.#compute.columnsOf(node.id);
    return columns === undefined || columns.payload !== null || columns.numeric.size === 0
      ? undefined
      : [...columns.numeric.keys()];
  }

  /**
   * From now on the run is split so. Nodes are brought to where the account stands from all rows so far; rows of nodes
   * that this process writes from now on, and that their queue lacks, are sent first.
   */
  share(sharing: Sharing, exchange: NodeExchange): void {
    const { prepared } = this.#options;
    const [graph] = prepared.graphs;
    assert(graph, "a live run has one strategy");
    for (const reader of this.#readers.splice(0)) reader.close();
    void this.#publisher?.close();
    this.#publisher = undefined;
    const past = this.#rowsSoFar();
    const whole = runBatch(prepared.plan, past);
    const { closedMs } = this.#compute;

    const frames = new Map(past);
    for (const [id, fields] of sharing.split.read) {
      frames.set(
        id,
        frameOf(whole.columnsOf(id), whole.rowsOf(id).time, fields, intervalOf(graph.nodes, id), closedMs),
      );
    }
    const next = new LiveCompute(prepared, this.#options, splitPlan(graph, sharing.split));
    next.warmUp(frames);
    next.adopt(this.#compute);
    this.#compute = next;
    this.#isWhole = sharing.split.read.size === 0;

    const { clock } = this.#options;
    this.#publisher = new NodePublisher(exchange, clock, next.executor, sharing.written);
    this.#publisher.sendFirst((id) => ({ time: whole.rowsOf(id).time, columns: whole.columnsOf(id) }));

    // What is read from now on is waited for before what was read before no longer is: an instant that waited for the one
    // would be computed without the other.
    const places = this.#nodesInOrder().flatMap(({ id }, index) => (index < past.size ? [] : [{ id, index }]));
    for (const { id, index } of places) if (sharing.readFrom.has(id)) this.merger.watch(index, true, closedMs);
    for (const { id, index } of places) {
      const address = sharing.readFrom.get(id);
      if (address === undefined) {
        this.merger.watch(index, false, closedMs);
        continue;
      }
      this.#readers.push(
        new QueueReader({
          exchange,
          clock,
          address,
          fields: sharing.split.read.get(id)!,
          // The first bucket that closes after what was computed.
          fromMs: closedMs - intervalOf(graph.nodes, id) + 1,
          onRow: (bucketMs, values) => this.merger.push({ stream: index, bucketMs, values }),
        }),
      );
    }
  }

  /** Rows that were computed so far may be sent: they are written down. */
  send(): void {
    this.#publisher?.send();
  }

  async close(): Promise<void> {
    for (const reader of this.#readers.splice(0)) reader.close();
    this.merger.close();
    await this.#publisher?.close(flushMs);
  }

  #instant(closeMs: EpochMs, rows: readonly LiveRow[]): void {
    try {
      const step = this.#compute.step(closeMs, rows);
      this.#publisher?.collect();
      this.#options.onInstant(closeMs, rows, step);
    } catch (error) {
      this.#options.onFailure(error);
    }
  }

  /** The plan's nodes in the order of stream places: inputs, then the rest. */
  #nodesInOrder(): readonly IdentifiedNode[] {
    const { plan, graphs } = this.#options.prepared;
    const byId = new Map(graphs[0]!.nodes.map((node) => [node.id, node]));
    const inputs = plan.nodes.filter(({ node }) => node.kind === "source");
    const others = plan.nodes.filter(({ node }) => node.kind !== "source");
    return [...inputs, ...others].map(({ node }) => byId.get(node.id)!);
  }

  /** Inputs from the first row of history to where the account stands. */
  #rowsSoFar(): ReadonlyMap<NodeId, Frame> {
    const { past, journal } = this.#options;
    const { closedMs, streams } = this.#compute;
    return new Map(
      streams
        .filter(({ id }) => past.has(id))
        .map((stream) => {
          // A history that was read later reaches further than the account.
          const before = frameRange(past.get(stream.id)!, {
            start: Number.NEGATIVE_INFINITY,
            end: closedMs - stream.intervalMs + 1,
          });
          const lastMs = before.time[before.length - 1] ?? Number.NEGATIVE_INFINITY;
          const rows = journal
            .rowsOf(stream.index)
            .filter(({ bucketMs }) => bucketMs > lastMs && bucketMs + stream.intervalMs <= closedMs);
          return [stream.id, extended(before, rows, stream.fields)] as const;
        }),
    );
  }
}

/** How long the last rows may take to their queues when a run ends. */
const flushMs = 1_000;

function extended(frame: Frame, rows: readonly LiveRow[], fields: readonly string[]): Frame {
  if (rows.length === 0) return frame;
  const length = frame.length + rows.length;
  const time = new Float64Array(length);
  time.set(frame.time);
  rows.forEach(({ bucketMs }, row) => (time[frame.length + row] = bucketMs));
  const columns = fields.map((field, place) => {
    const column = new Float64Array(length);
    column.set(frame.columns[field]!);
    rows.forEach(({ values }, row) => (column[frame.length + row] = values[place]!));
    return [field, column] as const;
  });
  return { intervalMs: frame.intervalMs, length, time, columns: Object.fromEntries(columns) };
}

function frameOf(
  columns: OutputColumns,
  time: Float64Array,
  fields: readonly string[],
  intervalMs: number,
  closedMs: EpochMs,
): Frame {
  let { length } = time;
  while (length > 0 && time[length - 1]! + intervalMs > closedMs) length--;
  const cut = fields.map((field) => [field, columns.numeric.get(field)!.subarray(0, length)] as const);
  return { intervalMs, length, time: time.subarray(0, length), columns: Object.fromEntries(cut) };
}

function intervalOf(nodes: readonly IdentifiedNode[], id: NodeId): number {
  return nodes.find((node) => node.id === id)!.intervalMs;
}
