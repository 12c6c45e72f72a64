import { QmtlError, type ComputeContext } from "@qmtl/core";
import type { QueueMap } from "@qmtl/contracts/gateway";
import type { DagManagerClient, DiffAnswer } from "../dag/dag-manager-client.ts";
import { mergedQueueMap, queueMapOf } from "./queue-map.ts";
import type { NodeTagQuery } from "./read-submission.ts";

export interface DiffWork {
  readonly strategyId: string;
  readonly dagJson: string;
  readonly nodeIdsCrc32: number;
  /** One per world; one outside any. */
  readonly contexts: readonly ComputeContext[];
  readonly tagQueries: readonly NodeTagQuery[];
  readonly dryRun: boolean;
  readonly correlationId: string;
  readonly onStarted?: () => void;
}

export interface DiffResult {
  readonly queueMap: QueueMap;
  readonly sentinelId: string;
}

/**
 * Diffs a DAG once per world, and asks for the queues its tag queries match there. The queues of all worlds come
 * together per node; the sentinel is the first world's.
 *
 * @throws QmtlError what the DAG Manager answered, or `DEPENDENCY_FAILED` when it read other nodes than were sent
 */
export async function diffSubmission(client: DagManagerClient, work: DiffWork): Promise<DiffResult> {
  const answers = await Promise.all(work.contexts.map((context) => diffInContext(client, work, context)));
  return { queueMap: mergedQueueMap(answers.map(({ queueMap }) => queueMap)), sentinelId: answers[0]!.sentinelId };
}

async function diffInContext(client: DagManagerClient, work: DiffWork, context: ComputeContext): Promise<DiffResult> {
  const { strategyId, dagJson, dryRun, correlationId, onStarted } = work;
  const call = { strategyId, dagJson, context, dryRun, correlationId };
  const answer = await client.diff(onStarted === undefined ? call : { ...call, onStarted });
  checkChecksum(answer, work.nodeIdsCrc32);
  const queries = await Promise.all(work.tagQueries.map((query) => queuesOfQuery(client, query, context)));
  return {
    queueMap: mergedQueueMap([queueMapOf(answer.topicByPartitionKey), ...queries]),
    sentinelId: answer.sentinelId,
  };
}

async function queuesOfQuery(
  client: DagManagerClient,
  query: NodeTagQuery,
  context: ComputeContext,
): Promise<QueueMap> {
  const { nodeId, ...rest } = query;
  const { worldId, executionDomain, asOf, partition } = context;
  const scope = { worldId, executionDomain, asOf: asOf ?? "", partition: partition ?? "" };
  return { [nodeId]: [...(await client.queuesByTag({ ...rest, ...scope }))] };
}

function checkChecksum({ nodeIdsCrc32 }: DiffAnswer, sent: number): void {
  if (nodeIdsCrc32 === undefined || nodeIdsCrc32 === sent) return;
  throw new QmtlError(
    "DEPENDENCY_FAILED",
    `the DAG Manager read nodes of checksum ${nodeIdsCrc32}; sent were ${sent}`,
    {
      details: { code: "E_CHECKSUM_MISMATCH" },
    },
  );
}
