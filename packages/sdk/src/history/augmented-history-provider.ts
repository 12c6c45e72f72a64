import { QmtlError } from "@qmtl/core";
import type { Frame } from "@qmtl/engine/frame";
import { FetcherBackfillStrategy } from "./backfill-strategies.ts";
import { mergeRanges, missingRanges, wholeBuckets, type TimeRange } from "./coverage.ts";
import { keyText } from "./memory-history-backend.ts";
import { SingleFlight } from "./single-flight.ts";
import type {
  AutoBackfillStrategy,
  DataFetcher,
  HistoryBackend,
  HistoryProvider,
  HistoryRequest,
  StreamKey,
} from "./types.ts";

/**
 * A backend that gets what it lacks. Requests for one stream run one after the other, so that two readers of
 * overlapping ranges cause one download; requests for different streams run side by side.
 */
export class AugmentedHistoryProvider implements HistoryProvider {
  readonly #backend: HistoryBackend;
  readonly #strategy: AutoBackfillStrategy | undefined;
  readonly #flights = new SingleFlight();

  /** A fetcher without a strategy means `FetcherBackfillStrategy`. */
  constructor(
    backend: HistoryBackend,
    options: { readonly fetcher?: DataFetcher; readonly autoBackfill?: AutoBackfillStrategy } = {},
  ) {
    this.#backend = backend;
    const { fetcher, autoBackfill } = options;
    this.#strategy = autoBackfill ?? (fetcher === undefined ? undefined : new FetcherBackfillStrategy(fetcher));
  }

  async fetch(request: HistoryRequest): Promise<Frame> {
    await this.ensureRange(request);
    return this.#backend.readRange(request);
  }

  async coverage(key: StreamKey): Promise<readonly TimeRange[]> {
    return mergeRanges(await this.#backend.coverage(key));
  }

  async ensureRange(request: HistoryRequest): Promise<void> {
    const strategy = this.#strategy;
    if (strategy === undefined) return;
    await this.#flights.run(keyText(request), async () => {
      const covered = mergeRanges(await this.#backend.coverage(request));
      if (missingRanges(covered, wholeBuckets(request, request.intervalMs)).length === 0) return;
      await strategy.ensureRange(request, this.#backend, covered);
    });
  }

  /** @throws QmtlError `DATA_MISSING` when there is nothing to fill from */
  async fillMissing(request: HistoryRequest): Promise<void> {
    if (this.#strategy === undefined) {
      throw new QmtlError("DATA_MISSING", `there is no source to fill ${request.nodeId} from`, {
        hint: "give a fetcher, or an autoBackfill strategy",
      });
    }
    await this.ensureRange(request);
  }
}
