import {
  idleRelay,
  relayStep,
  type Relay,
  type RelayEffect,
  type RelayInput,
} from "../../../packages/store/src/outbox/relay-step.ts";
import {
  FaultySystem,
  InvariantBroken,
  planFaults,
  WriteFailed,
  type FaultPlan,
  type Topology,
} from "../../../packages/testkit/src/simulation/index.ts";

/** Known ways to lose, double or swap an event. */
export interface RelayMutant {
  /** Rows are marked, then published. */
  readonly marksFirst?: boolean;
  /** What the bus did not answer is taken for published. */
  readonly trustsSilence?: boolean;
  /** What was loaded last goes first. */
  readonly swaps?: boolean;
  /** The bus takes what it has already. */
  readonly busDoubles?: boolean;
}

export const relayMutants: Readonly<Record<string, RelayMutant>> = {
  "rows are marked before they are published": { marksFirst: true },
  "silence of the bus is taken for success": { trustsSilence: true },
  "a later row goes first": { swaps: true },
  "the bus keeps what comes twice": { busDoubles: true },
};

const healAtMs = 6_000;
const keys = ["w0", "w1", "w2"];

const topology: Topology = {
  links: [
    ["service", "bus"],
    ["bus", "service"],
  ],
  processes: [
    { name: "service", points: ["loaded", "published", "marked", "committed"], writes: true },
    { name: "bus" },
  ],
  requests: { change: 24 },
};

export function planEventRelay(seed: number): FaultPlan {
  return planFaults(seed, topology, { healAtMs, faultsMax: 9 });
}

interface Row {
  readonly position: number;
  readonly topic: string;
  readonly key: string;
  readonly sequence: number;
  published: boolean;
}

/**
 * The outbox relay between a service's database and the bus: its reducer under safety §4. Every committed event reaches
 * the bus, once, in the order of its key; undefined when that held.
 */
export function playEventRelay(plan: FaultPlan, mutant: RelayMutant = {}): InvariantBroken | undefined {
  const system = new FaultySystem(plan);
  const outbox: Row[] = [];
  const onBus = new Map<string, number[]>(keys.map((key) => [key, []]));
  let relay: Relay<Row> = idleRelay;
  const broken = (message: string): InvariantBroken =>
    new InvariantBroken("§4", `${message}, at ${system.nowMs.toFixed(1)} ms`);

  const bus = system.process("bus", () => {});
  const service = system.process("service", () => {
    relay = idleRelay;
    poll();
  });
  const poll = (): void => {
    service.after(200, poll);
    take({ kind: "wake" });
  };
  let changes = 0;
  system.onRequest("change", () =>
    service.run(service.life, () => {
      const key = keys[changes++ % keys.length]!;
      try {
        service.write(() => {
          const sequence = outbox.filter((row) => row.key === key).length + 1;
          const topic = key === "w2" ? "control.policy" : "control.activation";
          outbox.push({ position: outbox.length, topic, key, sequence, published: false });
        });
      } catch (error) {
        if (!(error instanceof WriteFailed)) throw error;
      }
      service.reach("committed");
      take({ kind: "wake" });
    }),
  );

  function take(input: RelayInput<Row>): void {
    const step = relayStep(relay, input, { firstPauseMs: 50, longestPauseMs: 1_000 });
    relay = step.relay;
    for (const effect of step.effects) service.after(1, () => perform(effect));
  }

  function perform(effect: RelayEffect<Row>): void {
    switch (effect.kind) {
      case "load": {
        service.reach("loaded");
        const rows = outbox.filter((row) => !row.published).slice(0, 4);
        return take({ kind: "loaded", rows: mutant.swaps === true ? rows.toReversed() : rows });
      }
      case "publish":
        if (mutant.marksFirst === true) for (const row of effect.rows) row.published = true;
        return publish(effect.rows);
      case "mark":
        try {
          service.write(() => {
            for (const row of effect.rows) row.published = true;
          });
        } catch (error) {
          if (error instanceof WriteFailed) return take({ kind: "failed" });
          throw error;
        }
        service.reach("marked");
        return take({ kind: "marked" });
      case "bury":
        throw broken(`event ${effect.row.key}/${effect.row.sequence} was given up: ${effect.reason}`);
      case "pause":
        return void service.after(effect.durationMs, () => take({ kind: "pauseOver" }));
    }
  }

  function publish(rows: readonly Row[]): void {
    const { life } = service;
    let open = true;
    const answered = (input: RelayInput<Row>): void => {
      if (!open) return;
      open = false;
      service.reach("published");
      take(input);
    };
    system.send(service, bus, () => {
      for (const { key, sequence } of rows) {
        const log = onBus.get(key)!;
        if (mutant.busDoubles !== true && sequence <= log.length) continue; // idempotent by key and sequence
        if (sequence !== log.length + 1) throw broken(`the bus got ${key}/${sequence} after ${key}/${log.length}`);
        log.push(sequence);
      }
      system.send(bus, service, () => answered({ kind: "published" }), life);
    });
    service.after(300, () => answered({ kind: mutant.trustsSilence === true ? "published" : "failed" }));
  }

  try {
    system.runUntil(healAtMs + 10_000, () => {});
    for (const key of keys) {
      const written = outbox.filter((row) => row.key === key).length;
      const there = onBus.get(key)!.length;
      if (there !== written) throw broken(`${written} events of ${key} were committed and ${there} are on the bus`);
    }
    const unmarked = outbox.filter((row) => !row.published).length;
    if (unmarked > 0) throw broken(`${unmarked} events are published and never marked`);
    return undefined;
  } catch (error) {
    if (error instanceof InvariantBroken) return error;
    throw error;
  }
}
