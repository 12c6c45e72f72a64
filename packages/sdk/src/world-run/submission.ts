import { QmtlError, sleep, type Clock } from "@qmtl/core";
import { blake3Text } from "@qmtl/core/identity";
import type { QueueMap, StrategySubmit } from "@qmtl/contracts/gateway";
import type { GatewayClient } from "../gateway-client/index.ts";

export interface SubmissionOptions {
  readonly client: GatewayClient;
  readonly clock: Clock;
  readonly worldId: string;
  readonly document: Pick<StrategySubmit, "dag_json" | "node_ids_crc32">;
  readonly signal: AbortSignal;
  /** The Gateway does not answer, and is asked again; said at the first attempt. */
  onWaiting(message: string): void;
}

/**
 * Submits until the Gateway takes the strategy: under one key, so that asking twice is asking once (S-4). A strategy the
 * Gateway has already is the one that is meant.
 *
 * @returns the id under which the Gateway knows the strategy
 * @throws QmtlError what the Gateway refuses it for; the signal's reason
 */
export async function submitUntilTaken(options: SubmissionOptions): Promise<string> {
  const { client, clock, worldId, document, signal } = options;
  const submission = { ...document, world_ids: [worldId] };
  const key = blake3Text(JSON.stringify(["qmtl/submission/1", worldId, document.dag_json]));
  for (let attempt = 0; ; attempt++) {
    try {
      return (await client.submit(submission, key, signal)).strategy_id;
    } catch (error) {
      signal.throwIfAborted();
      const known = duplicateOf(error);
      if (known !== undefined) return known;
      if (!isPassing(error)) throw error;
      if (attempt === 0) options.onWaiting(error instanceof Error ? error.message : String(error));
      await sleep(clock, Math.min(5_000, 100 * 2 ** Math.min(attempt, 6)), signal);
    }
  }
}

/**
 * Queues of the strategy's nodes, when the DAG Manager has given them.
 *
 * @returns undefined when the submission has failed: every node is then computed here
 */
export async function queuesOf(
  client: GatewayClient,
  strategyId: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<QueueMap | undefined> {
  for (let attempt = 0; ; attempt++) {
    try {
      const { status, queue_map: queues } = await client.status(strategyId);
      if (status === "completed") return queues;
      if (status === "failed" || status === "dead-lettered") return undefined;
    } catch (error) {
      signal.throwIfAborted();
      if (!isPassing(error)) return undefined;
    }
    await sleep(clock, Math.min(5_000, 100 * 2 ** Math.min(attempt, 6)), signal);
  }
}

function duplicateOf(error: unknown): string | undefined {
  if (!(error instanceof QmtlError) || error.code !== "SUBMISSION_DUPLICATE") return undefined;
  const { strategy_id: strategyId } = error.details;
  return typeof strategyId === "string" ? strategyId : undefined;
}

const passing: readonly string[] = [
  "DEPENDENCY_UNAVAILABLE",
  "DEPENDENCY_FAILED",
  "SERVICE_OVERLOADED",
  "RATE_LIMITED",
  "STORE_FAILED",
];

/** Whether asking again may help: the Gateway is away, or too busy. */
function isPassing(error: unknown): boolean {
  return !(error instanceof QmtlError) || passing.includes(error.code);
}
