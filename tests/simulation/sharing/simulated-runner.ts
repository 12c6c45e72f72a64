import type { NodeId } from "../../../packages/core/src/index.ts";
import { sliceFrame, type Frame } from "../../../packages/engine/src/frame/index.ts";
import { SharedRun, type LiveRow, type RunJournal } from "../../../packages/sdk/src/live/index.ts";
import { gatewayExchange, NodeSharing, type Sharing } from "../../../packages/sdk/src/sharing/index.ts";
import type { FaultyProcess, FaultySystem } from "../../../packages/testkit/src/simulation/index.ts";
import type { SharingMutant } from "./mutants.ts";
import type { SharingOracle } from "./oracle.ts";
import { frame, intervalMs, type SharedStrategy } from "./shared-strategy.ts";
import type { SimulatedPlane } from "./simulated-plane.ts";

const rowEveryMs = 250;
const rowsAtStart = 10;
/** The feed ends some time before the simulation does: whatever is under way then arrives. */
const rowsInAll = rowsAtStart + 92;
export const lastRowCloseMs = frame.time[rowsInAll - 1]! + intervalMs;
export const lastBucketMs = frame.time[rowsInAll - 1]!;

export interface RunnerOptions {
  readonly system: FaultySystem;
  readonly oracle: SharingOracle;
  readonly mutant: SharingMutant;
  readonly plane: SimulatedPlane;
  readonly name: string;
  readonly strategy: SharedStrategy;
}

/** A runner as it is shipped, from rows and leases to what it computes and sends, without its account and its disk. */
export class SimulatedRunner {
  readonly process: FaultyProcess;
  readonly #options: RunnerOptions;
  #run: SharedRun | undefined;
  #fed = 0;
  /** Of this life. */
  #lastCloseMs = Number.NEGATIVE_INFINITY;
  readonly #lastTaken = new Map<number, number>();
  /** From this row on its feed says something else than those of the others. */
  #otherFromRow = Infinity;

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.process = options.system.process(options.name, () => this.#start());
  }

  /** Everything that closes at or before this instant has been computed. */
  get closedMs(): number {
    return this.#run?.compute.closedMs ?? Number.NEGATIVE_INFINITY;
  }

  diverge(): void {
    this.#otherFromRow = Math.min(this.#otherFromRow, this.#rowsThereAre() + 1);
    this.#options.oracle.isHonest = false;
  }

  #start(): void {
    const { plane, strategy, mutant } = this.#options;
    const { prepared, inputId, addresses } = strategy;
    const { process } = this;
    const { life } = process;
    // What the life before has left behind hears of nothing more: its clock and its connections ended with it.
    const history = this.#rows(this.#rowsThereAre());
    this.#fed = history.length;
    const rows: LiveRow[] = [];
    const run = new SharedRun({
      prepared,
      past: new Map([[inputId, history]]),
      journal: { rowsOf: (stream: number) => rows.filter((row) => row.stream === stream) } as unknown as RunJournal,
      clock: process,
      orderScope: () => ({ worldId: "w", epoch: 1, strategyId: this.#options.name }),
      admit: () => ({ allowed: true, weight: 1 }),
      onRefused: () => undefined,
      onInstant: (closeMs, instant) => {
        rows.push(...instant.map((row) => ({ ...row, values: row.values.slice() })));
        this.#check(run, closeMs, instant);
        process.reach("computed");
        run.send();
      },
      onFailure: (error) => {
        if (process.isUp && process.life === life) throw error;
      },
    });
    run.start({ checkpoint: undefined, instants: [], clientOrderIds: new Map() });
    this.#run = run;
    const exchange = gatewayExchange(plane.clientOf(process), "w");
    new NodeSharing({
      exchange,
      clock: process,
      holder: `${this.#options.name}/${life}`,
      graph: prepared.graphs[0]!,
      addresses,
      ttlMs: 1_500,
      fieldsOf: (node) => run.fieldsOf(node),
      closedMs: () => run.compute.closedMs,
      onSharing: (sharing) => {
        process.reach("split");
        run.share(mutant.skipsCatchUp === true ? withoutCatchUp(sharing) : sharing, exchange);
      },
    });
    this.#lastCloseMs = run.compute.closedMs;
    this.#lastTaken.clear();
    const feed = (): void => {
      process.after(rowEveryMs / 2, feed);
      const there = this.#rowsThereAre();
      for (; this.#fed < there && process.isUp && process.life === life; this.#fed++) {
        const { time, columns } = this.#rows(there);
        const values = Float64Array.of(columns["close"]![this.#fed]!);
        run.merger.push({ stream: 0, bucketMs: time[this.#fed]!, values });
      }
    };
    feed();
  }

  /** Each instant once and in order, and of it what the batch executor makes. */
  #check(run: SharedRun, closeMs: number, rows: readonly LiveRow[]): void {
    const { oracle, name, strategy } = this.#options;
    if (closeMs !== this.#lastCloseMs + intervalMs) {
      oracle.violated("X-1", `${name} computed ${closeMs} behind ${this.#lastCloseMs}`);
    }
    this.#lastCloseMs = closeMs;
    for (const { stream, bucketMs } of rows) {
      const before = this.#lastTaken.get(stream) ?? Number.NEGATIVE_INFINITY;
      if (bucketMs <= before) oracle.violated("X-1", `${name} took bucket ${bucketMs} twice`);
      this.#lastTaken.set(stream, bucketMs);
    }
    if (!oracle.isHonest) return;
    const [bucketMs, value] = lastOf(run, strategy.ownId);
    if (bucketMs !== closeMs - intervalMs || value !== strategy.ownTruth.get(bucketMs)) {
      oracle.violated("X-1", `${name} made ${value} of bucket ${bucketMs}: ${strategy.ownTruth.get(bucketMs)} it is`);
    }
  }

  #rowsThereAre(): number {
    const { nowMs } = this.#options.system;
    return Math.min(rowsInAll, rowsAtStart + Math.floor(nowMs / rowEveryMs));
  }

  /** As this runner's feed has them. */
  #rows(count: number): Frame {
    const rows = sliceFrame(frame, 0, count);
    if (this.#otherFromRow >= count) return rows;
    const close = rows.columns["close"]!.map((value, row) => (row >= this.#otherFromRow ? value + 1 : value));
    return { ...rows, columns: { close } };
  }
}

function lastOf(run: SharedRun, id: NodeId): readonly [bucketMs: number, value: number] {
  const { executor } = run.compute;
  const { time, position } = executor.gridOf(id);
  const [column] = executor.columnsOf(id).numeric.values();
  return [time[position]!, column![position]!];
}

function withoutCatchUp(sharing: Sharing): Sharing {
  return { ...sharing, written: sharing.written.map((node) => ({ ...node, lastMs: Number.MAX_SAFE_INTEGER })) };
}
