import { QmtlError, shown, type IntervalMs } from "@qmtl/core";
import { defineInstrument, type Instrument } from "@qmtl/engine/instrument";
import type { HistoryProvider } from "../history/index.ts";
import { Node, readInterval, readPeriod, type NodeOptions } from "./node.ts";
import { optionalWord, refuseUnknownOptions } from "./option-checks.ts";

export type BarField = "open" | "high" | "low" | "close" | "volume";
const barFields: readonly BarField[] = ["open", "high", "low", "close", "volume"];
const streamOptions = ["interval", "period", "fields", "instrument", "history", "allowedLateness", "onLate"];

export interface StreamInputOptions<F extends string = BarField> extends NodeOptions {
  readonly tags?: readonly string[];
  /** "1m", "1h", "1d", or seconds. */
  readonly interval?: string | number;
  /** Rows kept for readers. */
  readonly period?: number;
  /** Numeric fields of a row; bars by default. */
  readonly fields?: readonly F[];
  /** What these bars are of. A stream with an instrument can be traded. */
  readonly instrument?: string | (Partial<Instrument> & { readonly symbol: string });
  /** Where past rows come from when the run is not given data for this stream. */
  readonly history?: HistoryProvider;
  /** How long after its bucket closed a row may still come and cause a revision, e.g. "5m". Streams only. */
  readonly allowedLateness?: string | number;
  /** A row later than that: "ignore" counts it, "side_output" keeps it aside, "fail" stops the run. */
  readonly onLate?: "ignore" | "side_output" | "fail";
}

/** Rows from outside: bars, quotes, anything numeric. The only node without inputs. */
export class StreamInput<F extends string = BarField> extends Node<F> {
  readonly nodeType = "StreamInput";
  readonly inputs: readonly Node[] = [];
  readonly fields: readonly F[];
  readonly instrument: Instrument | undefined;
  readonly history: HistoryProvider | undefined;
  readonly allowedLatenessMs: number;
  readonly onLate: "ignore" | "side_output" | "fail";
  readonly #intervalMs: IntervalMs | undefined;
  readonly #period: number | undefined;

  constructor(options: StreamInputOptions<F> = {}) {
    super(options);
    refuseUnknownOptions("StreamInput", options, streamOptions);
    this.#intervalMs = readInterval(options.interval);
    this.#period = readPeriod(options.period);
    this.fields = Object.freeze([...(options.fields ?? (barFields as readonly string[] as readonly F[]))]);
    const repeated = this.fields.find((field, index) => this.fields.indexOf(field) !== index);
    if (this.fields.length === 0 || repeated !== undefined) {
      throw new QmtlError("NODE_INVALID", `fields must be distinct names; found ${shown(repeated ?? "none")}`);
    }
    const { instrument } = options;
    this.instrument =
      instrument === undefined
        ? undefined
        : defineInstrument(typeof instrument === "string" ? { symbol: instrument } : instrument);
    this.history = options.history;
    this.allowedLatenessMs = options.allowedLateness === undefined ? 0 : readInterval(options.allowedLateness)!;
    this.onLate = optionalWord("onLate", options.onLate, ["ignore", "side_output", "fail"]) ?? "ignore";
  }

  override get declaredIntervalMs(): IntervalMs | undefined {
    return this.#intervalMs;
  }

  override get declaredPeriod(): number | undefined {
    return this.#period;
  }

  get hasBars(): boolean {
    return barFields.slice(0, 4).every((field) => (this.fields as readonly string[]).includes(field));
  }

  defaultName(): string {
    return this.instrument?.symbol ?? (this.tags.length > 0 ? this.tags.join(".") : "stream_input");
  }
}
