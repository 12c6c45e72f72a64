import { cloudEvent, eventSources } from "@qmtl/contracts/events";
import type { QueueMap } from "@qmtl/contracts/gateway";
import type { Clock, Ids } from "@qmtl/core";
import type { Logger } from "@qmtl/service/logging";
import type { StoredEvent, Submissions } from "../store/submissions.ts";
import type { EventHub } from "./event-hub.ts";
import { frameOf } from "./stream-event.ts";

export interface SubmissionFeedOptions {
  readonly submissions: Submissions;
  readonly hub: EventHub;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  /** How often another Gateway's submissions are looked for. */
  readonly pollMs: number;
}

const batchMax = 500;
const gatherMs = 10;

/**
 * Tells clients how their submissions fare. It reads the history that was stored with each step, so every Gateway on
 * that database tells the same, whichever one did the work.
 */
export class SubmissionFeed {
  readonly #options: SubmissionFeedOptions;
  #lastId = 0;
  #running = false;
  #isSoon = false;
  #wanted = false;
  #stopped = true;
  #cancelPoll: () => void = () => {};

  constructor(options: SubmissionFeedOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#lastId = await this.#options.submissions.lastEventId();
    this.#stopped = false;
    this.wake();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelPoll();
  }

  /** Something was stored. What comes within a moment is read together. */
  wake(): void {
    this.#wanted = true;
    if (this.#running || this.#stopped || this.#isSoon) return;
    this.#isSoon = true;
    this.#cancelPoll();
    this.#cancelPoll = this.#options.clock.after(gatherMs, () => {
      this.#isSoon = false;
      void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#wanted && !this.#stopped) {
      this.#wanted = false;
      try {
        await this.#read();
      } catch (error) {
        this.#options.logger.error("news of submissions cannot be read", { error });
      }
    }
    this.#running = false;
    if (this.#wanted) this.wake();
    else if (!this.#stopped) this.#cancelPoll = this.#options.clock.after(this.#options.pollMs, () => this.wake());
  }

  async #read(): Promise<void> {
    const { submissions, hub } = this.#options;
    if (hub.size === 0) {
      this.#lastId = await submissions.lastEventId();
      return;
    }
    const events = await submissions.eventsAfter(this.#lastId, batchMax);
    for (const event of events) await this.#tell(event);
    this.#lastId = events.at(-1)?.id ?? this.#lastId;
    this.#wanted ||= events.length === batchMax;
    hub.flush();
  }

  async #tell(stored: StoredEvent & { readonly world_ids: string }): Promise<void> {
    const { strategy_id, status, event, reason } = stored;
    this.#publish("progress", stored, { strategy_id, status, event, reason, version: 1 });
    if (event !== "COMPLETE") return;
    const row = await this.#options.submissions.find(strategy_id);
    const queue_map = JSON.parse(row.queue_map ?? "{}") as QueueMap;
    this.#publish("queue_map", stored, { strategy_id, queue_map, version: 1 });
  }

  /** To the strategy's clients in each of its worlds; one outside any world has them in all. */
  #publish(
    type: string,
    {
      strategy_id: strategyId,
      revision: sequence,
      ts_ms: timeMs,
      world_ids,
    }: StoredEvent & { readonly world_ids: string },
    data: Record<string, unknown>,
  ): void {
    const id = this.#options.ids.next();
    const event = cloudEvent({ id, source: eventSources.gateway, type, timeMs, data, correlationId: id });
    const frame = frameOf({ ...event, key: strategyId, sequence });
    const worldIds = JSON.parse(world_ids) as string[];
    for (const worldId of worldIds.length === 0 ? [null] : worldIds) {
      const key = `${type}:${strategyId}:${worldId ?? ""}`;
      this.#options.hub.publish({ topic: null, key, sequence, worldId, strategyId, coalesceBy: null, frame });
    }
  }
}
