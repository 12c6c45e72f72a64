import { formatInterval, QmtlError, type JsonValue } from "@qmtl/core";
import type { Frame } from "@qmtl/engine/frame";
import type { LoadedFrame } from "../data-quality/index.ts";
import type { FileFormat } from "../formats/index.ts";
import { coverageOf, type TimeRange } from "./coverage.ts";
import { frameRange } from "./frames.ts";
import { loadFrame, type LoadOptions } from "./load-frame.ts";
import type { HistoryProvider, HistoryRequest, StreamKey } from "./types.ts";

/** Rows of one data file. The file is read on first use, and checked as `loadFrame` does. */
export class FileHistory implements HistoryProvider {
  readonly path: string;
  readonly #options: LoadOptions;
  readonly #loaded = new Map<string, Promise<LoadedFrame>>();

  constructor(path: string, options: LoadOptions = {}) {
    this.path = path;
    this.#options = options;
  }

  /** Equal of histories that read one file in one way. */
  get key(): string {
    return JSON.stringify([this.path, this.#options]);
  }

  async load(range: Parameters<NonNullable<HistoryProvider["load"]>>[0] = {}): Promise<LoadedFrame> {
    const { start, end, intervalMs, stream } = range;
    const loaded = await this.#load({
      ...this.#options,
      ...(start !== undefined && { start }),
      ...(end !== undefined && { end }),
      ...(stream !== undefined && { stream }),
      ...(intervalMs !== undefined && { interval: intervalMs / 1_000 }),
    });
    if (Object.keys(this.#options).length === 0) return loaded;
    // A manifest needs it to read the file in the same way again.
    const load = JSON.parse(JSON.stringify({ ...this.#options, signal: undefined })) as JsonValue;
    return { ...loaded, quality: { ...loaded.quality, load } };
  }

  /** @throws QmtlError `INTERVAL_INVALID` when the file's rows are of another interval */
  async fetch(request: HistoryRequest): Promise<Frame> {
    return frameRange(await this.#frameFor(request), request);
  }

  async coverage(key: StreamKey): Promise<readonly TimeRange[]> {
    return coverageOf((await this.#frameFor(key)).time, key.intervalMs);
  }

  async fillMissing(request: HistoryRequest): Promise<void> {
    throw new QmtlError("DATA_MISSING", `${this.path} is a file: rows that it lacks cannot be fetched`, {
      details: { file: this.path, start: request.start, end: request.end },
      hint: "add the rows to the file, or use AugmentedHistoryProvider with a fetcher",
    });
  }

  async ensureRange(): Promise<void> {}

  async #frameFor(key: StreamKey): Promise<Frame> {
    const { frame } = await this.#load();
    if (frame.intervalMs === key.intervalMs || frame.length === 0) return frame;
    const [has, needs] = [formatInterval(frame.intervalMs), formatInterval(key.intervalMs)];
    throw new QmtlError("INTERVAL_INVALID", `the stream asks for rows of ${needs}; ${this.path} has rows of ${has}`, {
      details: { file: this.path, expected: key.intervalMs, found: frame.intervalMs },
      hint: `set the stream's interval to "${has}", and resample to ${needs} with an operator`,
    });
  }

  // Streams that share a file share what was read. A file that failed is read again: it may have been corrected.
  #load(options: LoadOptions = this.#options): Promise<LoadedFrame> {
    const { start, end, interval, stream } = options;
    const key = JSON.stringify([start, end, interval, stream]);
    let loaded = this.#loaded.get(key);
    if (loaded === undefined) {
      loaded = loadFrame(this.path, options).catch((error: unknown) => {
        this.#loaded.delete(key);
        throw error;
      });
      this.#loaded.set(key, loaded);
    }
    return loaded;
  }
}

/** History from a file, its format told by its name. */
export function fileHistory(path: string, options: LoadOptions = {}): FileHistory {
  return new FileHistory(path, options);
}

export function csvHistory(path: string, options: LoadOptions = {}): FileHistory {
  return ofFormat("csv", path, options);
}

export function jsonlHistory(path: string, options: LoadOptions = {}): FileHistory {
  return ofFormat("jsonl", path, options);
}

export function parquetHistory(path: string, options: LoadOptions = {}): FileHistory {
  return ofFormat("parquet", path, options);
}

export function arrowHistory(path: string, options: LoadOptions = {}): FileHistory {
  return ofFormat("arrow", path, options);
}

function ofFormat(format: FileFormat, path: string, options: LoadOptions): FileHistory {
  return new FileHistory(path, { ...options, format });
}
