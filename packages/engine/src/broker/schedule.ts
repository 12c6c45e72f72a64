import { QmtlError, shown, type EpochMs } from "@qmtl/core";
import type { Instrument } from "../instrument/index.ts";
import type { BrokerOptions } from "./options.ts";

export type ScheduledEvent =
  | { readonly kind: "dividend"; readonly timeMs: EpochMs; readonly amount: number }
  | { readonly kind: "split"; readonly timeMs: EpochMs; readonly ratio: number }
  | { readonly kind: "funding"; readonly timeMs: EpochMs; readonly rate: number };

/** Funding and corporate actions by instrument, in order of time; `nextMs` keeps the check on every bar to one compare. */
export class Schedule {
  /** Time of the next event; Infinity when there is none. */
  readonly nextMs: Float64Array;
  readonly #events: readonly (readonly ScheduledEvent[])[];
  readonly #done: Int32Array;

  constructor(options: BrokerOptions, instruments: readonly Instrument[]) {
    const symbols = new Set(instruments.map((each) => each.symbol));
    for (const { symbol } of [...options.corporateActions, ...options.funding]) {
      if (symbols.has(symbol)) continue;
      throw new QmtlError(
        "BROKER_OPTION_INVALID",
        `an event names ${shown(symbol)}, which the account does not trade`,
        {
          details: { symbol, known: [...symbols] },
        },
      );
    }
    this.#events = instruments.map(({ symbol }) =>
      [
        ...options.corporateActions.filter((each) => each.symbol === symbol),
        ...options.funding
          .filter((each) => each.symbol === symbol)
          .map((each) => ({ kind: "funding" as const, ...each })),
      ].sort((a, b) => a.timeMs - b.timeMs),
    );
    this.#done = new Int32Array(instruments.length);
    this.nextMs = new Float64Array(instruments.length);
    for (let instrument = 0; instrument < instruments.length; instrument++) this.#moveOn(instrument);
  }

  /** The next event at or before `timeMs`, taken off the list. */
  take(instrument: number, timeMs: EpochMs): ScheduledEvent | undefined {
    const event = this.#events[instrument]![this.#done[instrument]!];
    if (event === undefined || event.timeMs > timeMs) return undefined;
    this.#done[instrument]!++;
    this.#moveOn(instrument);
    return event;
  }

  save(): number[] {
    return Array.from(this.#done);
  }

  load(done: readonly number[]): void {
    this.#done.set(done);
    for (let instrument = 0; instrument < done.length; instrument++) this.#moveOn(instrument);
  }

  #moveOn(instrument: number): void {
    this.nextMs[instrument] = this.#events[instrument]![this.#done[instrument]!]?.timeMs ?? Infinity;
  }
}
