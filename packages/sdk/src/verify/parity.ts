import type { RunResult } from "@qmtl/engine/result";
import { openAccount } from "../runner/account.ts";
import { bindData } from "../runner/bind-data.ts";
import { computeBatch, StreamRun } from "../runner/compute.ts";
import { finishAccounts, prepareRun, type StrategyInput } from "../runner/offline.ts";
import type { OfflineOptions } from "../runner/options.ts";
import { firstDifference, type Difference } from "./compare-runs.ts";

export interface ParityOptions extends OfflineOptions {
  /** How many places the stream is cut and restored at, evenly spread. Default: every bar up to 5,000, then 2,000. */
  readonly cuts?: number;
}

export interface ParityReport {
  readonly strategy: string;
  readonly bars: number;
  readonly nodes: number;
  readonly cuts: number;
  readonly identical: boolean;
  /** Batch against stream, and batch against the stream that was restarted at every cut. */
  readonly stream: Difference | null;
  readonly restarted: Difference | null;
}

/**
 * Runs a strategy three ways over the same rows: column by column, event by event, and event by event with the whole
 * state saved and restored into fresh objects at every cut. All three must agree bit for bit.
 */
export async function verifyParity(strategy: StrategyInput, options: ParityOptions = {}): Promise<ParityReport> {
  const prepared = prepareRun([strategy], options.params);
  const data = await bindData(prepared.graphs, options);
  const { plan } = prepared;
  const [graph] = prepared.graphs;
  const open = () => [openAccount(graph!, data.frames, options)];
  const quiet: OfflineOptions = { ...options, keep: "all" };

  const batchAccounts = open();
  const batchOutputs = computeBatch(plan, data.frames, batchAccounts, { ...quiet, onProgress: () => undefined });
  const batch = finishAccounts(batchAccounts, batchOutputs, data, quiet)[0]!;

  const streamAccounts = open();
  const whole = new StreamRun(plan, data.frames, streamAccounts, { ...quiet, onProgress: () => undefined });
  whole.run();
  const stream = finishAccounts(streamAccounts, whole.outputs(), data, quiet)[0]!;

  const cutTimes = chooseCuts(closeTimes(whole), options.cuts);
  const restarted = runRestarted();
  const differences = {
    stream: firstDifference(batch, stream) ?? null,
    restarted: firstDifference(batch, restarted) ?? null,
  };
  return {
    strategy: graph!.name,
    bars: batch.times.length,
    nodes: batch.nodes.length,
    cuts: cutTimes.length,
    identical: differences.stream === null && differences.restarted === null,
    ...differences,
  };

  function runRestarted(): RunResult {
    let accounts = open();
    let run = new StreamRun(plan, data.frames, accounts, { ...quiet, onProgress: () => undefined });
    cutTimes.forEach((cutMs, index) => {
      options.signal?.throwIfAborted();
      run.run(cutMs);
      accounts = open();
      run = run.restart(accounts);
      options.onProgress?.((index + 1) / cutTimes.length, "restarting");
    });
    run.run();
    return finishAccounts(accounts, run.outputs(), data, quiet)[0]!;
  }
}

function closeTimes(run: StreamRun): number[] {
  const times = new Set<number>();
  for (const { frame } of run.sources) for (const time of frame.time) times.add(time + frame.intervalMs);
  return [...times].sort((a, b) => a - b);
}

function chooseCuts(
  times: readonly number[],
  wanted = times.length <= 5_000 ? times.length : 2_000,
): readonly number[] {
  if (wanted >= times.length) return times;
  return Array.from({ length: wanted }, (_, index) => times[Math.floor(((index + 0.5) * times.length) / wanted)]!);
}
