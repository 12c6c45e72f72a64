import { QmtlError, type NodeId } from "@qmtl/core";
import type { BrokerOptions } from "@qmtl/engine/broker";
import type { Frame } from "@qmtl/engine/frame";
import type { ReturnsBasis, Trials } from "@qmtl/engine/metrics";
import { planGraph } from "@qmtl/engine/plan";
import type { RunResult } from "@qmtl/engine/result";
import { buildGraphs, graphNodeOf } from "../graph/build-graph.ts";
import { openAccount } from "../runner/account.ts";
import { computeBatch } from "../runner/compute.ts";
import { finishAccounts } from "../runner/offline.ts";
import type { Strategy, StrategyClass } from "../strategy/strategy.ts";
import type { Combination } from "./grid.ts";

export interface BrokerPathOptions {
  /** Parameters that are the same in every combination. */
  readonly params: Combination;
  readonly broker: Partial<BrokerOptions>;
  readonly returnsBasis?: ReturnsBasis;
}

/**
 * Runs combinations of one block in one plan, as `Runner.offline` runs a list of strategies: what they share is
 * computed once, each has its own account.
 *
 * @param frames - rows of every stream of the combinations
 */
export async function runCombinations(
  strategy: StrategyClass,
  combinations: readonly Combination[],
  frames: ReadonlyMap<NodeId, Frame>,
  { params, ...options }: BrokerPathOptions,
  trials?: Trials,
): Promise<readonly RunResult[]> {
  const strategies = combinations.map((combination) => setUp(strategy, { ...params, ...combination }));
  // One by one: a tag query sees the streams of its own run only.
  const graphs = strategies.map((each, index) => buildGraphs([each], index)[0]!);
  const plan = planGraph(graphs.flatMap((graph) => graph.nodes.flatMap((node) => graphNodeOf(node) ?? [])));
  const runOptions = { ...options, keep: "none" as const, ...(trials && { trials }) };
  try {
    for (const each of strategies) await each.onStart();
    const accounts = graphs.map((graph) => openAccount(graph, frames, runOptions));
    const outputs = computeBatch(plan, frames, accounts, runOptions);
    const results = finishAccounts(accounts, outputs, { frames, quality: new Map() }, runOptions);
    for (const [index, each] of strategies.entries()) await each.onFinish(results[index]!);
    return results;
  } catch (error) {
    for (const each of strategies) await each.onError(error);
    throw error;
  }
}

/** A strategy with its graph wired; what its `setup` refuses names the parameters it was given. */
export function setUp(strategy: StrategyClass, params: Combination): Strategy {
  try {
    const made = new strategy({ params: params as never });
    made.setup();
    return made;
  } catch (error) {
    if (!(error instanceof QmtlError)) throw error;
    throw new QmtlError(error.code, `${error.message} (with ${describe(params)})`, {
      details: { ...error.details, params },
      cause: error,
      ...(error.hint !== undefined && { hint: error.hint }),
    });
  }
}

export function describe(params: Combination): string {
  return Object.entries(params)
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" ");
}
