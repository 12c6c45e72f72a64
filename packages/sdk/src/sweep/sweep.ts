import { availableParallelism } from "node:os";
import { QmtlError, shown, type NodeId } from "@qmtl/core";
import { resolveBrokerOptions, type BrokerOptions } from "@qmtl/engine/broker";
import type { Frame } from "@qmtl/engine/frame";
import type { RunWarning } from "@qmtl/engine/result";
import { buildGraphs, type StrategyGraph } from "../graph/build-graph.ts";
import type { StreamInput } from "../strategy/stream-input.ts";
import type { StrategyClass } from "../strategy/strategy.ts";
import { Strategy } from "../strategy/strategy.ts";
import { marketBars } from "./bar-metrics.ts";
import { describe, runCombinations, setUp, type BrokerPathOptions } from "./broker-path.ts";
import type { InstrumentColumns, ResultColumns, StreamColumns } from "./event-path.ts";
import { expandGrid, type Combinations } from "./grid.ts";
import { sweptInstruments, type SweptInstrument } from "./instruments.ts";
import { newControl, piecesDone, type SweepJob } from "./jobs.ts";
import type { SweepOptions, SweepResult, TrialsOfSweep } from "./options.ts";
import { plainTerms } from "./plain-account.ts";
import { ProgramBuilder } from "./program-builder.ts";
import { sharedNumbers, type SweepProgram } from "./program.ts";
import { fillMetrics, needsEquity, readMetric, sweepMetrics, type SweepMetric } from "./sweep-metric.ts";
import { SweepTable } from "./sweep-table.ts";
import { WorkerPool } from "./worker-pool.ts";

/**
 * Runs a strategy with every combination of parameter values, on every instrument, and ranks the runs.
 *
 * Every figure is the one `Runner.offline` gives for that combination. Where only position targets trade in a plain
 * account the runs go from fill to fill over shared columns; all others go through the broker bar by bar.
 *
 * @throws QmtlError `PARAMETER_INVALID`, and whatever is wrong with strategy, data or options; the signal's reason when
 * it is aborted
 */
export async function sweep(strategy: StrategyClass, options: SweepOptions): Promise<SweepResult> {
  if (typeof strategy !== "function" || !(strategy.prototype instanceof Strategy)) {
    throw new QmtlError("STRATEGY_NOT_FOUND", `a sweep takes a class that extends Strategy; found ${shown(strategy)}`);
  }
  const run = new Sweep(strategy, options);
  try {
    return await run.run();
  } finally {
    run.close();
  }
}

/** Combinations that are set up and computed together: bounds the memory of their graphs. */
const waveSize = 32_768;
const sharedBytesMax = 96 * 2 ** 20;
const pieceSize = 64;
const brokerPieceSize = 8;
/** Rows times combinations that are worth another thread, on each of the paths. */
const rowsPerWorker = { events: 15_000_000, broker: 500_000 };
const breatheMs = 12;

class Sweep {
  readonly #strategy: StrategyClass;
  readonly #options: SweepOptions;
  readonly #metric: SweepMetric;
  readonly #metrics: readonly SweepMetric[];
  readonly #combinations: Combinations;
  readonly #broker: BrokerOptions;
  readonly #instruments: readonly SweptInstrument[];
  readonly #firstGraph: StrategyGraph;
  readonly #results: ResultColumns;
  readonly #reasons = new Set<string>();
  #pool: WorkerPool | undefined;
  #brokerRows = 0;
  #breathedMs = performance.now();

