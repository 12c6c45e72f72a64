import type { CloudEvent, ControlTopic } from "@qmtl/contracts/events";

/** An event on its way to the bus. */
export interface OutgoingEvent {
  /** What it is about; order holds among the events of one key. */
  readonly key: string;
  /** Counter of the key, from 1; it names the event together with topic and key, for ever. */
  readonly sequence: number;
  readonly event: CloudEvent;
}

/** An event as a subscriber gets it. */
export interface ControlMessage extends OutgoingEvent {
  readonly topic: ControlTopic;
  /** Position in the topic, rising, with holes. */
  readonly offset: number;
}

export type ControlHandler = (message: ControlMessage) => void | Promise<void>;

/** An event that a handler refused to the end, or that could not be read at all. */
export interface DeadLetter {
  readonly topic: ControlTopic;
  readonly offset: number;
  readonly key: string;
  readonly sequence: number;
  /** The event's text, as it lies on the bus. */
  readonly body: string;
  readonly group: string | undefined;
  readonly reason: string;
  readonly attempts: number;
  readonly failedMs: number;
}

/** Where a subscription starts: at the next event, at the oldest kept one, or at an offset. */
export type StartPosition = "latest" | "earliest" | number;

export interface SubscribeOptions {
  readonly from: StartPosition;
  /**
   * A durable place in the topic, kept under this name: it goes on where it stood, and `from` counts only the first
   * time. Of several subscriptions of one group one gets the events, and another takes over when it is gone. Without a
   * group every subscription gets every event.
   */
  readonly group?: string;
  /** Called after an event went to the dead letters: for an activation topic, the moment to close. */
  readonly onDeadLetter?: (letter: DeadLetter) => void;
}

export interface Subscription {
  /** Offset of the next event to deliver. */
  readonly position: number;
  /** Resolves when the handler that runs has ended; none is called after. */
  close(): Promise<void>;
}

/**
 * Control events: durable, ordered per key, at least once (safety, section 4).
 *
 * A handler that throws is called again after a pause that doubles; after the last attempt the event goes to the dead
 * letters and the next one comes. Nothing is skipped otherwise, and a bus that fails is asked again for ever.
 */
export interface ControlBus {
  /**
   * Resolves when all events are durable, or none is. An event that is there already (same topic, key, sequence) is not
   * added again.
   *
   * @throws QmtlError `IDEMPOTENCY_CONFLICT` when that sequence names another body, or lies below one that was
   *   published; `STORE_FAILED`, `STORE_CORRUPT`
   */
  publish(topic: ControlTopic, events: readonly OutgoingEvent[]): Promise<void>;
  subscribe(topic: ControlTopic, options: SubscribeOptions, handler: ControlHandler): Promise<Subscription>;
  /** Oldest first. */
  deadLetters(topic: ControlTopic): Promise<readonly DeadLetter[]>;
  /** The kept events from `fromOffset` on, in order: for replays and for a look inside. */
  read(topic: ControlTopic, fromOffset: number, limit: number): Promise<readonly ControlMessage[]>;
  close(): Promise<void>;
}
