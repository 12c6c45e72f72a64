/** A set of timings or sizes of one thing, in one unit. */
export interface Sample {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly unit: Unit;
}

export type Unit = "ms" | "ns" | "MB" | "kB" | "×";

/** What a row must keep: a bound on our own number, or how many times less than the peer's it has to be. */
export type Must = { readonly atMost: number } | { readonly ratioAtLeast: number };

/** One line of the table. */
export interface Row {
  readonly workload: string;
  readonly ours: Sample;
  /** The other side, measured back to back with ours: another library, or ourselves done the long way. */
  readonly peer?: Sample & { readonly name: string };
  readonly must?: Must;
  /** Peak resident memory of the processes that were timed, MB. */
  readonly peakMemoryMb?: { readonly ours: number; readonly peer?: number };
  readonly note?: string;
}

/** A bench: shows first that both sides give the same numbers, then times them. One process runs one bench. */
export interface Bench {
  /** For `--only`. */
  readonly name: string;
  readonly summary: string;
  run(size: BenchSize): Promise<readonly Row[]>;
}

/** How much work a bench does: everything the table asks for, or a tenth of it to see that it runs. */
export interface BenchSize {
  readonly quick: boolean;
  /** Rows of the long workloads: one million, or a tenth. */
  readonly rows: number;
  /** Timed repetitions of each side. */
  readonly rounds: number;
}

export function sizeOf(quick: boolean): BenchSize {
  return quick ? { quick, rows: 100_000, rounds: 3 } : { quick, rows: 1_000_000, rounds: 7 };
}

/** Peer over ours: how many times less time (or memory) ours takes. */
export function ratioOf({ ours, peer }: Row): number | undefined {
  return peer === undefined ? undefined : peer.median / ours.median;
}

export function isMet(row: Row): boolean | undefined {
  if (row.must === undefined) return undefined;
  if ("atMost" in row.must) return row.ours.median <= row.must.atMost;
  return ratioOf(row)! >= row.must.ratioAtLeast;
}
