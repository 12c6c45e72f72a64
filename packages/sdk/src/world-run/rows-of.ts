import { parseInstant, type EpochMs } from "@qmtl/core";
import type { Frame } from "@qmtl/engine/frame";
import { ReplayFeed } from "../feeds/index.ts";
import { emptyFrame, frameRange } from "../history/index.ts";
import { bindData, type BoundData } from "../runner/bind-data.ts";
import type { PreparedRun } from "../runner/offline.ts";
import { QueueInput } from "../strategy/queue-input.ts";
import { StreamInput } from "../strategy/stream-input.ts";
import type { WorldRunOptions } from "./options.ts";
import type { RunRows } from "./queue-rows.ts";

/** Rows before the feed, and the feed. A stream without rows starts empty: the feed has to bring the warm-up. */
export async function rowsOf(prepared: PreparedRun, options: WorldRunOptions): Promise<RunRows> {
  const { data, load, signal, onProgress, feed, replaySpeed, clock } = options;
  const { historyStart = options.startTime, historyEnd = options.endTime } = options;
  const nodes = prepared.graphs[0]!.nodes.filter(
    ({ node }) => node instanceof StreamInput && !(node instanceof QueueInput),
  );
  const streams = nodes.map(({ id, node, intervalMs }) => ({ id, intervalMs, stream: node as StreamInput<string> }));
  const hasPast = data !== undefined || streams.some(({ stream }) => stream.history !== undefined);
  if (!hasPast && feed !== undefined) {
    const frames = new Map(streams.map(({ id, stream, intervalMs }) => [id, withNoRows(stream, intervalMs)]));
    return { data: { frames, quality: new Map() }, feed };
  }
  const replays = feed === undefined && replaySpeed !== undefined && streams.length > 0;
  const bound = await bindData(prepared.graphs, {
    ...(data !== undefined && { data }),
    ...(load && { load }),
    ...(historyStart !== undefined && { startTime: historyStart }),
    ...(historyEnd !== undefined && !replays && { endTime: historyEnd }),
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
  });
  if (!replays) return { data: cutEven(bound), feed };
  const splitMs = historyEnd === undefined ? middleOf(bound) : parseInstant(historyEnd, "historyEnd");
  const past = new Map([...bound.frames].map(([id, frame]) => [id, frameRange(frame, { start: 0, end: splitMs })]));
  const played = streams.map(({ id, stream }) => [stream.name, bound.frames.get(id)!] as const);
  const replay = new ReplayFeed({ data: Object.fromEntries(played), speed: replaySpeed, ...(clock && { clock }) });
  return { data: cutEven({ ...bound, frames: past }), feed: replay };
}

function withNoRows(stream: StreamInput<string>, intervalMs: number): Frame {
  const columns = Object.fromEntries(stream.fields.map((field) => [field, new Float64Array(0)]));
  return { ...emptyFrame(intervalMs), columns };
}

function middleOf({ frames }: BoundData): EpochMs {
  const [first] = frames.values();
  return first!.time[first!.length >> 1]!;
}

/**
 * Histories end when their files were written. The run goes on from the instant up to which all of them reach, so that
 * no stream is taken for silent where only its file is shorter.
 */
function cutEven(bound: BoundData): BoundData {
  const next = Array.from(bound.frames.values(), (frame) => {
    const last = frame.time[frame.length - 1];
    return last === undefined ? Infinity : last + 2 * frame.intervalMs;
  });
  const firstMissingMs = Math.min(...next);
  const frames = new Map(bound.frames);
  for (const [id, frame] of frames) {
    frames.set(id, frameRange(frame, { start: Number.NEGATIVE_INFINITY, end: firstMissingMs - frame.intervalMs }));
  }
  return { ...bound, frames };
}
