import type { RunResult } from "@qmtl/engine/result";
import type { StrategyClass, Strategy } from "../strategy/strategy.ts";
import { runOffline, type StrategyInput } from "./offline.ts";
import type { OfflineOptions } from "./options.ts";
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
   * Opens a run that can be given more rows: `session.append(rows)`. Use with `await using`, or close it; closing twice
   * is no error.
   */
  async session(strategy: StrategyInput, options: OfflineOptions = {}): Promise<RunSession> {
    const session = await RunSession.open(strategy, options, (closed) => sessions.delete(closed));
    sessions.add(session);
    return session;
  },

  /** Lets go of the sessions of a strategy, or of all; `onFinish` is not called. Idempotent. */
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

function sessionsOf(strategy: Strategy | undefined): readonly RunSession[] {
  return Array.from(sessions).filter((session) => strategy === undefined || session.strategy === strategy);
}

const sessions = new Set<RunSession>();

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
