import type { Frame } from "@qmtl/engine/frame";
import { systemClock } from "../edge/system-clock.ts";
import type { LiveFeed } from "../feeds/index.ts";
import { emptyFrame, frameRange } from "../history/index.ts";
import type { BoundData } from "../runner/bind-data.ts";
import type { PreparedRun } from "../runner/offline.ts";
import { decodeRow, type NodeExchange, type NodeRecord } from "../sharing/index.ts";
import type { QueueInput } from "../strategy/queue-input.ts";
import type { WorldRunOptions } from "./options.ts";
import { QueueFeed } from "./queue-feed.ts";

/** The past of the run's streams, and the feed of what follows. */
export interface RunRows {
  readonly data: BoundData;
  readonly feed: LiveFeed | undefined;
}

/**
 * Adds the queues a run reads to its rows: what they hold up to where the other streams' history ends is their past, the
 * rest comes with the feed.
 */
export async function withQueues(
  queues: readonly QueueInput[],
  prepared: PreparedRun,
  { data, feed }: RunRows,
  exchange: NodeExchange,
  { signal, clock = systemClock }: Pick<WorldRunOptions, "signal" | "clock">,
): Promise<RunRows> {
  if (queues.length === 0) return { data, feed };
  const others = [...data.frames.values()];
  // A stream without a past begins with the feed, and so do the queues beside it.
  const endMs = Math.min(...others.map(closeOf));
  const frames = new Map(data.frames);
  for (const queue of queues) {
    const { id } = prepared.graphs[0]!.byNode.get(queue)!;
    const whole = frameOf(queue, await recordsOf(queue, exchange, signal ?? new AbortController().signal));
    frames.set(id, frameRange(whole, { start: Number.NEGATIVE_INFINITY, end: endMs - whole.intervalMs + 1 }));
  }
  const isFed = feed !== undefined || others.length === 0;
  return { data: { ...data, frames }, feed: isFed ? new QueueFeed(queues, exchange, clock, feed) : undefined };
}

function closeOf({ time, length, intervalMs }: Frame): number {
  return length === 0 ? Number.NEGATIVE_INFINITY : time[length - 1]! + intervalMs;
}

const recordsPerRead = 1_000;

async function recordsOf({ queue }: QueueInput, exchange: NodeExchange, signal: AbortSignal): Promise<NodeRecord[]> {
  const all: NodeRecord[] = [];
  for (let offset = 0; ;) {
    const { records, nextOffset } = await exchange.read(queue.topic, offset, recordsPerRead, 0, signal);
    for (const record of records) if (record.key === queue.key) all.push(record);
    if (records.length < recordsPerRead) return all;
    offset = nextOffset;
  }
}

/** Rows in order of their buckets, each once; those of a writer that had lost its right are no rows. */
function frameOf({ queue, declaredIntervalMs }: QueueInput, records: readonly NodeRecord[]): Frame {
  const time: number[] = [];
  const rows: Float64Array[] = [];
  let token = 0;
  for (const record of records) {
    if (record.token < token) continue;
    token = record.token;
    if (time.length > 0 && record.bucketMs <= time.at(-1)!) continue;
    time.push(record.bucketMs);
    rows.push(decodeRow(record.payload, queue.fields));
  }
  const columns = queue.fields.map((field, place) => [field, Float64Array.from(rows, (row) => row[place]!)] as const);
  return {
    ...emptyFrame(declaredIntervalMs!),
    length: time.length,
    time: Float64Array.from(time),
    columns: Object.fromEntries(columns),
  };
}
