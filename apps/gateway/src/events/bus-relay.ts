import type { ControlBus, ControlMessage, Subscription } from "@qmtl/bus";
import {
  controlReading,
  eventSources,
  queueDescriptors,
  type CloudEvent,
  type ControlReading,
  type ControlTopic,
} from "@qmtl/contracts/events";
import type { Clock } from "@qmtl/core";
import type { Logger } from "@qmtl/service/logging";
import type { EventHub } from "./event-hub.ts";
import { frameOf, type StreamEvent } from "./stream-event.ts";

export interface RelayObserver {
  relayed(topic: ControlTopic, lagMs: number): void;
  dropped(topic: ControlTopic): void;
  sentinelWeight(sentinelId: string, weight: number, skewMs: number): void;
}

export interface BusRelayOptions {
  readonly bus: ControlBus;
  readonly hub: EventHub;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly observer: RelayObserver;
  /** Lets the sockets write. */
  readonly turn: () => Promise<void>;
  /** A world's activation or policy has changed. */
  readonly worldChanged: (worldId: string) => void;
  /** Events of the topic and world are missing: who follows it needs a snapshot. */
  readonly resync: (event: StreamEvent) => void;
  /** What a world may do cannot be told any more: whoever follows it must close. */
  readonly closeWorld: (worldId: string, reason: string) => void;
}

const eventsPerTurn = 64;
const followed = ["control.activation", "control.policy", "control.queues", "control.sentinel"] as const;
const unreadable = new Set<ControlTopic>(["control.activation"]);

/**
 * Follows the control bus and hands its events to the hub. Every Gateway gets every event (no shared group). What
 * cannot be read is ignored where events only inform, and closes the world where they carry activation.
 */
export class BusRelay {
  readonly #options: BusRelayOptions;
  #subscriptions: Subscription[] = [];
  #sequence = 0;
  #flushing = false;
  #sinceTurn = 0;

  constructor(options: BusRelayOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { bus, closeWorld } = this.#options;
    for (const topic of followed) {
      const onDeadLetter = ({ key }: { key: string }): void => {
        if (unreadable.has(topic)) closeWorld(key, "an activation event cannot be handled");
      };
      this.#subscriptions.push(
        await bus.subscribe(topic, { from: "latest", onDeadLetter }, (message) => this.#follow(message)),
      );
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#subscriptions.splice(0).map((subscription) => subscription.close()));
  }

  /**
   * Events that lie ready come without a pause. After some of them the sockets get their turn: otherwise clients that
   * read would be taken for slow ones.
   */
  #follow(message: ControlMessage): void | Promise<void> {
    this.take(message);
    if (++this.#sinceTurn < eventsPerTurn) return;
    this.#sinceTurn = 0;
    this.#options.hub.flush();
    return this.#options.turn();
  }

  /** One event from the bus. */
  take(message: ControlMessage): void {
    const { hub, observer, clock, resync } = this.#options;
    const reading = this.#read(message);
    if (reading === undefined) {
      observer.dropped(message.topic);
      return;
    }
    const event = this.#streamEvent(message, reading);
    const lagMs = Math.max(0, clock.nowMs() - Date.parse(message.event.time));
    if (event.topic === "activation" || event.topic === "policy") {
      if (event.worldId !== null) this.#options.worldChanged(event.worldId);
    }
    if (reading.type === "sentinel_weight_updated") {
      observer.sentinelWeight(reading.data.sentinel_id, reading.data.weight, lagMs);
    }
    // Tags that are heard of for the first time; clients that register queries wait for that name.
    if (reading.type === "queue_updated" && hub.lastSequence("queue", event.key) === 0) {
      hub.publish(this.#streamEvent(message, reading, "tagquery.upsert"));
    }
    const admission = hub.publish(event);
    if (admission === "duplicate") {
      observer.dropped(message.topic);
      return;
    }
    this.#flushSoon();
    observer.relayed(message.topic, lagMs);
    // States replace each other, so only what is told in steps can have a hole.
    if (admission === "gap" && event.coalesceBy === null) resync(event);
  }

  /** Events that come together leave together: one write per client and turn, not one per event. */
  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    this.#options.clock.after(0, () => {
      this.#flushing = false;
      this.#sinceTurn = 0;
      this.#options.hub.flush();
    });
  }

  #read({ event, topic, key }: ControlMessage): KnownReading | undefined {
    let reason: string;
    try {
      const reading = controlReading(event);
      if (reading.kind === "known") return reading;
      reason = `type ${event.type}, version ${String(reading.version)} is not known`;
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
    }
    this.#options.logger.warn("an event cannot be read", { topic, key, reason });
    if (unreadable.has(topic)) this.#options.closeWorld(key, "an activation event cannot be read");
    return undefined;
  }

  #streamEvent(message: ControlMessage, reading: KnownReading, alias?: string): StreamEvent {
    const { key, sequence, event } = message;
    const { topic, data, coalesces, ownKey, type: usualType } = streamPlaceOf(reading);
    const type = alias ?? usualType;
    const text = (name: string): string | null => (typeof data[name] === "string" ? data[name] : null);
    const frame: CloudEvent = { ...event, source: eventSources.gateway, type, data };
    return {
      topic,
      // Weights and lifecycles have keys and counters of their own beside those of worlds and tag queries.
      key: ownKey || alias !== undefined ? `${type}:${key}` : key,
      sequence,
      worldId: text("world_id"),
      strategyId: text("strategy_id"),
      coalesceBy: coalesces ? `${type}:${key}` : null,
      frame: frameOf({ ...frame, topic, key, sequence, seq_no: ++this.#sequence }),
    };
  }
}

type KnownReading = Extract<ControlReading, { kind: "known" }>;

interface StreamPlace {
  readonly topic: Exclude<StreamEvent["topic"], null>;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly coalesces: boolean;
  readonly ownKey: boolean;
}

function streamPlaceOf(reading: KnownReading): StreamPlace {
  switch (reading.type) {
    case "queue_updated": {
      const data = { ...reading.data, queues: queueDescriptors(reading.data) };
      return { topic: "queue", type: "queue_update", data, coalesces: true, ownKey: false };
    }
    case "queue_lifecycle":
      return { topic: "queue", type: reading.type, data: reading.data, coalesces: false, ownKey: true };
    case "sentinel_weight_updated":
      return { topic: "activation", type: "sentinel_weight", data: reading.data, coalesces: true, ownKey: true };
    case "policy_updated":
      return { topic: "policy", type: reading.type, data: reading.data, coalesces: false, ownKey: false };
    case "activation_updated":
    case "activation_ack":
      return { topic: "activation", type: reading.type, data: reading.data, coalesces: false, ownKey: false };
  }
}
