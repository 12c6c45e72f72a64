import { QmtlError, sleep, type Clock, type EpochMs, type NodeId } from "@qmtl/core";
import type { StreamExecutor, StreamGrid } from "@qmtl/engine/execute";
import type { OutputColumns } from "@qmtl/engine/view";
import type { NodeExchange, NodeRecord } from "./node-exchange.ts";
import type { WrittenNode } from "./node-sharing.ts";
import { encodeRow, rowHash } from "./row-payload.ts";

interface Track extends WrittenNode {
  readonly grid: StreamGrid;
  readonly columns: OutputColumns;
  seenRows: number;
  readonly waiting: NodeRecord[];
}

/**
 * Sends the rows of the nodes this process computes to their queues, in order and at least once; a row sent twice is one
 * row there. Sending is never in the way of computing.
 */
export class NodePublisher {
  readonly #exchange: NodeExchange;
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  readonly #tracks: readonly Track[];
  readonly #sending = new Map<Track, Promise<void>>();

  constructor(exchange: NodeExchange, clock: Clock, executor: StreamExecutor, nodes: readonly WrittenNode[]) {
    this.#exchange = exchange;
    this.#clock = clock;
    this.#tracks = nodes.map((node) => {
      const { id } = node.address;
      const grid = executor.gridOf(id);
      return { ...node, grid, columns: executor.columnsOf(id), seenRows: grid.rows, waiting: [] };
    });
  }

  /**
   * Rows that were computed before, of which the queues lack the end: those after its last one. An empty queue gets the
   * newest row alone, so that readers know from where on it is whole.
   */
  sendFirst(past: (id: NodeId) => { readonly time: Float64Array; readonly columns: OutputColumns }): void {
    for (const track of this.#tracks) {
      const { time, columns } = past(track.address.id);
      const { lastMs } = track;
      const from = lastMs === undefined ? time.length - 1 : time.findLastIndex((bucketMs) => bucketMs <= lastMs) + 1;
      for (let row = Math.max(0, from); row < time.length; row++) this.#queue(track, time[row]!, columns, row);
    }
    this.send();
  }

  /** Takes what was computed since the last time, to be sent later. To be called after every instant: rings keep only so many rows. */
  collect(): void {
    for (const track of this.#tracks) {
      const { grid, columns } = track;
      for (; track.seenRows < grid.rows; track.seenRows++) {
        const position = grid.position - (grid.rows - track.seenRows - 1);
        this.#queue(track, grid.time[position]!, columns, position);
      }
    }
  }

  /** Everything collected so far has been taken by the queues. */
  get isDrained(): boolean {
    return this.#tracks.every(({ waiting }) => waiting.length === 0);
  }

  /** Sends what waits, for so long at most, and stops. What is left, the next one of these nodes sends. */
  async close(flushMs = 0): Promise<void> {
    if (flushMs > 0 && !this.isDrained) {
      const late = new AbortController();
      const timeout = sleep(this.#clock, flushMs, late.signal).catch(() => undefined);
      await Promise.race([this.#drain(), timeout]);
      late.abort();
    }
    this.#stop.abort(new QmtlError("CANCELLED", "the run was shut down"));
    await Promise.allSettled(this.#sending.values());
  }

  #queue({ address, token, waiting }: Track, bucketMs: EpochMs, columns: OutputColumns, row: number): void {
    const values = Array.from(columns.numeric.values(), (column) => column[row]!);
    const payload = encodeRow([...columns.numeric.keys()], values);
    waiting.push({ key: address.key, bucketMs, inputHash: rowHash(address.key, bucketMs, payload), token, payload });
  }

  /** Sends what was collected. */
  send(): void {
    for (const track of this.#tracks) {
      if (track.waiting.length === 0 || this.#sending.has(track)) continue;
      const sent = this.#send(track).finally(() => this.#sending.delete(track));
      this.#sending.set(track, sent);
    }
  }

  async #drain(): Promise<void> {
    while (!this.isDrained && !this.#stop.signal.aborted) {
      this.send();
      await Promise.allSettled(this.#sending.values());
    }
  }

  async #send(track: Track): Promise<void> {
    const { signal } = this.#stop;
    for (let attempt = 0; track.waiting.length > 0 && !signal.aborted;) {
      const batch = track.waiting.slice(0, recordsPerAppend);
      try {
        await this.#exchange.append(track.address.topic, batch);
        track.waiting.splice(0, batch.length);
        attempt = 0;
      } catch (error) {
        // Somebody else writes the node now. The lease says so too, and what follows from it.
        if (error instanceof QmtlError && error.code === "FENCED") {
          track.waiting.length = 0;
          return;
        }
        await sleep(this.#clock, Math.min(2_000, 50 * 2 ** Math.min(attempt++, 6)), signal).catch(() => undefined);
      }
    }
  }
}

const recordsPerAppend = 500;
