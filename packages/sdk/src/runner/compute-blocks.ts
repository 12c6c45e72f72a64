import type { NodeId } from "@qmtl/core";
import type { SignTargets } from "@qmtl/engine/broker";
import { BlockExecutor, runBatch, type BatchRun } from "@qmtl/engine/execute";
import type { Frame } from "@qmtl/engine/frame";
import type { FieldInput, Plan } from "@qmtl/engine/plan";
import {
  orderTarget,
  signTargetsOf,
  simulateBlocks,
  type BlockAccount,
  type OrderTargetParams,
} from "@qmtl/engine/simulate";
import type { Account } from "./account.ts";
import type { NodeOutputs } from "./assemble-result.ts";
import { hooksOf } from "./compute.ts";
import type { OfflineOptions } from "./options.ts";

/**
 * Where orders are targets on the rows of one source: block by block, without columns. Whoever asks for a column has the
 * nodes computed again, which costs less than the memory of columns that nobody asks for. Undefined where the strategies
 * need more than that.
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
  const signals = signalsOf(plan, accounts);
  const executor = new BlockExecutor(plan, frames, new Set(signals.keys()));
  const trading = accounts.flatMap(({ simulation, feeds, targets }): BlockAccount[] => {
    const [feed] = feeds;
    if (feed === undefined) return [];
    const [target] = targets;
    if (target === undefined) return [{ simulation, feed, target }];
    const { instrument, unit, node } = target;
    const { from, field, ...order } = signals.get(node.id) ?? { from: node.id, field: "value" };
    const [column, closes] = [executor.columnOf(from, field), executor.columnOf(feed.source, "close")];
    return [{ simulation, feed, target: { instrument, unit, column, closes, ...order } }];
  });
  const { length } = frames.values().next().value!;
  try {
    simulateBlocks(executor, trading, (rows) => {
      options.signal?.throwIfAborted();
      options.onProgress?.(rows / length, "trading");
    });
  } finally {
    executor.close();
  }
  let run: BatchRun | undefined;
  const again = () => (run ??= runBatch(plan, frames));
  return { columnsOf: (id) => again().columnsOf(id), timeOf: (id) => again().rowsOf(id).time };
}

/**
 * Targets that nobody but the account reads, by node: most rows have none, and the signal behind them tells which have,
 * so that their column need not be made.
 */
function signalsOf(plan: Plan, accounts: readonly Account[]): ReadonlyMap<NodeId, SignalTargets> {
  const read = new Set(plan.nodes.flatMap(({ inputs }) => inputs.map((input) => input.node.id)));
  const signals = new Map<NodeId, SignalTargets>();
  for (const { targets } of accounts) {
    for (const { node } of targets) {
      const planned = plan.byId.get(node.id)!.node;
      if (planned.kind !== "operator" || planned.definition !== orderTarget || read.has(node.id)) continue;
      signals.set(node.id, { ...planned.inputs[0]!, signTargets: signTargetsOf(planned.params as OrderTargetParams) });
    }
  }
  return signals;
}

interface SignalTargets extends FieldInput {
  readonly signTargets: SignTargets;
}
