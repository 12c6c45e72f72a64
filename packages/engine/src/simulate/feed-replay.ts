import type { BarFeed } from "./simulate-columns.ts";
import type { Simulation } from "./simulation.ts";

/**
 * Replays one instrument whose orders are targets on its own rows: no merging, the row is the clock. Stretches without
 * orders are handed over whole; only rows that an open order or an event waits for go step by step.
 */
export class FeedReplay {
  readonly #simulation: Simulation;
  readonly #feed: BarFeed;
  readonly #instrument: number;
  readonly #unit: "percent" | "quantity";

  /** @param order - what its targets are for; absent: there are none */
  constructor(
    simulation: Simulation,
    feed: BarFeed,
    order: { readonly instrument: number; readonly unit: "percent" | "quantity" } | undefined,
  ) {
    this.#simulation = simulation;
    this.#feed = feed;
    this.#instrument = order?.instrument ?? feed.instrument;
    this.#unit = order?.unit ?? "percent";
  }

  /** Rows `from..to-1`. `target` is sent at the close of the last one; NaN: none is. */
  run(from: number, to: number, target: number): void {
    const simulation = this.#simulation;
    const sends = target === target;
    for (let row = from; row < to; row++) {
      row = simulation.quietRows(this.#feed, row, to, sends);
      if (row < to) this.#step(row, row === to - 1 ? target : Number.NaN);
      else if (sends) this.#send(to - 1, target);
    }
  }

  #step(row: number, target: number): void {
    const simulation = this.#simulation;
    const { instrument, intervalMs, time, open, high, low, close, volume } = this.#feed;
    const nowMs = time[row]! + intervalMs;
    simulation.bar(instrument, time[row]!, nowMs, open[row]!, high[row]!, low[row]!, close[row]!, volume[row]!);
    simulation.open(nowMs);
    if (target === target) this.#send(row, target);
    else simulation.close(nowMs);
  }

  #send(row: number, target: number): void {
    const nowMs = this.#feed.time[row]! + this.#feed.intervalMs;
    this.#simulation.target(this.#instrument, target, this.#unit, nowMs);
    this.#simulation.close(nowMs);
  }
}

/** Rows `from..to-1` with the targets that stand from `offset` on; NaN: none, as when there is no column. */
export function replayTargets(
  replay: FeedReplay,
  targets: Float64Array | undefined,
  offset: number,
  from: number,
  to: number,
): void {
  const settled = targets === undefined ? from : replayToLastTarget(replay, targets, offset, from, to);
  if (settled < to) replay.run(settled, to, Number.NaN);
}

function replayToLastTarget(
  replay: FeedReplay,
  targets: Float64Array,
  offset: number,
  from: number,
  to: number,
): number {
  let settled = from;
  for (let row = from; row < to; row++) {
    const target = targets[offset + row - from]!;
    if (target !== target) continue;
    replay.run(settled, row + 1, target);
    settled = row + 1;
  }
  return settled;
}
