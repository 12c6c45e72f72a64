import { formatInterval, QmtlError } from "@qmtl/core";
import type { Frame } from "@qmtl/engine/frame";
import { checkFrame, refuseErrors, type CheckOptions, type LoadedFrame } from "../data-quality/index.ts";
import type { HistoryBackend, HistoryProvider, HistoryRequest, StreamKey, TimeRange } from "../history/index.ts";
import type { Dataset } from "./dataset.ts";

/**
 * A dataset as history, and as the place where an `AugmentedHistoryProvider` keeps what it fetched. It holds one
 * stream; the node id of a request plays no part.
 */
export class CatalogHistory implements HistoryProvider, HistoryBackend {
  readonly dataset: Dataset;
  readonly #options: CheckOptions;

  constructor(dataset: Dataset, options: CheckOptions = {}) {
    this.dataset = dataset;
    this.#options = options;
  }

  async load(range: Parameters<NonNullable<HistoryProvider["load"]>>[0] = {}): Promise<LoadedFrame> {
    const frame = await this.dataset.read();
    const loaded = checkFrame(frame, {
      source: this.dataset.folder,
      stream: this.dataset.name,
      ...this.#options,
      ...range,
    });
    refuseErrors(loaded, this.#options.allow);
    return loaded;
  }

  async fetch(request: HistoryRequest): Promise<Frame> {
    return this.readRange(request);
  }

  async readRange(request: HistoryRequest): Promise<Frame> {
    const manifest = await this.dataset.manifest();
    if (manifest === undefined)
      return { intervalMs: request.intervalMs, length: 0, time: new Float64Array(0), columns: {} };
    if (manifest.intervalMs !== request.intervalMs) {
      const [has, needs] = [formatInterval(manifest.intervalMs), formatInterval(request.intervalMs)];
      throw new QmtlError(
        "INTERVAL_INVALID",
        `the stream asks for rows of ${needs}; dataset "${this.dataset.name}" has ${has}`,
      );
    }
    return this.dataset.read(request);
  }

  /** Rows that are there already are refused, not replaced: see `Dataset.append`. */
  async writeRows(_key: StreamKey, frame: Frame): Promise<void> {
    await this.dataset.append(frame);
  }

  async coverage(): Promise<readonly TimeRange[]> {
    return this.dataset.coverage();
  }

  async fillMissing(): Promise<void> {
    throw new QmtlError("DATA_MISSING", `dataset "${this.dataset.name}" cannot fetch rows that it lacks`, {
      hint: "use it as the backend of AugmentedHistoryProvider with a fetcher",
    });
  }

  async ensureRange(): Promise<void> {}
}
