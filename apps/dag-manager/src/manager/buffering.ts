import type { Clock } from "@qmtl/core";
import type { Logger } from "@qmtl/service";
import type { GraphStore } from "../graph/index.ts";
import { commitAtVersion } from "./commit-at-version.ts";
import type { Topics } from "./topics.ts";
import type { Turn } from "./turn.ts";

const settleAfterMs = 7 * 86_400_000;

/**
 * Looks at queues that have been recomputing for seven days. One that has as many new records as its node needs is
 * trusted under its new schema; one that has not goes on buffering, and the log says so.
 *
 * @returns topics that were settled
 */
export async function settleBuffering(options: {
  readonly store: GraphStore;
  readonly topics: Topics;
  readonly turn: Turn;
  readonly clock: Clock;
  readonly logger: Logger;
}): Promise<readonly string[]> {
  const { store, topics, turn, clock, logger } = options;
  return turn.take(() =>
    commitAtVersion(store, async () => {
      const baseVersion = await store.version();
      const atMs = clock.nowMs();
      const settled: string[] = [];
      for (const { queue, period } of await store.bufferingSince(atMs - settleAfterMs)) {
        const recomputed = (await topics.size(queue.topic)) - queue.buffering!.sizeAtStart;
        if (recomputed >= period) settled.push(queue.topic);
        else logger.warn("queue is still buffering", { queue: queue.topic, recomputed, needed: period });
      }
      return { answer: settled, change: settled.length === 0 ? undefined : { baseVersion, atMs, settled } };
    }),
  );
}
