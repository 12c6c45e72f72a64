import { QmtlError, type Clock } from "@qmtl/core";
import type { StrategySubmit } from "@qmtl/contracts/gateway";
import { systemClock } from "../edge/system-clock.ts";
import type { GatewayClient } from "../gateway-client/index.ts";
import { strategyDocument } from "../gateway-client/strategy-document.ts"; // not the client: every import of the package would load its schemas
import { prepareRun, readyStrategy, type PreparedRun, type StrategyInput } from "../runner/offline.ts";
import { gatewayExchange } from "../sharing/index.ts";
import type { QueueInput } from "../strategy/queue-input.ts";
import { readWorldQueues, stateFolderOf, type TagQueuesOptions } from "./tag-queues.ts";

export interface WorldGraphOptions extends Pick<TagQueuesOptions, "waitsFor" | "keep" | "signal"> {
  readonly client: GatewayClient;
  readonly params?: Readonly<Record<string, unknown>> | undefined;
  /** Where the run keeps, or will keep, its state. */
  readonly stateFolder?: string | undefined;
  readonly clock?: Clock;
  readonly onNotice?: ((message: string) => void) | undefined;
}

/** A strategy as it is in a world: its tag queries read the queues of others there. */
export interface WorldGraph {
  readonly prepared: PreparedRun;
  readonly queues: readonly QueueInput[];
}

/** @throws QmtlError for whatever is wrong with the strategy, and what `readWorldQueues` throws */
export async function graphInWorld(
  input: StrategyInput,
  worldId: string,
  options: WorldGraphOptions,
): Promise<WorldGraph> {
  const { client, params, stateFolder, clock = systemClock, waitsFor, keep, signal, onNotice } = options;
  const strategy = readyStrategy(input, params);
  const queues = await readWorldQueues(strategy, {
    client,
    exchange: gatewayExchange(client, worldId),
    clock,
    worldId,
    folder: stateFolder ?? stateFolderOf(strategy, worldId),
    signal,
    ...(waitsFor && { waitsFor }),
    ...(keep !== undefined && { keep }),
    onNotice: onNotice ?? (() => undefined),
  });
  return { prepared: prepareRun([strategy]), queues };
}

/**
 * What is submitted of a strategy for some worlds, the queues that its tag queries read there included.
 *
 * @throws QmtlError `USAGE` where it reads other queues in each of several worlds: it is another strategy in each
 */
export async function submissionFor(
  strategy: StrategyInput,
  worldIds: readonly string[],
  options: WorldGraphOptions,
): Promise<StrategySubmit> {
  const graphs: WorldGraph[] = [];
  for (const worldId of worldIds) graphs.push(await graphInWorld(strategy, worldId, options));
  const readsOthers = graphs.findIndex(({ queues }) => queues.length > 0);
  if (readsOthers >= 0 && worldIds.length > 1) {
    throw new QmtlError(
      "USAGE",
      `tag queries of the strategy read queues of world "${worldIds[readsOthers]}": it is another strategy in each world`,
      { hint: "submit it to one world after another" },
    );
  }
  const { prepared } = graphs[0] ?? { prepared: prepareRun([strategy], options.params) };
  return { ...strategyDocument(prepared.graphs[0]!), world_ids: [...worldIds] };
}
