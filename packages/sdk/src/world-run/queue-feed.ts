import type { Clock } from "@qmtl/core";
import type { FeedListener, FeedSession, FeedSubscription, LiveFeed } from "../feeds/index.ts";
import { QueueReader, type NodeExchange } from "../sharing/index.ts";
import type { QueueInput } from "../strategy/queue-input.ts";

/**
 * The feed of a run that also reads queues of its world: rows of those streams come from their queues, all others from
 * the feed that was given.
 */
export class QueueFeed implements LiveFeed {
  readonly history?: NonNullable<LiveFeed["history"]>;
  readonly #inputs: ReadonlyMap<string, QueueInput>;
  readonly #exchange: NodeExchange;
  readonly #clock: Clock;
  readonly #others: LiveFeed | undefined;

  constructor(inputs: readonly QueueInput[], exchange: NodeExchange, clock: Clock, others: LiveFeed | undefined) {
    this.#inputs = new Map(inputs.map((input) => [input.name, input]));
    this.#exchange = exchange;
    this.#clock = clock;
    this.#others = others;
    if (others?.history) this.history = (subscription, range) => others.history!(subscription, range);
  }

  open(subscriptions: readonly FeedSubscription[], listener: FeedListener): FeedSession {
    const readers: QueueReader[] = [];
    const elsewhere: number[] = [];
    subscriptions.forEach(({ stream, fields, fromMs }, index) => {
      const input = this.#inputs.get(stream);
      if (input === undefined) {
        elsewhere.push(index);
        return;
      }
      // A queue holds its rows from the first one on: nothing lies between what was read before and what comes.
      listener.live(index, fromMs);
      readers.push(
        new QueueReader({
          exchange: this.#exchange,
          clock: this.#clock,
          address: input.queue,
          fields,
          fromMs,
          onRow: (bucketMs, values) => listener.row(index, bucketMs, values),
        }),
      );
    });
    const session =
      elsewhere.length === 0
        ? undefined
        : this.#others?.open(
            elsewhere.map((index) => subscriptions[index]!),
            inPlacesOf(elsewhere, listener),
          );
    return {
      close() {
        session?.close();
        for (const reader of readers) reader.close();
      },
    };
  }
}

function inPlacesOf(places: readonly number[], listener: FeedListener): FeedListener {
  return {
    row: (index, bucketMs, values) => listener.row(places[index]!, bucketMs, values),
    live: (index, fromMs) => listener.live(places[index]!, fromMs),
    lost: (reason) => listener.lost(reason),
    ended: () => listener.ended(),
  };
}
