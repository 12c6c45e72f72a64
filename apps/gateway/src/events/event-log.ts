import { sequenceKey } from "./client-channel.ts";
import type { StreamEvent } from "./stream-event.ts";

/** What happened to a published event: `gap` was taken too, but something before it is missing. */
export type Admission = "taken" | "duplicate" | "gap";

interface KeyLog {
  last: number; // highest sequence seen
  complete: number; // every event above this one is in `events`
  readonly events: StreamEvent[];
}

/**
 * The last events of every key, for clients that come back, and the marks by which a repeated event is known. Bounded:
 * the oldest events go first, then whoever needs them gets a snapshot instead.
 */
export class EventLog {
  readonly #bytesMax: number;
  readonly #keysMax: number;
  readonly #byKey = new Map<string, KeyLog>();
  #order: (StreamEvent | undefined)[] = [];
  #orderHead = 0;
  #bytes = 0;

  constructor(bytesMax: number, keysMax: number) {
    this.#bytesMax = bytesMax;
    this.#keysMax = keysMax;
  }

  admit(event: StreamEvent): Admission {
    const name = sequenceKey(event);
    let log = this.#byKey.get(name);
    if (log !== undefined && event.sequence <= log.last) return "duplicate";
    const gap = log !== undefined && event.sequence > log.last + 1;
    if (log === undefined) {
      log = { last: 0, complete: event.sequence - 1, events: [] };
    } else {
      this.#byKey.delete(name); // and back in at the end: the keys are in order of their last event
      if (gap) {
        log.complete = event.sequence - 1;
        log.events.length = 0;
      }
    }
    this.#byKey.set(name, log);
    log.last = event.sequence;
    log.events.push(event);
    this.#order.push(event);
    this.#bytes += event.frame.bytes.length;
    this.#evict();
    return gap ? "gap" : "taken";
  }

  /** Events of a key after `sequence`, oldest first; undefined when some of them are not kept any more. */
  after(topic: StreamEvent["topic"], key: string, sequence: number): readonly StreamEvent[] | undefined {
    const log = this.#byKey.get(sequenceKey({ topic, key }));
    if (log === undefined || sequence < log.complete || sequence > log.last) return undefined;
    return log.events.filter((event) => event.sequence > sequence);
  }

  /** The highest sequence seen of a key, 0 for none. */
  last(topic: StreamEvent["topic"], key: string): number {
    return this.#byKey.get(sequenceKey({ topic, key }))?.last ?? 0;
  }

  #evict(): void {
    while (this.#bytes > this.#bytesMax && this.#orderHead < this.#order.length - 1) {
      const oldest = this.#order[this.#orderHead]!;
      this.#order[this.#orderHead++] = undefined; // let go of at once: the list is cut later
      this.#bytes -= oldest.frame.bytes.length;
      const log = this.#byKey.get(sequenceKey(oldest));
      if (log?.events[0] !== oldest) continue; // gone already, with a gap or its key
      log.events.shift();
      log.complete = oldest.sequence;
    }
    if (this.#orderHead > 1_024 && this.#orderHead * 2 > this.#order.length) {
      this.#order = this.#order.slice(this.#orderHead);
      this.#orderHead = 0;
    }
    if (this.#byKey.size > this.#keysMax) this.#byKey.delete(this.#byKey.keys().next().value!);
  }
}
