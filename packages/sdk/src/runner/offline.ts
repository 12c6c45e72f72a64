import { QmtlError, shown, type NodeId } from "@qmtl/core";
import { resolveBrokerOptions } from "@qmtl/engine/broker";
import { planGraph, type GraphNode, type Plan } from "@qmtl/engine/plan";
import type { RunResult } from "@qmtl/engine/result";
import { buildGraphs, graphNodeOf, type StrategyGraph } from "../graph/build-graph.ts";
import { Strategy, strategyName, type StrategyClass } from "../strategy/strategy.ts";
import { openAccounts, type Account } from "./account.ts";
import { assembleResult, type NodeOutputs } from "./assemble-result.ts";
import { checkReadFields } from "./check-fields.ts";
import { checkRunOptions } from "./check-options.ts";
import { bindData, type BoundData } from "./bind-data.ts";
import { computeBatch, reportFills, StreamRun } from "./compute.ts";
import { computeBlocks } from "./compute-blocks.ts";
import { callHook, reportFailure, textOf } from "./hooks.ts";
import type { OfflineOptions } from "./options.ts";

/** A strategy class, or an instance made by the caller (which is set up here, once). */
export type StrategyInput = StrategyClass | Strategy;

/** A strategy graph ready to be computed: what a run, a check or a picture starts from. */
export interface PreparedRun {
  readonly strategies: readonly Strategy[];
  readonly graphs: readonly StrategyGraph[];
  readonly plan: Plan;
}

/** Instantiates, sets up, identifies and plans: everything that needs no data. */
export function prepareRun(inputs: readonly StrategyInput[], params?: Readonly<Record<string, unknown>>): PreparedRun {
  const strategies = inputs.map((input) => readyStrategy(input, params));
  const graphs = buildGraphs(strategies);
  const seen = new Set<NodeId>();
  const nodes: GraphNode[] = [];
  for (const graph of graphs) {
    for (const identified of graph.nodes) {
      if (seen.has(identified.id)) continue;
      seen.add(identified.id);
      const node = graphNodeOf(identified);
      if (node !== undefined) nodes.push(node);
    }
  }
  return { strategies, graphs, plan: planGraph(nodes) };
}

/** An instance whose nodes are wired. */
export function readyStrategy(input: StrategyInput, params?: Readonly<Record<string, unknown>>): Strategy {
  const strategy = instantiate(input, params);
  if (strategy.nodes.length === 0) setUp(strategy);
  return strategy;
}

function setUp(strategy: Strategy): void {
  let returned: unknown;
  try {
    returned = strategy.setup();
  } catch (cause) {
    if (cause instanceof QmtlError) throw cause;
    throw new QmtlError("STRATEGY_LOAD_FAILED", `setup() of ${strategyName(strategy)} failed: ${textOf(cause)}`, {
      hint: "the cause of this error says where; on the command line, --debug shows it",
      cause,
    });
  }
  if (!(returned instanceof Promise)) return;
  returned.catch(() => undefined); // what it fails with later is not what is wrong
  throw new QmtlError("STRATEGY_LOAD_FAILED", `setup() of ${strategyName(strategy)} is asynchronous`, {
    hint: "wire nodes in setup() at once; await what they need in onStart() or in a history",
  });
}

/** Runs strategies over history, all in one plan: what they share is computed once. */
export async function runOffline(
  inputs: readonly StrategyInput[],
  options: OfflineOptions,
): Promise<readonly RunResult[]> {
  checkRunOptions(options);
  return runPrepared(prepareRun(inputs, options.params), options);
}

/** @param addRows - rows of streams that no data or history is bound to */
export async function runPrepared(
  prepared: PreparedRun,
  options: OfflineOptions,
  addRows: (data: BoundData) => BoundData | Promise<BoundData> = (data) => data,
): Promise<readonly RunResult[]> {
  checkRunOptions(options);
  try {
    for (const strategy of prepared.strategies) await callHook(strategy, "onStart", () => strategy.onStart());
    const data = await addRows(await bindData(prepared.graphs, options));
    const results = computeResults(prepared, data, options);
    for (const [index, strategy] of prepared.strategies.entries())
      await callHook(strategy, "onFinish", () => strategy.onFinish(results[index]!));
    return results;
  } catch (error) {
    await reportFailure(prepared.strategies, error);
    throw error;
  }
}

function computeResults(prepared: PreparedRun, data: BoundData, options: OfflineOptions): readonly RunResult[] {
  const resolved = { ...options, broker: resolveBrokerOptions(options.broker ?? {}) };
  const accounts = openAccounts(prepared.graphs, data.frames, resolved);
  const outputs = computeOutputs(prepared.plan, data, accounts, options);
  for (const graph of prepared.graphs) checkReadFields(graph, outputs);
  return finishAccounts(accounts, outputs, data, options);
}

function computeOutputs(
  plan: Plan,
  data: BoundData,
  accounts: readonly Account[],
  options: OfflineOptions,
): NodeOutputs {
  if ((options.executor ?? "batch") === "batch") {
    return computeBlocks(plan, data.frames, accounts, options) ?? computeBatch(plan, data.frames, accounts, options);
  }
  const run = new StreamRun(plan, data.frames, accounts, options);
  run.run();
  return run.outputs();
}

export function finishAccounts(
  accounts: readonly Account[],
  outputs: NodeOutputs,
  data: BoundData,
  options: OfflineOptions,
): readonly RunResult[] {
  return accounts.map((account) => {
    const { simulation, broker } = account;
    const before = broker.fills.length;
    simulation.finish();
    reportFills(account, before);
    return assembleResult(account, outputs, data.quality, options, true);
  });
}

function instantiate(input: StrategyInput, params: Readonly<Record<string, unknown>> | undefined): Strategy {
  if (input instanceof Strategy) return input;
  if (typeof input !== "function" || !(input.prototype instanceof Strategy)) {
    throw new QmtlError("STRATEGY_NOT_FOUND", `a run takes classes that extend Strategy; found ${shown(input)}`, {
      hint: "export class MyStrategy extends Strategy { setup() { … } }",
    });
  }
  return new input(params === undefined ? {} : { params: params as never });
}
