import { QmtlError, shown } from "@qmtl/core";
import { planGraph, type Plan } from "@qmtl/engine/plan";
import type { RunResult } from "@qmtl/engine/result";
import { buildGraphs, graphNodeOf, type StrategyGraph } from "../graph/build-graph.ts";
import { Strategy, type StrategyClass } from "../strategy/strategy.ts";
import { openAccount, type Account } from "./account.ts";
import { assembleResult, type NodeOutputs } from "./assemble-result.ts";
import { bindData, type BoundData } from "./bind-data.ts";
import { computeBatch, StreamRun } from "./compute.ts";
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
  const strategies = inputs.map((input) => instantiate(input, params));
  for (const strategy of strategies) if (strategy.nodes.length === 0) setUp(strategy);
  const graphs = buildGraphs(strategies);
  const nodes = graphs.flatMap((graph) => graph.nodes.flatMap((node) => graphNodeOf(node) ?? []));
  return { strategies, graphs, plan: planGraph(nodes) };
}

function setUp(strategy: Strategy): void {
  try {
    strategy.setup();
  } catch (cause) {
    if (cause instanceof QmtlError) throw cause;
    const { message } = cause as Error;
    throw new QmtlError("STRATEGY_LOAD_FAILED", `setup() of ${strategy.constructor.name} failed: ${message}`, {
      hint: "the cause of this error says where; on the command line, --debug shows it",
      cause,
    });
  }
}

/** Runs strategies over history, all in one plan: what they share is computed once. */
export async function runOffline(
  inputs: readonly StrategyInput[],
  options: OfflineOptions,
): Promise<readonly RunResult[]> {
  const prepared = prepareRun(inputs, options.params);
  try {
    for (const strategy of prepared.strategies) await strategy.onStart();
    const data = await bindData(prepared.graphs, options);
    const results = computeResults(prepared, data, options);
    for (const [index, strategy] of prepared.strategies.entries()) await strategy.onFinish(results[index]!);
    return results;
  } catch (error) {
    for (const strategy of prepared.strategies) strategy.onError(error);
    throw error;
  }
}

function computeResults(prepared: PreparedRun, data: BoundData, options: OfflineOptions): readonly RunResult[] {
  const accounts = prepared.graphs.map((graph) => openAccount(graph, data.frames, options));
  const outputs = computeOutputs(prepared.plan, data, accounts, options);
  return finishAccounts(accounts, outputs, data, options);
}

function computeOutputs(
  plan: Plan,
  data: BoundData,
  accounts: readonly Account[],
  options: OfflineOptions,
): NodeOutputs {
  if ((options.executor ?? "batch") === "batch") return computeBatch(plan, data.frames, accounts, options);
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
    if (simulation.rows > 0) broker.finish(simulation.lastMs);
    return assembleResult(account, outputs, data.quality, options);
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
