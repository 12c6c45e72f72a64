import { lanes } from "./lanes.ts";
import { tables } from "./memory-map.ts";
import type { Data } from "./wasm-code.ts";

const mask64 = 2n ** 64n - 1n;

/** What the kernel looks up: see `tables`. */
export function kernelTables(): readonly Data[] {
  const upTo = (count: number) => Array.from({ length: count + 1 }, (_, index) => index);
  const lanesBut = (gone: number) => lanes.map((lane) => (lane <= gone ? (lane - 1) & 0xff : lane));
  return [
    { at: tables.keep, bytes: upTo(20).flatMap((length) => lanes.map((lane) => (lane >= 16 - length ? 0x8f : 0))) },
    { at: tables.closeGap, bytes: [...lanes.flatMap(lanesBut), ...lanes] },
    { at: tables.divisors, bytes: doubles([...lanes.map((lane) => Number(`1e${15 - lane}`)), 1]) },
    { at: tables.reciprocals, bytes: doubles(lanes.map((lane) => 1 / Number(`1e${15 - lane}`))) },
    {
      at: tables.first,
      bytes: upTo(19).flatMap((length) => [0, 1, 2, 3].map((byte) => (byte >= 20 - length ? 0xff : 0))),
    },
    { at: tables.powersOfFive, bytes: integers(upTo(27).flatMap(reciprocalOfFive)) },
  ];
}

/** 5^-exponent, its upper 128 significant bits rounded up, as two halves. */
function reciprocalOfFive(exponent: number): readonly [bigint, bigint] {
  const power = 5n ** BigInt(exponent);
  const bits = BigInt((power - 1n).toString(2).length);
  const significant = exponent === 0 ? 1n << 127n : (1n << (bits + 127n)) / power + 1n;
  return [significant >> 64n, significant & mask64];
}

function doubles(values: readonly number[]): number[] {
  return [...new Uint8Array(Float64Array.from(values).buffer)];
}

function integers(values: readonly bigint[]): number[] {
  return [...new Uint8Array(BigUint64Array.from(values).buffer)];
}
