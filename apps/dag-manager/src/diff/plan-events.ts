import { queueEventKey, queueUpdated, sentinelWeightUpdated } from "@qmtl/contracts/events";
import type { EpochMs } from "@qmtl/core";
import type { GraphEvent, GraphQueue, QueueContext, SentinelWeight } from "../graph/index.ts";
import { matchesQuery, queryText, type TagQuery } from "../tag-query/index.ts";

/** A queue as far as tag queries see it. */
export type TaggedQueue = Pick<GraphQueue, "topic" | "tags" | "intervalSeconds">;

/**
 * The queries whose answer a change of queues alters: for each set of tags its own "all of them", and whatever nodes of
 * the context ask.
 */
export function affectedQueries(changed: readonly TaggedQueue[], asked: readonly TagQuery[]): readonly TagQuery[] {
  const tagged = changed.filter(({ tags, intervalSeconds }) => tags.length > 0 && intervalSeconds > 0);
  const queries = new Map<string, TagQuery>();
  for (const { tags, intervalSeconds } of tagged) {
    const own: TagQuery = { tags, intervalSeconds, matchMode: "all" };
    queries.set(queryText(own), own);
  }
  for (const query of asked) {
    if (tagged.some(({ tags, intervalSeconds }) => matchesQuery(query, tags, intervalSeconds))) {
      queries.set(queryText(query), query);
    }
  }
  return [...queries.values()];
}

/** Key of the events about a query in a context. */
export function eventKeyOf({ worldId, executionDomain }: QueueContext, query: TagQuery): string {
  return queueEventKey({ ...query, worldId, executionDomain });
}

/** The queues of a query have changed; which they are now is filled in when it is published. */
export function queueUpdatedEvent(
  context: QueueContext,
  query: TagQuery,
  { sequence, atMs, correlationId }: { sequence: number; atMs: EpochMs; correlationId: string },
): GraphEvent {
  const { worldId, executionDomain } = context;
  return {
    topic: "control.queues",
    key: eventKeyOf(context, query),
    sequence,
    type: "queue_updated",
    data: queueUpdated({
      tags: [...query.tags],
      interval: query.intervalSeconds,
      match_mode: query.matchMode,
      queues: [],
      sequence,
      tsMs: atMs,
      ...(worldId === "" ? {} : { world_id: worldId }),
      ...(executionDomain === "" ? {} : { execution_domain: executionDomain }),
    }),
    correlationId,
  };
}

export function weightEvent(
  { sentinelId, worldId, weight }: SentinelWeight,
  version: string,
  { sequence, atMs, correlationId }: { sequence: number; atMs: EpochMs; correlationId: string },
): GraphEvent {
  return {
    topic: "control.sentinel",
    key: sentinelId,
    sequence,
    type: "sentinel_weight_updated",
    data: sentinelWeightUpdated({
      sentinel_id: sentinelId,
      weight,
      sentinel_version: version,
      tsMs: atMs,
      ...(worldId === "" ? {} : { world_id: worldId }),
    }),
    correlationId,
  };
}
