import type {
  ControlBus,
  ControlHandler,
  ControlMessage,
  OutgoingEvent,
} from "../../../packages/bus/src/control/index.ts";
import type { ControlTopic } from "../../../packages/contracts/src/events/index.ts";
import {
  InvariantBroken,
  type FaultyProcess,
  type FaultySystem,
} from "../../../packages/testkit/src/simulation/index.ts";
import { call } from "./simulated-network.ts";

const answerMs = 500;
const pollMs = 400;

/** A bus of its own behind the network: durable, ordered, idempotent; and it looks at what is published (W-1). */
export class SimulatedBus {
  readonly #system: FaultySystem;
  readonly #report: (broken: InvariantBroken) => void;
  readonly #process: FaultyProcess;
  readonly #logs = new Map<ControlTopic, ControlMessage[]>();
  readonly #wakes = new Set<() => void>();

  constructor(system: FaultySystem, report: (broken: InvariantBroken) => void) {
    this.#system = system;
    this.#report = report;
    this.#process = system.process("bus", () => {});
  }

  log(topic: ControlTopic): ControlMessage[] {
    const log = this.#logs.get(topic) ?? [];
    this.#logs.set(topic, log);
    return log;
  }

  /** The bus as one process sees it. */
  of(client: FaultyProcess): ControlBus {
    const ask = <Answer>(handle: () => Answer): Promise<Answer> =>
      call(this.#system, client, this.#process, answerMs, async () => handle());
    return {
      publish: (topic, events) => ask(() => this.#append(topic, events)),
      subscribe: async (topic, { from }, handler) => {
        const start = from === "latest" ? this.log(topic).length : from === "earliest" ? 0 : from;
        return this.#follow(client, topic, start, handler, () => ask(() => this.log(topic)));
      },
      read: (topic, fromOffset, limit) => ask(() => this.log(topic).slice(fromOffset, fromOffset + limit)),
      deadLetters: async () => [],
      close: async () => {},
    };
  }

  #append(topic: ControlTopic, events: readonly OutgoingEvent[]): void {
    const log = this.log(topic);
    for (const event of events) {
      const same = log.find(({ key, sequence }) => key === event.key && sequence === event.sequence);
      const name = `${topic} ${event.key}/${event.sequence}`;
      if (same !== undefined) {
        if (JSON.stringify(same.event) !== JSON.stringify(event.event)) {
          this.#report(new InvariantBroken("W-1", `${name} names two events`));
        }
        continue;
      }
      const last = log.findLast(({ key }) => key === event.key)?.sequence ?? 0;
      if (event.sequence !== last + 1) {
        this.#report(new InvariantBroken("W-1", `${name} was published after ${last}`));
      }
      log.push({ ...event, topic, offset: log.length });
    }
    for (const wake of this.#wakes) wake();
  }

  #follow(
    client: FaultyProcess,
    _topic: ControlTopic,
    start: number,
    handler: ControlHandler,
    read: () => Promise<readonly ControlMessage[]>,
  ): { readonly position: number; close(): Promise<void> } {
    let position = start;
    let pulling = false;
    let closed = false;
    const { life } = client;
    const pull = async (): Promise<void> => {
      if (pulling || closed) return;
      pulling = true;
      try {
        for (const message of (await read()).slice(position)) {
          await handler(message);
          position++;
        }
      } catch {
        // Asked again soon.
      }
      pulling = false;
    };
    const wake = (): void => this.#system.send(this.#process, client, () => void pull(), life);
    this.#wakes.add(wake);
    const poll = (): void => {
      void pull();
      client.after(pollMs, poll);
    };
    client.after(pollMs, poll);
    return {
      get position() {
        return position;
      },
      close: async () => {
        closed = true;
        this.#wakes.delete(wake);
      },
    };
  }
}
