import { bucketStart, type EpochMs, type IntervalMs } from "@qmtl/core";

/** A trade as an exchange prints it. */
export interface TradePrint {
  readonly timeMs: EpochMs;
  readonly price: number;
  readonly quantity: number;
}

/** A finished bar: values in the order open, high, low, close, volume. */
export type SealBar = (bucketMs: EpochMs, bar: Bar) => void;

export interface Bar {
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

/**
 * Makes bars of trades. A bar is sealed by the watermark, that is by the first trade or clock tick at or past its end;
 * a bucket without a trade gives no bar. Trades have to come in time order, as one exchange prints one symbol; a trade
 * of a sealed bucket is counted in `late` and changes nothing.
 */
export class TradeBars {
  late = 0;
  readonly #intervalMs: IntervalMs;
  readonly #seal: SealBar;
  #bucketMs: EpochMs = Number.NEGATIVE_INFINITY;
  #trades = 0;
  #open = Number.NaN;
  #high = Number.NaN;
  #low = Number.NaN;
  #close = Number.NaN;
  #volume = 0;

  constructor(intervalMs: IntervalMs, seal: SealBar) {
    this.#intervalMs = intervalMs;
    this.#seal = seal;
  }

  add({ timeMs, price, quantity }: TradePrint): void {
    const bucketMs = bucketStart(timeMs, this.#intervalMs);
    if (bucketMs < this.#bucketMs) {
      this.late++;
      return;
    }
    if (bucketMs > this.#bucketMs) {
      this.watermark(timeMs);
      this.#bucketMs = bucketMs;
    }
    if (this.#trades++ === 0) {
      this.#open = this.#high = this.#low = price;
      this.#volume = 0;
    }
    this.#high = Math.max(this.#high, price);
    this.#low = Math.min(this.#low, price);
    this.#close = price;
    this.#volume += quantity;
  }

  /** No trade before this instant will come any more. */
  watermark(nowMs: EpochMs): void {
    if (this.#bucketMs + this.#intervalMs > nowMs) return;
    const bucketMs = this.#bucketMs;
    if (this.#trades > 0) {
      this.#trades = 0;
      this.#seal(bucketMs, {
        open: this.#open,
        high: this.#high,
        low: this.#low,
        close: this.#close,
        volume: this.#volume,
      });
    }
    // What comes for this bucket after this is late.
    this.#bucketMs = Math.max(bucketMs + this.#intervalMs, bucketStart(nowMs, this.#intervalMs));
  }
}

/** Values of a bar in the order of a stream's fields; NaN for a field that bars do not have. */
export function barValues(bar: Bar, fields: readonly string[]): Float64Array {
  return Float64Array.from(fields, (field) => (field in bar ? bar[field as keyof Bar] : Number.NaN));
}
