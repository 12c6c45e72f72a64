import { writeFileSync } from "node:fs";
import { sliceFrame, type Frame } from "@qmtl/engine/frame";
import { randomBars } from "@qmtl/engine/generators";
import { checkFrame, type LoadedFrame } from "@qmtl/sdk/data-quality";

export const dayRows = 1_440;

/** Minute bars of a random walk, the same on every machine. A frame holds at most a million: more are put together. */
export function minuteBars(rows: number): Frame {
  const base = { intervalMs: 60_000, startMs: Date.UTC(2020, 0, 1), startPrice: 100, volatility: 0.5 };
  const first = randomBars({ ...base, rows: Math.min(rows, 1_000_000), seed: "bench" });
  if (rows <= first.length) return first;
  const more = randomBars({
    ...base,
    rows: rows - first.length,
    seed: "bench, continued",
    startMs: first.time[first.length - 1]! + first.intervalMs,
    startPrice: first.columns["close"]![first.length - 1]!,
  });
  const join = (head: Float64Array, tail: Float64Array) => {
    const joined = new Float64Array(head.length + tail.length);
    joined.set(head);
    joined.set(tail, head.length);
    return joined;
  };
  const columns = Object.fromEntries(
    Object.entries(first.columns).map(([field, column]) => [field, join(column, more.columns[field]!)]),
  );
  return { intervalMs: first.intervalMs, length: rows, time: join(first.time, more.time), columns };
}

/** Rows `from..to-1` in memory of their own, checked, as a run takes them from a file. */
export function loaded(frame: Frame, from = 0, to = frame.length): LoadedFrame {
  return checkFrame(sliceFrame(frame, from, to), { stream: "bars", source: "memory:bars" });
}

/** Writes time, open, high, low, close, volume one after the other as little-endian float64: both sides read it. */
export function writeColumns(path: string, frame: Frame): void {
  const columns = [frame.time, ...["open", "high", "low", "close", "volume"].map((field) => frame.columns[field]!)];
  writeFileSync(path, Buffer.concat(columns.map(bytesOf)));
}

export function bytesOf({ buffer, byteOffset, byteLength }: Float64Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** The same walk on a market's grid: prices in hundredths, volume in thousandths. What exchanges' files look like. */
export function onGrid(frame: Frame): Frame {
  const columns = Object.fromEntries(
    Object.entries(frame.columns).map(([field, column]) => {
      const steps = field === "volume" ? 1_000 : 100;
      return [field, column.map((value) => Math.round(value * steps) / steps)];
    }),
  );
  return { ...frame, columns };
}
