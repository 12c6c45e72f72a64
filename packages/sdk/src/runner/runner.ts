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
  session(strategy: StrategyInput, options: OfflineOptions = {}): Promise<RunSession> {
    const opening = RunSession.open(strategy, options);
    return opening.then((session) => {
      sessions.add(session);
      return session;
    });
  },

  /** Stops the run of a strategy, or all. Idempotent; every stop is attempted, the first error is thrown. */
  shutdown(strategy?: Strategy): void {
    let failure: unknown;
    for (const session of [...sessions]) {
      if (strategy !== undefined && session.strategy !== strategy) continue;
      sessions.delete(session);
      try {
        session.close();
      } catch (error) {
        failure ??= error;
      }
    }
    if (failure !== undefined) throw failure as Error;
  },

  async shutdownAsync(strategy?: Strategy): Promise<void> {
    await Promise.resolve();
    Runner.shutdown(strategy);
  },
} as const;

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
