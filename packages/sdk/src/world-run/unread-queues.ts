import { QueueInput } from "../strategy/queue-input.ts";
import type { Strategy } from "../strategy/strategy.ts";
import { TagQueryNode } from "../strategy/tag-query-node.ts";

/**
 * Queues that came after a run had settled what its tag queries read. Taking one in would make another strategy of it, with
 * other state; so the run goes on as it is, and the user is told, once for each.
 */
export class UnreadQueues {
  readonly #queries: readonly TagQueryNode[];
  readonly #tell: (message: string) => void;
  readonly #known: Set<string>;
  /** By topic, the name of a query that asks for it. */
  readonly #waiting = new Map<string, string>();
  #knowsOwn = false;

  constructor(strategy: Strategy, tell: (message: string) => void) {
    this.#queries = strategy.nodes.filter((node) => node instanceof TagQueryNode);
    this.#known = new Set(strategy.nodes.flatMap((node) => (node instanceof QueueInput ? [node.queue.topic] : [])));
    this.#tell = tell;
  }

  /** Queues of the strategy's own nodes. Before these are known nobody can tell which are another's. */
  know(topics: readonly string[]): void {
    for (const topic of topics) this.#known.add(topic);
    this.#knowsOwn = true;
    this.#tellAll();
  }

  /** A `queue_update` or `tagquery.upsert` event: what a query of the world finds now. */
  heard({ tags, interval, queues, match_mode: matchMode }: Readonly<Record<string, unknown>>): void {
    if (!Array.isArray(tags) || !Array.isArray(queues)) return;
    const query = this.#queries.find(
      (each) =>
        each.declaredIntervalMs === Number(interval) * 1_000 &&
        (matchMode === undefined || each.matchMode === matchMode) &&
        [...each.tags].sort().join() === [...(tags as string[])].sort().join(),
    );
    if (query === undefined) return;
    for (const each of queues as readonly (string | { readonly queue?: unknown })[]) {
      const topic = typeof each === "string" ? each : each.queue;
      if (typeof topic === "string" && topic !== "") this.#waiting.set(topic, query.name);
    }
    this.#tellAll();
  }

  #tellAll(): void {
    if (!this.#knowsOwn) return;
    for (const [topic, query] of this.#waiting) {
      if (this.#known.has(topic)) continue;
      this.#known.add(topic);
      this.#tell(
        `queue "${topic}" matches the tag query "${query}" now; a run with a stateFolder of its own will read it, this one does not`,
      );
    }
    this.#waiting.clear();
  }
}