  constructor(strategy: StrategyClass, options: SweepOptions) {
    this.#strategy = strategy;
    this.#options = options;
    this.#metric = readMetric(options.metric ?? "sharpe");
    this.#metrics = options.metrics === "all" || needsEquity(this.#metric) ? sweepMetrics : fillMetrics;
    if (options.workers !== undefined && !(Number.isInteger(options.workers) && options.workers >= 1)) {
      throw new QmtlError(
        "PARAMETER_INVALID",
        `workers must be a whole number above 0; found ${shown(options.workers)}`,
      );
    }
    this.#combinations = expandGrid(strategy, options.grid, options.constraint);
    this.#broker = resolveBrokerOptions(options.broker ?? {});
    const first = this.#setUp(0);
    this.#firstGraph = buildGraphs([first])[0]!;
    this.#instruments = sweptInstruments(this.#firstGraph, options.data);
    const rows = this.#combinations.count * this.#instruments.length;
    this.#results = {
      metrics: this.#metrics,
      columns: this.#metrics.map(() => sharedNumbers(rows).fill(Number.NaN)),
      done: new Uint8Array(new SharedArrayBuffer(rows)),
    };
  }

  async run(): Promise<SweepResult> {
    // Rows first: they are read while nothing else is, and their number decides how many threads are worth it.
    for (const instrument of this.#instruments) await instrument.bind([this.#firstGraph], this.#options);
    this.#pool = new WorkerPool(this.#workerCount());
    for (let from = 0; from < this.#combinations.count; from += waveSize) {
      await this.#runWave(from, Math.min(this.#combinations.count, from + waveSize));
    }
    return this.#result();
  }

  close(): void {
    this.#pool?.close();
  }

  #setUp(index: number): Strategy {
    return setUp(this.#strategy, { ...this.#options.params, ...this.#combinations.at(index) });
  }

  #workerCount(): number {
    const { workers } = this.#options;
    if (workers !== undefined) return Math.min(workers, this.#combinations.count * this.#instruments.length);
    const probe = new ProgramBuilder();
    probe.add(this.#setUp(0));
    const path = probe.reasons.size === 0 ? "events" : "broker";
    if (path === "broker" && this.#options.file === undefined) return 1;
    let rows = 0;
    for (const { frames } of this.#instruments) for (const frame of frames.values()) rows += frame.length;
    const worthwhile = 1 + Math.floor((rows * this.#combinations.count) / rowsPerWorker[path]);
    return Math.min(availableParallelism(), worthwhile);
  }

  async #runWave(from: number, to: number): Promise<void> {
    const builder = new ProgramBuilder();
    for (let index = from; index < to; index++) {
      builder.add(this.#setUp(index));
      const pause = (index & 0xff) === 0xff ? this.#breathe() : undefined;
      if (pause !== undefined) await pause;
    }
    const graphs = builder.streams.map(({ strategy }) => buildGraphs([strategy])[0]!);
    for (const instrument of this.#instruments) await instrument.bind(graphs, this.#options);
    const streams = builder.streams.map(({ node }, index) => ({ node, id: graphs[index]!.byNode.get(node)!.id }));
    const rowsMax = Math.max(
      1,
      ...this.#instruments.flatMap(({ frames }) => [...frames.values()].map((f) => f.length)),
    );
    const program = builder.build(Math.floor(sharedBytesMax / (rowsMax * 8 * this.#instruments.length)));
    await this.#work({
      kind: "events",
      program,
      instruments: this.#instruments.map(({ frames }) => this.#columnsOf(program, streams, frames, rowsMax)),
      results: this.#results,
      combinationCount: this.#combinations.count,
      firstCombination: from,
      pieceSize,
      pieces: this.#instruments.length * Math.ceil((to - from) / pieceSize),
      control: newControl(),
    });
    for (const reason of builder.reasons) this.#reasons.add(reason);
    await this.#runBroker(from, to);
  }

  #columnsOf(
    program: SweepProgram,
    streams: readonly { readonly node: StreamInput<string>; readonly id: NodeId }[],
    frames: ReadonlyMap<NodeId, Frame>,
    rowsMax: number,
  ): InstrumentColumns {
    return {
      streams: streams.map(({ node, id }) => this.#streamColumns(node, frames.get(id)!)),
      shared: sharedNumbers(program.sharedCount * rowsMax),
      sharedStride: rowsMax,
      sharedState: new Int32Array(new SharedArrayBuffer(program.operationOf.length * 4)),
    };
  }

  #streamColumns(node: StreamInput<string>, { time, columns, intervalMs }: Frame): StreamColumns {
    const fields = node.fields.map((field) => columns[field]!);
    const { open, close } = columns;
    const none = { time, fields, market: undefined, terms: undefined };
    if (node.instrument === undefined || !node.hasBars || !open || !close) return none;
    const terms = plainTerms(this.#broker, node.instrument);
    if (typeof terms === "string") {
      this.#reasons.add(terms);
      return none;
    }
    const { calendar } = node.instrument;
    const market = marketBars({ time, open, close }, intervalMs, calendar, this.#options.returnsBasis ?? "1d");
    if (!market.isComplete) this.#reasons.add("bars without a price above 0");
    return { time, fields, market, terms };
  }

  // What the event path left: every run through the broker, block by block.
  async #runBroker(from: number, to: number): Promise<void> {
    const { count } = this.#combinations;
    const rows: number[] = [];
    for (let instrument = 0; instrument < this.#instruments.length; instrument++) {
      for (let index = from; index < to; index++) {
        const row = instrument * count + index;
        if (this.#results.done[row] === 0) rows.push(row);
      }
    }
    if (rows.length === 0) return;
    this.#brokerRows += rows.length;
    const shared = new Int32Array(new SharedArrayBuffer(rows.length * 4));
    shared.set(rows);
    const { names, values, places } = this.#combinations;
    await this.#work({
      kind: "broker",
      file: this.#options.file,
      className: this.#strategy.name,
      options: this.#brokerPathOptions(),
      combinations: { names, values, places },
      frames: this.#instruments.map(({ frames }) => frames),
      rows: shared,
      results: this.#results,
      combinationCount: count,
      pieceSize: brokerPieceSize,
      pieces: Math.ceil(rows.length / brokerPieceSize),
      control: newControl(),
    });
  }

  #brokerPathOptions(): BrokerPathOptions {
    const { params = {}, broker = {}, returnsBasis } = this.#options;
    return { params, broker, ...(returnsBasis !== undefined && { returnsBasis }) };
  }

  async #work(job: SweepJob): Promise<void> {
    const what = job.kind === "events" ? "computing combinations" : "running combinations through the broker";
    await this.#pool!.run(
      job,
      () => Promise.resolve(this.#strategy),
      () => this.#breathe(() => this.#options.onProgress?.(piecesDone(job) / job.pieces, what)),
    );
  }

  // Lets timers and signals through now and then, and stops when the signal says so.
  #breathe(report?: () => void): Promise<void> | undefined {
    const nowMs = performance.now();
    if (nowMs - this.#breathedMs < breatheMs) return undefined;
    report?.();
    return new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      this.#options.signal?.throwIfAborted();
      this.#breathedMs = performance.now();
    });
  }

  async #result(): Promise<SweepResult> {
    const names = this.#instruments.map(({ name }) => name);
    const table = new SweepTable(names, this.#combinations, this.#metrics, this.#results.columns);
    const ranked = table.ranked(this.#metric, Math.max(1, this.#options.top ?? 10));
    const [bestRow] = ranked;
    const best = bestRow === undefined ? null : await this.#replay(table, bestRow);
    return {
      strategy: this.#strategy.name,
      metric: this.#metric,
      table,
      best: best && { ...table.at(bestRow!), figures: best.figures },
      bestByInstrument: names.flatMap((_, index) =>
        table
          .ranked(this.#metric, 1, index * table.combinations, (index + 1) * table.combinations)
          .map((row) => table.at(row)),
      ),
      top: ranked.map((row) => table.at(row)),
      trialsForDeflatedSharpe: best?.trials ?? { count: table.length, sharpeVariance: null, deflatedSharpe: null },
      paths: {
        events: table.length - this.#brokerRows,
        broker: this.#brokerRows,
        brokerReasons: this.#brokerRows > 0 ? [...this.#reasons] : [],
      },
      workers: this.#pool!.size,
      digest: table.digest(),
      warnings: this.#warnings(table, best?.trials),
    };
  }

  // The best run again, through the broker: its every figure, and a check on the short way to it.
  async #replay(table: SweepTable, row: number) {
    const { params, metrics } = table.at(row);
    const instrument = this.#instruments[Math.floor(row / table.combinations)]!;
    const sharpe = table.column("sharpe");
    const options = this.#brokerPathOptions();
    const replayed = async (trials?: { count: number; sharpeVariance?: number }) =>
      (await runCombinations(this.#strategy, [params], instrument.frames, options, trials))[0]!.metrics;
    let figures = await replayed({ count: table.length });
    const variance = sharpe === undefined ? null : sampleVariance(sharpe, figures.periodsPerYear);
    if (variance !== null && variance > 0) {
      figures = await replayed({ count: table.length, sharpeVariance: variance });
    }
    for (const metric of table.metrics) {
      const [found, expected] = [metrics[metric] ?? null, figures[metric]];
      if (found === expected) continue;
      if (found !== null && expected !== null && Math.abs(found - expected) <= 1e-9 * Math.max(1, Math.abs(expected))) {
        continue;
      }
      throw new QmtlError(
        "ACCOUNTING_BROKEN",
        `${metric} of ${describe(params)} on ${instrument.name} is ${String(found)} in the sweep, ${String(expected)} in a run`,
        { details: { metric, found, expected, params }, hint: "this is a defect: please report it with the strategy" },
      );
    }
    const trials: TrialsOfSweep = {
      count: table.length,
      sharpeVariance: variance,
      deflatedSharpe: figures.deflatedSharpe,
    };
    return { figures, trials };
  }

  #warnings(table: SweepTable, trials: TrialsOfSweep | undefined): readonly RunWarning[] {
    const warnings: RunWarning[] = [];
    if (table.length > 1) {
      const deflated = trials?.deflatedSharpe ?? null;
      warnings.push({
        code: "MULTIPLE_TESTING",
        message:
          `the best of ${table.length} runs is partly luck` +
          (deflated === null ? "" : `: its deflated Sharpe ratio is ${deflated.toFixed(3)}`) +
          (deflated !== null && deflated < 0.95 ? ", below the 0.95 that would speak for skill" : "") +
          "; confirm it on data that the sweep has not seen",
        count: table.length,
      });
    }
    if (this.#brokerRows > 0) {
      warnings.push({
        code: "SWEEP_THROUGH_BROKER",
        message: `${this.#brokerRows} runs went through the broker bar by bar: ${[...this.#reasons].join("; ") || "a margin call is possible"}`,
        count: this.#brokerRows,
      });
      if ((this.#options.workers ?? 2) > 1 && this.#options.file === undefined) {
        warnings.push({
          code: "SWEEP_SINGLE_THREAD",
          message: "those runs used one thread: other threads need the file that exports the class (option file)",
        });
      }
    }
    return warnings;
  }
}

// Per period: the table's ratios are annualised.
function sampleVariance(annualised: Float64Array, periodsPerYear: number): number | null {
  const root = Math.sqrt(periodsPerYear);
  let count = 0;
  let sum = 0;
  for (const value of annualised) {
    if (Number.isNaN(value)) continue;
    count++;
    sum += value / root;
  }
  if (count < 2) return null;
  const mean = sum / count;
  let squares = 0;
  for (const value of annualised) if (!Number.isNaN(value)) squares += (value / root - mean) ** 2;
  return squares / (count - 1);
}
