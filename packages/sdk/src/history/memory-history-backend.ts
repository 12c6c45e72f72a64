import { QmtlError } from "@qmtl/core";
import type { Frame } from "@qmtl/engine/frame";
import { coverageOf, type TimeRange } from "./coverage.ts";
import { emptyFrame, frameRange, mergeFrames } from "./frames.ts";
import type { HistoryBackend, HistoryRequest, StreamKey } from "./types.ts";

/** Rows in memory, by node and interval. For tests, notebooks and data that are made on the fly. */
export class MemoryHistoryBackend implements HistoryBackend {
  readonly #frames = new Map<string, Frame>();

  async readRange(request: HistoryRequest): Promise<Frame> {
    return frameRange(this.#frame(request), request);
  }

  async writeRows(key: StreamKey, frame: Frame): Promise<void> {
    if (frame.intervalMs !== key.intervalMs) {
      throw new QmtlError("INTERVAL_INVALID", `expected rows of ${key.intervalMs} ms; found ${frame.intervalMs} ms`);
    }
    this.#frames.set(keyText(key), mergeFrames(this.#frame(key), frame));
  }

  async coverage(key: StreamKey): Promise<readonly TimeRange[]> {
    return coverageOf(this.#frame(key).time, key.intervalMs);
  }

  #frame(key: StreamKey): Frame {
    return this.#frames.get(keyText(key)) ?? emptyFrame(key.intervalMs);
  }
}

export function keyText(key: StreamKey): string {
  return `${key.intervalMs} ${key.nodeId}`;
}
