import { slotCount, slotState } from "./memory-map.ts";
import type { CsvKernel, CsvLayout, KernelSlots } from "./csv-kernel.ts";
import { parsePiece, type PieceSource } from "./parse-piece.ts";

const waitMs = 100;

/** One file's pieces, as the threads that share the work see them. */
export interface PieceJob {
  readonly source: PieceSource;
  readonly layout: CsvLayout;
  readonly control: Int32Array<SharedArrayBuffer>;
}

const [nextPiece, stopped, published, active] = [0, 1, 2, 3];

export function newControl(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(16));
}

/** @returns the number of a piece that nobody has taken; undefined when the job has ended */
export function takePiece({ control }: PieceJob): number | undefined {
  return Atomics.load(control, stopped) === 1 ? undefined : Atomics.add(control, nextPiece, 1);
}

/** Parses pieces into slots, as they become free, until the job ends. Blocks: for a thread of its own. */
export function helpWith(job: PieceJob, kernel: CsvKernel): void {
  const { control } = job;
  Atomics.add(control, active, 1);
  try {
    kernel.setLayout(job.layout);
    for (let turn = 0; ; turn = (turn + 1) % slotCount) {
      const state = kernel.wordOf(turn, "state");
      while (Atomics.load(kernel.words, state) === slotState.full && Atomics.load(control, stopped) === 0) {
        Atomics.wait(kernel.words, state, slotState.full, waitMs);
      }
      const piece = takePiece(job);
      if (piece === undefined) return;
      parsePiece(kernel, turn, job.source, piece);
      Atomics.store(kernel.words, state, slotState.full);
      Atomics.add(control, published, 1);
      Atomics.notify(control, published);
    }
  } finally {
    Atomics.sub(control, active, 1);
    Atomics.notify(control, active);
  }
}

/** Makes every helper stop, and waits until none of them touches the file any more. */
export function endJob(
  { control }: PieceJob,
  helpers: readonly KernelSlots[],
  { awaitAll }: { readonly awaitAll: boolean },
): void {
  Atomics.store(control, stopped, 1);
  for (const slots of helpers) {
    for (let slot = 0; slot < slotCount; slot++) Atomics.notify(slots.words, slots.wordOf(slot, "state"));
  }
  for (let count = Atomics.load(control, active); awaitAll && count > 0; count = Atomics.load(control, active)) {
    Atomics.wait(control, active, count);
  }
  for (const slots of helpers) {
    for (let slot = 0; slot < slotCount; slot++) slots.set(slot, "state", slotState.free);
  }
}

/** How many pieces helpers have published so far: to `waitForMore` than that. */
export function publishedSoFar({ control }: PieceJob): number {
  return Atomics.load(control, published);
}

export function waitForMore({ control }: PieceJob, seen: number): void {
  Atomics.wait(control, published, seen, waitMs);
}

/** Pieces in one thread's slots, oldest first. */
export class SlotRing {
  readonly slots: KernelSlots;
  #oldest = 0;

  constructor(slots: KernelSlots) {
    this.slots = slots;
  }

  /** The slot that holds a piece, if it is this ring's oldest. */
  holding(piece: number): number | undefined {
    const { slots } = this;
    const isFull = Atomics.load(slots.words, slots.wordOf(this.#oldest, "state")) === slotState.full;
    return isFull && slots.get(this.#oldest, "piece") === piece ? this.#oldest : undefined;
  }

  /** Gives the oldest slot back. */
  free(): void {
    const state = this.slots.wordOf(this.#oldest, "state");
    Atomics.store(this.slots.words, state, slotState.free);
    Atomics.notify(this.slots.words, state);
    this.#oldest = (this.#oldest + 1) % slotCount;
  }
}
