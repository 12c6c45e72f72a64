import { cloudEvent, eventSources, type CloudEvent } from "@qmtl/contracts/events";
import { QmtlError } from "@qmtl/core";
import {
  appendOutbox,
  nextCount,
  nextSequence,
  OutboxRelay,
  storeMigrations,
  type EventSink,
  type OutboxRelayOptions,
  type StoreTables,
} from "@qmtl/store";
import type { Kysely } from "kysely";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { VirtualClock } from "../clock/index.ts";
import type { DatabaseHarness } from "./database-contract.ts";

/** What counters, outbox and relay do on every database. */
export function outboxContract(name: string, harness: () => Promise<DatabaseHarness>): void {
  describe(`the outbox on ${name}`, () => {
    let place: DatabaseHarness;
    let database: Kysely<StoreTables>;
    let clock: VirtualClock;
    beforeEach(async () => {
      place = await harness();
      database = await place.open<StoreTables>(storeMigrations);
      clock = new VirtualClock();
    });
    afterEach(() => place.close());

    it("counts without holes or repeats", async () => {
      const counts = await Promise.all(
        Array.from({ length: 30 }, (_, index) =>
          database
            .transaction()
            .execute(async (transaction) => {
              const count = await nextCount(transaction, "n");
              if (index % 4 === 0) throw new Error("undone");
              return count;
            })
            .catch(() => undefined),
        ),
      );
      const kept = counts.filter((count) => count !== undefined);
      expect(kept.toSorted((a, b) => a - b)).toEqual(Array.from({ length: kept.length }, (_, index) => index + 1));
      expect(await nextCount(database, "other", 5)).toBe(5);
    });

    const relayOn = (bus: EventSink, options: Partial<OutboxRelayOptions<StoreTables>> = {}) => {
      const relay = new OutboxRelay({ database, bus, clock, ...options });
      relay.start();
      return relay;
    };
    const append = (key: string, about = "x"): Promise<void> =>
      database.transaction().execute(async (transaction) => {
        const sequence = await nextSequence(transaction, "control.policy", key);
        const event = sample(key, sequence, about);
        await appendOutbox(transaction, [{ topic: "control.policy", key, sequence, event }], clock.nowMs());
      });

    it("publishes what was committed, once, in order, and nothing that was undone", async () => {
      const bus = new RecordingSink();
      const relay = relayOn(bus);
      await append("w");
      await append("v");
      await append("w");
      const undone = database.transaction().execute(async (transaction) => {
        const outgoing = { topic: "control.policy", key: "w", sequence: 3, event: sample("w", 3) } as const;
        await appendOutbox(transaction, [outgoing], clock.nowMs());
        throw new Error("undone");
      });
      await expect(undone).rejects.toThrow("undone");
      relay.wake();
      await clock.advance(1_000);
      await relay.stop();
      expect(bus.names()).toEqual(["w1", "v1", "w2"]);
    });

    it("publishes at once when it is woken", async () => {
      const bus = new RecordingSink();
      const relay = relayOn(bus);
      await clock.advance(10);
      await append("w");
      relay.wake();
      await clock.advance(0);
      expect(bus.names()).toEqual(["w1"]);
      await relay.stop();
    });

    it("goes on where it stood: what the bus had but was not marked comes again, nothing is left out", async () => {
      for (const key of ["w", "w", "v", "w"]) await append(key);
      const bus = new RecordingSink();
      bus.afterPublish = () => {
        throw new Error("the process dies here");
      };
      const first = relayOn(bus);
      await clock.advance(0);
      await first.stop();
      bus.afterPublish = undefined;
      const second = relayOn(bus);
      await clock.advance(1_000);
      await second.stop();
      expect(bus.names()).toEqual(["w1", "w2", "v1", "w3"]);
      const third = relayOn(new RecordingSink());
      await clock.advance(1_000);
      await third.stop();
    });

    it("waits longer and longer while the bus is down, and says so", async () => {
      await append("w");
      const bus = new RecordingSink();
      const failures: number[] = [];
      let down = true;
      bus.beforePublish = () => {
        if (down) throw new QmtlError("STORE_FAILED", "the bus is down");
      };
      const relay = relayOn(bus, { onFailure: () => void failures.push(clock.monotonicMs()) });
      await clock.advance(2_000);
      expect(failures).toEqual([0, 50, 150, 350, 750, 1_550]);
      down = false;
      await clock.advance(2_000);
      expect(bus.names()).toEqual(["w1"]);
      await relay.stop();
    });

    it("sets an event aside that the bus will never take, says so, and publishes the others", async () => {
      const bus = new RecordingSink();
      await bus.publish("control.policy", [{ key: "w", sequence: 2, event: sample("w", 2, "another body") }]);
      for (const key of ["w", "w", "v", "w"]) await append(key);
      const refused: unknown[] = [];
      const relay = relayOn(bus, { onRefused: (event) => void refused.push(event) });
      await clock.advance(1_000);
      await relay.stop();
      expect(bus.names().toSorted()).toEqual(["v1", "w1", "w2", "w3"]);
      expect(refused).toMatchObject([{ key: "w", sequence: 2 }]);
      const [row] = await database.selectFrom("store_outbox").selectAll().where("refused", "is not", null).execute();
      expect(row).toMatchObject({ key: "w", sequence: 2, published_ms: null });
    });

    it("W-1: refuses a sequence that was used before", async () => {
      await append("w");
      const again = { topic: "control.policy", key: "w", sequence: 1, event: sample("w", 1) } as const;
      const appending = database
        .transaction()
        .execute((transaction) => appendOutbox(transaction, [again], clock.nowMs()));
      await expect(appending).rejects.toMatchObject({ details: { violated: "unique" } });
    });

    it("finds an event that was changed where it lay", async () => {
      await append("w");
      await database
        .updateTable("store_outbox")
        .set({ body: JSON.stringify(sample("w", 1, "forged")) })
        .execute();
      const failures: unknown[] = [];
      const bus = new RecordingSink();
      const relay = relayOn(bus, { onFailure: (error) => void failures.push(error) });
      await clock.advance(20);
      await relay.stop();
      expect(failures[0]).toMatchObject({ code: "STORE_CORRUPT" });
      expect(bus.names()).toEqual([]);
    });

    it("forgets what was published a day ago", async () => {
      const relay = relayOn(new RecordingSink());
      await append("w");
      await clock.advance(1_000);
      clock.jumpWall(90_000_000);
      await clock.advance(600_000);
      await append("w");
      await clock.advance(1_000);
      await relay.stop();
      const rows = await database.selectFrom("store_outbox").select("sequence").execute();
      expect(rows).toEqual([{ sequence: 2 }]);
    });
  });
}

function sample(key: string, sequence: number, about = "x"): CloudEvent {
  return cloudEvent({
    id: `${key}-${sequence}`,
    source: eventSources.worldService,
    type: "sample",
    timeMs: 0,
    correlationId: "c",
    data: { version: 1, about },
  });
}

/** Keeps what it is given, once per key and sequence, as a control bus does. */
class RecordingSink implements EventSink {
  beforePublish: (() => void) | undefined;
  afterPublish: (() => void) | undefined;
  readonly #bodies = new Map<string, string>();

  async publish(_topic: string, events: Parameters<EventSink["publish"]>[1]): Promise<void> {
    this.beforePublish?.();
    const incoming = events.map(({ key, sequence, event }) => [`${key}${sequence}`, JSON.stringify(event)] as const);
    for (const [name, body] of incoming) {
      if ((this.#bodies.get(name) ?? body) !== body) throw new QmtlError("IDEMPOTENCY_CONFLICT", `${name} is another`);
    }
    for (const [name, body] of incoming) this.#bodies.set(name, body);
    this.afterPublish?.();
  }

  names(): string[] {
    return [...this.#bodies.keys()];
  }
}
