import type { EpochMs } from "@qmtl/core";
import { affectedQueries, eventKeyOf, queueUpdatedEvent, type TaggedQueue } from "../diff/index.ts";
import type { GraphEvent, GraphStore, QueueContext } from "../graph/index.ts";
import { matchesQuery } from "../tag-query/index.ts";

export interface QueueChanges {
  readonly context: QueueContext;
  readonly added?: readonly TaggedQueue[];
  readonly removed?: readonly TaggedQueue[];
}

/**
 * What the events about changed queues say: per query whose answer changes, the whole answer after the change. Planned
 * at one version of the graph, like the change they belong to. A world's stream tells of its newest context only: events
 * name world and domain, and answers of two contexts under one key would be taken for each other.
 */
export async function planQueueEvents(
  store: GraphStore,
  { context, added = [], removed = [] }: QueueChanges,
  { atMs, correlationId }: { atMs: EpochMs; correlationId: string },
): Promise<readonly GraphEvent[]> {
  const changed = [...added, ...removed].filter(({ tags, intervalSeconds }) => tags.length > 0 && intervalSeconds > 0);
  if (changed.length === 0 || !(await isNewest(store, context, added.length > 0))) return [];
  const queries = affectedQueries(changed, await store.tagQueries(context));
  const keys = queries.map((query) => eventKeyOf(context, query));
  const sequences = await store.sequences("control.queues", keys);
  const gone = new Set(removed.map(({ topic }) => topic));
  return Promise.all(
    queries.map(async (query, index) => {
      const before = await store.queuesMatching(context, query);
      const after = added.filter(({ tags, intervalSeconds }) => matchesQuery(query, tags, intervalSeconds));
      const topics = [...before.filter((topic) => !gone.has(topic)), ...after.map(({ topic }) => topic)];
      const sequence = (sequences.get(keys[index]!) ?? 0) + 1;
      return queueUpdatedEvent(context, query, topics, { sequence, atMs, correlationId });
    }),
  );
}

async function isNewest(store: GraphStore, context: QueueContext, mayBeNew: boolean): Promise<boolean> {
  const newest = await store.newestContext(context.worldId, context.executionDomain);
  if (newest === undefined || (newest.asOf === context.asOf && newest.partition === context.partition)) return true;
  return mayBeNew && !(await store.hasContext(context));
}
