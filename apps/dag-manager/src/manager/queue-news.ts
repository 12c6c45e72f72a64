import type { ControlBus } from "@qmtl/bus";
import type { QueueUpdated } from "@qmtl/contracts/events";
import { QmtlError } from "@qmtl/core";
import type { EventSink } from "@qmtl/store";
import type { GraphStore } from "../graph/index.ts";

type Outgoing = Parameters<EventSink["publish"]>[1][number];

/** Names of queues told per millisecond; about 2 MB a second of events. */
const namesPerMs = 25;
const restMsMax = 1_000;
const restMsMin = 5;

/**
 * Publishes the events of the graph. An event about a tag query says all queues that match it, and is filled in here: of
 * several that wait only the last is told, and lists that grow long are told less often. Otherwise thousands of queues
 * with one tag would be told thousands of times, each time all of them.
 *
 * What is published lists the queues of the change that has its sequence, and perhaps of later ones.
 */
export class QueueNews implements EventSink {
  readonly #bus: Pick<ControlBus, "publish">;
  readonly #store: GraphStore;
  #namesTold = 0;

  constructor(bus: Pick<ControlBus, "publish">, store: GraphStore) {
    this.#bus = bus;
    this.#store = store;
  }

  /** How long readers need for what has been told since the last call, ms. */
  restMs(): number {
    const restMs = Math.min(restMsMax, this.#namesTold / namesPerMs);
    this.#namesTold = 0;
    return restMs >= restMsMin ? restMs : 0;
  }

  /** @throws QmtlError `IDEMPOTENCY_CONFLICT`, `STORE_FAILED` */
  async publish(...[topic, events]: Parameters<EventSink["publish"]>): Promise<void> {
    if (topic !== "control.queues") return this.#bus.publish(topic, events);
    await this.#store.version(); // what other managers have added counts
    const last = new Map(events.map((event, index) => [event.key, index]));
    const told = events.filter(({ key, event }, index) => event.type !== "queue_updated" || last.get(key) === index);
    const filled = await Promise.all(told.map((each) => this.#filled(each)));
    try {
      await this.#bus.publish(topic, filled);
    } catch (error) {
      if (!isKnownAlready(error, events)) throw error;
    }
    this.#namesTold += namesIn(filled);
  }

  async #filled(outgoing: Outgoing): Promise<Outgoing> {
    const { event } = outgoing;
    if (event.type !== "queue_updated") return outgoing;
    const data = event.data as QueueUpdated;
    const { world_id: worldId = "", execution_domain: domain = "", tags, interval, match_mode: matchMode } = data;
    const context = await this.#store.newestContext(worldId, domain);
    const query = { tags, intervalSeconds: interval, matchMode };
    const topics = context === undefined ? [] : await this.#store.queuesMatching(context, query);
    const queues = topics.map((queue) => ({ queue, global: false }));
    return { ...outgoing, event: { ...event, data: { ...data, queues } } };
  }
}

/** After a crash an event may come again with what has changed since; the change has an event of its own. */
function isKnownAlready(error: unknown, [only, second]: readonly Outgoing[]): boolean {
  if (!(error instanceof QmtlError) || error.code !== "IDEMPOTENCY_CONFLICT") return false;
  return second === undefined && only?.event.type === "queue_updated";
}

function namesIn(told: readonly Outgoing[]): number {
  let names = 0;
  for (const { event } of told) {
    if (event.type === "queue_updated") names += (event.data as QueueUpdated).queues.length;
  }
  return names;
}
