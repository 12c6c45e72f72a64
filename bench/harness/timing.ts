import type { Sample, Unit } from "./row.ts";

/** Median, least and most of some values. */
export function sampleOf(values: readonly number[], unit: Unit, scale = 1): Sample {
  const sorted = values.map((value) => value * scale).sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { median, min: sorted[0]!, max: sorted.at(-1)!, unit };
}

/** Milliseconds that one call takes. */
export async function timeOf(work: () => unknown): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}

export interface Side {
  /** Does the work once and says how long it took, ms. */
  readonly time: () => Promise<number>;
  /** Untimed calls before the first timed one; 2 unless told. */
  readonly warmUps?: number;
}

/** Milliseconds of both sides, taken in turns (A B A B …), so that a machine that slows down slows both. */
export async function inTurns(ours: Side, peer: Side, rounds: number): Promise<{ ours: number[]; peer: number[] }> {
  const times: { ours: number[]; peer: number[] } = { ours: [], peer: [] };
  for (const side of [ours, peer]) for (let call = 0; call < (side.warmUps ?? 2); call++) await side.time();
  for (let round = 0; round < rounds; round++) {
    times.ours.push(await ours.time());
    times.peer.push(await peer.time());
  }
  return times;
}

export async function repeated(side: Side, rounds: number): Promise<number[]> {
  for (let call = 0; call < (side.warmUps ?? 2); call++) await side.time();
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) times.push(await side.time());
  return times;
}

/** Work of this process, timed from outside the work itself. */
export function inProcess(work: () => unknown, warmUps?: number): Side {
  return { time: () => timeOf(work), ...(warmUps !== undefined && { warmUps }) };
}

/** Peak resident memory of this process so far, MB. */
export function peakMemoryMb(): number {
  return process.resourceUsage().maxRSS / 1_024;
}
