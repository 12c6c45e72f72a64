import type { EpochMs } from "@qmtl/core";
import { affectedQueries, eventKeyOf, queueUpdatedEvent, type TaggedQueue } from "../diff/index.ts";
import type { GraphEvent, GraphStore, QueueContext } from "../graph/index.ts";

export interface QueueChanges {
  readonly context: QueueContext;
  readonly added?: readonly TaggedQueue[];
  readonly removed?: readonly TaggedQueue[];
}

/**
 * The events about changed queues: one per query whose answer changes. The answer itself is filled in when the event is
 * published, by `QueueNews`. A world's stream tells of its newest context only: events name world and domain, and
 * answers of two contexts under one key would be taken for each other.
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
  return queries.map((query, index) => {
    const sequence = (sequences.get(keys[index]!) ?? 0) + 1;
    return queueUpdatedEvent(context, query, { sequence, atMs, correlationId });
  });
}

async function isNewest(store: GraphStore, context: QueueContext, mayBeNew: boolean): Promise<boolean> {
  const newest = await store.newestContext(context.worldId, context.executionDomain);
  if (newest === undefined || (newest.asOf === context.asOf && newest.partition === context.partition)) return true;
  return mayBeNew && !(await store.hasContext(context));
}
