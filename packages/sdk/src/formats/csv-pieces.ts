import { setImmediate } from "node:timers/promises";
import { CsvKernel } from "./csv-kernel/csv-kernel.ts";
import { returnHelpers, takeHelpers, type Helper } from "./csv-kernel/helpers.ts";
import { pieceEnding, pieceSize, slotCount, slotState } from "./csv-kernel/memory-map.ts";
import { parsePiece } from "./csv-kernel/parse-piece.ts";
import { endJob, newControl, publishedSoFar, SlotRing, takePiece, waitForMore } from "./csv-kernel/piece-queue.ts";
import type { PieceJob } from "./csv-kernel/piece-queue.ts";
import type { CsvParser } from "./csv-parser.ts";

const breathMs = 15;

// Kernels nobody uses now: reads that overlap have one each.
const idle: CsvKernel[] = [];

export function takeKernel(): CsvKernel {
  return idle.pop() ?? new CsvKernel();
}

export function returnKernel(kernel: CsvKernel): void {
  for (let slot = 0; slot < slotCount; slot++) kernel.set(slot, "state", slotState.free);
  idle.push(kernel);
}

/**
 * Parses a file from a line on, in pieces, together with other threads if it is large. Pieces are parsed in any order
 * and given to the parser in that of the file.
 *
 * @param onBreath - called now and then, between pieces; may throw
 * @returns where the parser has to go on line by line; undefined when the file has ended
 */
export async function parsePieces(
  parser: CsvParser,
  file: { readonly fd: number; readonly size: number },
  from: number,
  onBreath: () => void,
): Promise<number | undefined> {
  const kernel = takeKernel();
  const helpers = takeHelpers(file.size - from);
  try {
    let at: number | undefined = from;
    for (;;) {
      const layout = parser.layout();
      if (layout === undefined) return at;
      kernel.setLayout(layout);
      const job: PieceJob = { source: { fd: file.fd, start: at }, layout, control: newControl() };
      const end: PiecesEnd = await new PieceRun(parser, kernel, job, helpers).run(onBreath);
      if (end.reason === "file") return undefined;
      at = end.at;
      if (end.reason === "failed") return at;
    }
  } finally {
    returnKernel(kernel);
    returnHelpers(helpers);
  }
}

/** Why a run over pieces stopped, and the first line it left alone. */
interface PiecesEnd {
  readonly reason: "file" | "failed" | "layout";
  readonly at: number;
}

class PieceRun {
  readonly #parser: CsvParser;
  readonly #kernel: CsvKernel;
  readonly #job: PieceJob;
  readonly #helpers: readonly Helper[];
  readonly #own: SlotRing;
  readonly #rings: readonly SlotRing[];
  #parsed = 0; // pieces this thread has parsed
  #taken = 0; // of these, given to the parser
  #next = 0; // piece the parser gets next
  #at: number;

  constructor(parser: CsvParser, kernel: CsvKernel, job: PieceJob, helpers: readonly Helper[]) {
    this.#parser = parser;
    this.#kernel = kernel;
    this.#job = job;
    this.#helpers = helpers;
    this.#own = new SlotRing(kernel);
    this.#rings = [this.#own, ...helpers.map(({ slots }) => new SlotRing(slots))];
    this.#at = job.source.start;
  }

  async run(onBreath: () => void): Promise<PiecesEnd> {
    for (const helper of this.#helpers) helper.ask(this.#job);
    try {
      let breathAtMs = performance.now() + breathMs;
      for (;;) {
        const reason = this.#step();
        if (reason !== undefined) return { reason, at: this.#at };
        if (performance.now() < breathAtMs) continue;
        await setImmediate();
        onBreath();
        if (!this.#allAlive) return { reason: "failed", at: this.#at };
        breathAtMs = performance.now() + breathMs;
      }
    } finally {
      const slots = this.#helpers.map((helper) => helper.slots);
      // What a thread that died was at is never finished.
      endJob(this.#job, slots, { awaitAll: this.#allAlive });
    }
  }

  get #allAlive(): boolean {
    return this.#helpers.every(({ isAlive }) => isAlive);
  }

  /** Gives the parser its next piece if it is there, else parses one, else waits. */
  #step(): PiecesEnd["reason"] | undefined {
    const published = publishedSoFar(this.#job);
    for (const ring of this.#rings) {
      const slot = ring.holding(this.#next);
      if (slot !== undefined) return this.#give(ring, slot);
    }
    const piece = this.#parsed - this.#taken < slotCount ? takePiece(this.#job) : undefined;
    if (piece === undefined) waitForMore(this.#job, published);
    else {
      const slot = this.#parsed++ % slotCount;
      parsePiece(this.#kernel, slot, this.#job.source, piece);
      this.#kernel.set(slot, "state", slotState.full);
    }
    return undefined;
  }

  #give(ring: SlotRing, slot: number): PiecesEnd["reason"] | undefined {
    const { slots } = ring;
    const ending = slots.get(slot, "ending");
    if (ending === pieceEnding.failed) return "failed";
    if (slots.get(slot, "to") > slots.get(slot, "from")) {
      this.#parser.take(slots, slot);
      this.#at = this.#job.source.start + this.#next * pieceSize + slots.get(slot, "fileEnd");
    }
    ring.free();
    if (ring === this.#own) this.#taken++;
    this.#next++;
    if (ending === pieceEnding.last) return "file";
    return this.#parser.layout() === this.#job.layout ? undefined : "layout";
  }
}
