import { QmtlError, type NodeId } from "@qmtl/core";
import type { Frame } from "@qmtl/engine/frame";
import type { StrategyClass } from "../strategy/strategy.ts";
import type { BrokerPathOptions, runCombinations } from "./broker-path.ts";
import { EventPath, type InstrumentColumns, type ResultColumns } from "./event-path.ts";
import { Combinations } from "./grid.ts";
import type { SweepProgram } from "./program.ts";
import { metricsOf } from "./sweep-metric.ts";

/** What a thread is sent. */
export interface JobMessage {
  readonly id: number;
  readonly job: SweepJob;
}

/** Work that several threads take in pieces. Plain data and shared memory: it goes to a thread as it is. */
export type SweepJob = EventJob | BrokerJob;

interface JobBase {
  readonly results: ResultColumns;
  /** Combinations of the whole sweep: a row is `instrument * combinationCount + combination`. */
  readonly combinationCount: number;
  readonly pieces: number;
  /** How many pieces were claimed, how many are done, whether to stop. */
  readonly control: Int32Array;
}

export interface EventJob extends JobBase {
  readonly kind: "events";
  readonly program: SweepProgram;
  readonly instruments: readonly InstrumentColumns[];
  /** First combination of the program. */
  readonly firstCombination: number;
  readonly pieceSize: number;
}

export interface BrokerJob extends JobBase {
  readonly kind: "broker";
  /** Where other threads find the class. */
  readonly file: string | undefined;
  readonly className: string;
  readonly options: BrokerPathOptions;
  readonly combinations: Pick<Combinations, "names" | "values" | "places">;
  /** By instrument: rows of its streams. */
  readonly frames: readonly ReadonlyMap<NodeId, Frame>[];
  /** Rows of the table to compute, in order. */
  readonly rows: Int32Array;
  readonly pieceSize: number;
}

const claimedAt = 0;
const doneAt = 1;
const stopAt = 2;

export function newControl(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(12));
}

export function stopJob({ control }: SweepJob): void {
  Atomics.store(control, stopAt, 1);
}

export function piecesDone({ control }: SweepJob): number {
  return Atomics.load(control, doneAt);
}

/** The next piece nobody has; -1 when there is none left, or the job was stopped. */
function claim({ control, pieces }: SweepJob): number {
  if (Atomics.load(control, stopAt) !== 0) return -1;
  const piece = Atomics.add(control, claimedAt, 1);
  return piece < pieces ? piece : -1;
}

function finish({ control }: SweepJob): void {
  Atomics.add(control, doneAt, 1);
}

/** Resolves when every piece is done, by whichever thread: what is awaited is at most one piece. */
export async function allDone(job: SweepJob): Promise<void> {
  while (piecesDone(job) < job.pieces) await new Promise((resolve) => setTimeout(resolve, 1));
}

/**
 * Takes pieces until there are none left.
 *
 * @param breathe - awaited between pieces; throws to stop
 */
export async function workOn(
  job: SweepJob,
  loadClass: LoadClass,
  breathe: () => Promise<void> | undefined,
): Promise<void> {
  if (job.kind === "events") await workOnEvents(job, breathe);
  else await workOnBroker(job, loadClass, breathe);
}

export type LoadClass = (file: string | undefined, className: string) => Promise<StrategyClass>;

async function workOnEvents(job: EventJob, breathe: () => Promise<void> | undefined): Promise<void> {
  const { program, instruments, results, pieceSize, firstCombination, combinationCount } = job;
  const count = program.signals.length;
  const perInstrument = Math.ceil(count / pieceSize);
  const path = new EventPath(program);
  for (let piece = claim(job); piece >= 0; piece = claim(job)) {
    const instrument = Math.floor(piece / perInstrument);
    const from = (piece % perInstrument) * pieceSize;
    const firstRow = instrument * combinationCount + firstCombination + from;
    path.run(instruments[instrument]!, from, Math.min(count, from + pieceSize), results, firstRow);
    finish(job);
    const pause = breathe();
    if (pause !== undefined) await pause;
  }
}

async function workOnBroker(
  job: BrokerJob,
  loadClass: LoadClass,
  breathe: () => Promise<void> | undefined,
): Promise<void> {
  const { rows, pieceSize, results, combinationCount, frames, options } = job;
  let tools: { strategy: StrategyClass; run: typeof runCombinations } | undefined;
  const combinations = new Combinations(job.combinations);
  for (let piece = claim(job); piece >= 0; piece = claim(job)) {
    // Loaded with the first piece: a thread that finds none needs neither the strategy nor the SDK.
    tools ??= {
      strategy: await loadClass(job.file, job.className),
      run: (await import("./broker-path.ts")).runCombinations,
    };
    const mine = rows.subarray(piece * pieceSize, (piece + 1) * pieceSize);
    for (let from = 0; from < mine.length;) {
      const instrument = Math.floor(mine[from]! / combinationCount);
      let to = from + 1;
      while (to < mine.length && Math.floor(mine[to]! / combinationCount) === instrument) to++;
      const block = mine.subarray(from, to);
      const params = Array.from(block, (row) => combinations.at(row % combinationCount));
      const runs = await tools.run(tools.strategy, params, frames[instrument]!, options);
      runs.forEach((run, index) => {
        const figures = metricsOf(run.metrics, results.metrics);
        figures.forEach((value, metric) => (results.columns[metric]![block[index]!] = value));
      });
      from = to;
    }
    finish(job);
    const pause = breathe();
    if (pause !== undefined) await pause;
  }
}

/** An error as another thread can hand it over. */
export interface PlainError {
  readonly job: number;
  readonly code: string | undefined;
  readonly message: string;
  readonly details: unknown;
  readonly hint: string | undefined;
  readonly stack: string | undefined;
}

export function plainError(job: number, error: unknown): PlainError {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  if (!(error instanceof QmtlError)) {
    return { job, code: undefined, message, details: undefined, hint: undefined, stack };
  }
  return { job, code: error.code, message, details: error.details, hint: error.hint, stack };
}
