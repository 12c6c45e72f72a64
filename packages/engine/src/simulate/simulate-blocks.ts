import type { BlockExecutor } from "../execute/index.ts";
import { FeedReplay, type TargetOrder } from "./feed-replay.ts";
import type { BarFeed } from "./simulate-columns.ts";
import type { Simulation } from "./simulation.ts";

/** An account that trades one instrument on the rows of the executor's source, by targets or not at all. */
export interface BlockAccount {
  readonly simulation: Simulation;
  readonly feed: BarFeed;
  readonly target: (TargetOrder & { readonly column: Float64Array }) | undefined;
}

/**
 * Computes nodes and settles accounts block by block: the same calls in the same order as `simulateColumns` over whole
 * columns, without the columns.
 *
 * @param onBlock - called after every block with the rows done so far
 */
export function simulateBlocks(
  executor: BlockExecutor,
  accounts: readonly BlockAccount[],
  onBlock?: (rows: number) => void,
): void {
  const replays = accounts.map(({ simulation, feed, target }) => new FeedReplay(simulation, feed, target));
  while (executor.advance()) {
    const { from, to, offset } = executor;
    for (let index = 0; index < accounts.length; index++) {
      replays[index]!.run(accounts[index]!.target?.column, offset, from, to);
    }
    onBlock?.(to);
  }
}
