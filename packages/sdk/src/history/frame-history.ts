import { QmtlError } from "@qmtl/core";
import type { Frame } from "@qmtl/engine/frame";
import { coverageOf, type TimeRange } from "./coverage.ts";
import { frameRange } from "./frames.ts";
import type { HistoryProvider, HistoryRequest, StreamKey } from "./types.ts";

/** Rows that are in memory already: generated, or read by code of one's own. */
export function frameHistory(frame: Frame): HistoryProvider {
  return new FrameHistory(frame);
}

class FrameHistory implements HistoryProvider {
  readonly #frame: Frame;

  constructor(frame: Frame) {
    this.#frame = frame;
  }

  async fetch(request: HistoryRequest): Promise<Frame> {
    return frameRange(this.#frame, request);
  }

  async coverage(key: StreamKey): Promise<readonly TimeRange[]> {
    return coverageOf(this.#frame.time, key.intervalMs);
  }

  async fillMissing({ start, end }: HistoryRequest): Promise<void> {
    throw new QmtlError("DATA_MISSING", "these rows are all there are: rows that they lack cannot be fetched", {
      details: { start, end },
      hint: "make more rows, or use AugmentedHistoryProvider with a fetcher",
    });
  }

  async ensureRange(): Promise<void> {}
}
