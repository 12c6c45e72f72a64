import type { IntervalMs } from "@qmtl/core";
import { StreamInput } from "./stream-input.ts";
import type { TagQueryNode } from "./tag-query-node.ts";

/** A queue of a world: the rows of one node that another strategy computes. */
export interface WorldQueue {
  readonly topic: string;
  /** Compute key of the node whose rows they are: "blake3:" and 64 hex digits. */
  readonly key: string;
  /** Numeric fields of its rows. */
  readonly fields: readonly string[];
}

/** A stream that a tag query found among the queues of its world. Part of its identity is whose rows it brings. */
export class QueueInput extends StreamInput<string> {
  readonly queue: WorldQueue;
  readonly #queries: ReadonlySet<TagQueryNode>;

  /** @param queries - the queries of its strategy that read it */
  constructor(queue: WorldQueue, intervalMs: IntervalMs, queries: Iterable<TagQueryNode>) {
    const tags = [`queue.${queue.key.replace("blake3:", "")}`];
    super({ name: queue.topic, tags, interval: intervalMs / 1_000, fields: queue.fields });
    this.queue = queue;
    this.#queries = new Set(queries);
  }

  isReadBy(query: TagQueryNode): boolean {
    return this.#queries.has(query);
  }
}
