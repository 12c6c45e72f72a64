import type { NodeId } from "@qmtl/core";
import { BlockExecutor, runBatch, type BatchRun } from "@qmtl/engine/execute";
import type { Frame } from "@qmtl/engine/frame";
import type { Plan } from "@qmtl/engine/plan";
import { simulateBlocks, type BlockAccount } from "@qmtl/engine/simulate";
import type { Account } from "./account.ts";
import type { NodeOutputs } from "./assemble-result.ts";
import { hooksOf } from "./compute.ts";
import type { OfflineOptions } from "./options.ts";

/**
 * Where nobody keeps columns and orders are targets on the rows of one source: block by block. Whoever asks for a
 * column after all has the nodes computed again. Undefined where the strategies need more than that.
 */
export function computeBlocks(
  plan: Plan,
  frames: ReadonlyMap<NodeId, Frame>,
  accounts: readonly Account[],
  options: OfflineOptions,
): NodeOutputs | undefined {
  const hooks = accounts.map((account, index) => hooksOf(account, options, index, accounts.length));
  const plain = accounts.every(
    ({ feeds, targets, orderPath }, index) =>
      feeds.length <= 1 &&
      targets.length <= feeds.length &&
      orderPath.entries.length === 0 &&
      hooks[index]!.onClose === undefined &&
      hooks[index]!.afterClose === undefined,
  );
  if (!plain || !BlockExecutor.takes(plan)) return undefined;
  const executor = new BlockExecutor(plan, frames);
  const trading = accounts.flatMap(({ simulation, feeds, targets }): BlockAccount[] => {
    const [feed] = feeds;
    if (feed === undefined) return [];
    const [target] = targets;
    const { instrument = 0, unit = "percent" } = target ?? {};
    return [
      { simulation, feed, target: target && { instrument, unit, column: executor.columnOf(target.node.id, "value") } },
    ];
  });
  const { length } = frames.values().next().value!;
  simulateBlocks(executor, trading, (rows) => {
    options.signal?.throwIfAborted();
    options.onProgress?.(rows / length, "trading");
  });
  let run: BatchRun | undefined;
  const again = () => (run ??= runBatch(plan, frames));
  return { columnsOf: (id) => again().columnsOf(id), timeOf: (id) => again().rowsOf(id).time };
}
