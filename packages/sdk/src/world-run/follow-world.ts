import type { RunResult } from "@qmtl/engine/result";
import type { StrategyInput } from "../runner/offline.ts";
import type { WorldRunOptions } from "./options.ts";

/**
 * What a strategy file does that is run by itself with `--world-id`: follows the world until the feed ends or somebody
 * presses Ctrl-C, tells on standard error what the user should know, and leaves nothing half written.
 *
 * @returns account, orders and figures of the run
 * @throws QmtlError for whatever is wrong with the strategy, its history or the options
 */
export async function followWorld(strategy: StrategyInput, options: WorldRunOptions): Promise<RunResult> {
  const interrupted = new AbortController();
  const stop = (): void => interrupted.abort();
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const name of signals) process.once(name, stop);
  try {
    // A backtest needs none of it, and starts sooner without.
    const { WorldRun } = await import("./world-run.ts");
    await using run = await WorldRun.open(strategy, {
      onNotice: ({ message }) => process.stderr.write(`${message}\n`),
      ...options,
      signal: options.signal ? AbortSignal.any([options.signal, interrupted.signal]) : interrupted.signal,
    });
    await run.ended;
    return run.result();
  } finally {
    for (const name of signals) process.removeListener(name, stop);
  }
}
