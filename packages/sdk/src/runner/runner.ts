import type { RunResult } from "@qmtl/engine/result";
import type { StrategyClass, Strategy } from "../strategy/strategy.ts";
import { runOffline, type StrategyInput } from "./offline.ts";
import type { OfflineOptions } from "./options.ts";
import type { SubmitOptions, SubmitResult, WorldRun, WorldRunOptions } from "../world-run/index.ts";
import { RunSession } from "./session.ts";

/** Runs strategies. Every entry point leaves nothing behind: no timers, no files but those it was asked for. */
export const Runner = {
  /**
   * Runs over history, in the backtest domain, with no server. One strategy gives one result; a list gives a list, and
   * the nodes its members share are computed once.
   *
   * @throws QmtlError for whatever is wrong with the strategy, the data or the options
   */
  offline: runOfflineOverload,

  /**
   * Follows a world until the feed ends or the run is shut down. The Gateway may be away: the strategy computes, orders
   * are off, and it is said once.
   *
   * @returns account, orders and figures of the run
   * @throws QmtlError for whatever is wrong with the strategy, its history or the options
   */
  async run(strategy: StrategyInput, options: WorldRunOptions): Promise<RunResult> {
    const run = await openWorldRun(strategy, options);
    await run.ended;
    return run.result();
  },

  /** The same as `run`, under the name it has where a blocking form stands beside it. */
  runAsync(strategy: StrategyInput, options: WorldRunOptions): Promise<RunResult> {
    return this.run(strategy, options);
  },

  /**
   * Gives a strategy to a world: a backtest where there is history, the submission, the world's evaluation of the figures.
   * Nothing starts trading by it.
   *
   * @throws QmtlError for whatever is wrong with the strategy or its data; what the Gateway refuses it for
   */
  async submit(strategy: StrategyInput, options: SubmitOptions): Promise<SubmitResult> {
    const { submitStrategy } = await import("../world-run/submit-strategy.ts");
    return submitStrategy(strategy, options);
  },

  /**
   * Opens a run and hands it over while it goes on: with a world the run that follows it, without one a run that can be
   * given more rows, `session.append(rows)`. Use with `await using`, or close it; closing twice is no error.
   */
  session: sessionOverload,

  /** Stops the runs of a strategy, or all; sessions without a world end without `onFinish`. Idempotent. */
  shutdown(strategy?: Strategy): void {
    for (const session of sessionsOf(strategy)) session.close();
  },

  /** Ends the sessions of a strategy, or all, with their `onFinish`. Idempotent; every end is attempted, the first error is thrown. */
  async shutdownAsync(strategy?: Strategy): Promise<void> {
    const ends = await Promise.allSettled(sessionsOf(strategy).map((session) => session[Symbol.asyncDispose]()));
    const failed = ends.find((end) => end.status === "rejected");
    if (failed) throw failed.reason as Error;
  },
} as const;

function sessionOverload(strategy: StrategyInput, options: WorldRunOptions): Promise<WorldRun>;
function sessionOverload(strategy: StrategyInput, options?: OfflineOptions): Promise<RunSession>;
async function sessionOverload(
  strategy: StrategyInput,
  options: OfflineOptions | WorldRunOptions = {},
): Promise<RunSession | WorldRun> {
  if ("worldId" in options) return openWorldRun(strategy, options);
  const session = await RunSession.open(strategy, options, (closed) => sessions.delete(closed));
  sessions.add(session);
  return session;
}

async function openWorldRun(strategy: StrategyInput, options: WorldRunOptions): Promise<WorldRun> {
  // A backtest needs none of it, and starts sooner without.
  const { WorldRun } = await import("../world-run/world-run.ts");
  const run = await WorldRun.open(strategy, options, (closed) => sessions.delete(closed));
  if (!run.isClosed) sessions.add(run);
  return run;
}

function sessionsOf(strategy: Strategy | undefined): readonly (RunSession | WorldRun)[] {
  return Array.from(sessions).filter((session) => strategy === undefined || session.strategy === strategy);
}

const sessions = new Set<RunSession | WorldRun>();

function runOfflineOverload(strategy: StrategyClass | Strategy, options?: OfflineOptions): Promise<RunResult>;
function runOfflineOverload(
  strategies: readonly StrategyInput[],
  options?: OfflineOptions,
): Promise<readonly RunResult[]>;
async function runOfflineOverload(
  input: StrategyInput | readonly StrategyInput[],
  options: OfflineOptions = {},
): Promise<RunResult | readonly RunResult[]> {
  if (Array.isArray(input)) return runOffline(input as readonly StrategyInput[], options);
  return (await runOffline([input as StrategyInput], options))[0]!;
}
