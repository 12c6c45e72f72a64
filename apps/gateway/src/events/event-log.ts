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
 * The last events of every key, for clients that come back, and the marks by which a repeated event is known. Of events
 * that carry a whole state the newest is enough. Bounded: the oldest events go first, then whoever needs them gets a
 * snapshot instead.
 */
export class EventLog {
  readonly #bytesMax: number;
  readonly #keysMax: number;
  readonly #byKey = new Map<string, KeyLog>();
  readonly #kept = new Set<StreamEvent>(); // oldest first
  #bytes = 0;

  constructor(bytesMax: number, keysMax: number) {
    this.#bytesMax = bytesMax;
    this.#keysMax = keysMax;
  }

  admit(event: StreamEvent): Admission {
    const name = sequenceKey(event);
    const log = this.#byKey.get(name) ?? { last: 0, complete: event.sequence - 1, events: [] };
    const isKnown = log.last > 0;
    if (isKnown && event.sequence <= log.last) return "duplicate";
    const gap = isKnown && event.sequence > log.last + 1;
    if (gap) log.complete = event.sequence - 1;
    this.#forget(log, ({ coalesceBy }) => gap || (coalesceBy !== null && coalesceBy === event.coalesceBy));
    if (isKnown) this.#byKey.delete(name); // and back in at the end: the keys are in order of their last event
    this.#byKey.set(name, log);
    log.last = event.sequence;
    log.events.push(event);
    this.#kept.add(event);
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
    for (const oldest of this.#kept) {
      if (this.#bytes <= this.#bytesMax || this.#kept.size === 1) break;
      const log = this.#byKey.get(sequenceKey(oldest));
      if (log?.events[0] === oldest) {
        log.events.shift();
        log.complete = oldest.sequence;
      }
      this.#drop(oldest);
    }
    if (this.#byKey.size > this.#keysMax) {
      const [name, log] = this.#byKey.entries().next().value!;
      this.#byKey.delete(name);
      this.#forget(log, () => true);
    }
  }

  #forget(log: KeyLog, isOver: (event: StreamEvent) => boolean): void {
    if (!log.events.some(isOver)) return;
    const rest = log.events.filter((event) => !isOver(event));
    for (const event of log.events) if (isOver(event)) this.#drop(event);
    log.events.splice(0, log.events.length, ...rest);
  }

  #drop(event: StreamEvent): void {
    this.#kept.delete(event);
    this.#bytes -= event.frame.bytes.length;
  }
}
