import { readCloudEvent, type CloudEvent, type ControlTopic } from "@qmtl/contracts/events";
import { QmtlError, type Clock } from "@qmtl/core";
import type { Kysely } from "kysely";
import { verifyRow } from "../database/index.ts";
import { narrowed, type StoreTables } from "../tables/index.ts";
import { idleRelay, relayStep, type Relay, type RelayEffect, type RelayInput } from "./relay-step.ts";

/** The part of a control bus that takes events: idempotent by topic, key and sequence. */
export interface EventSink {
  publish(
    topic: ControlTopic,
    events: readonly { readonly key: string; readonly sequence: number; readonly event: CloudEvent }[],
  ): Promise<void>;
}

export interface OutboxRelayOptions<Tables extends StoreTables> {
  readonly database: Kysely<Tables>;
  readonly bus: EventSink;
  readonly clock: Clock;
  /** How often to look without being woken; 200 ms unless told. */
  readonly pollMs?: number;
  /** How long published events stay in the outbox; 24 h unless told. */
  readonly retentionMs?: number;
  /** How long to rest after what was just published; not at all unless told. */
  readonly restMs?: () => number;
  /** Told of every failure; the relay goes on by itself. */
  readonly onFailure?: (error: unknown) => void;
  /** Told of an event the bus will never take: for an activation key, the moment to close. */
  readonly onRefused?: (event: { topic: ControlTopic; key: string; sequence: number; reason: string }) => void;
}

interface Row {
  readonly position: number;
  readonly topic: ControlTopic;
  readonly key: string;
  readonly sequence: number;
  readonly event: CloudEvent;
}

const batchMax = 256;
const pruneEveryMs = 600_000;

/**
 * Publishes what `appendOutbox` wrote: in order per key, at least once, going on after a crash or an outage where it
 * stood. One per database.
 */
export class OutboxRelay<Tables extends StoreTables> {
  readonly #database: Kysely<StoreTables>;
  readonly #options: OutboxRelayOptions<Tables>;
  #relay: Relay<Row> = idleRelay;
  #cancelPoll: () => void = () => {};
  #cancelPause: () => void = () => {};
  #working: Promise<void> = Promise.resolve();
  #prunedMs = -Infinity;

  constructor(options: OutboxRelayOptions<Tables>) {
    this.#database = narrowed(options.database);
    this.#options = options;
  }

  start(): void {
    this.#relay = idleRelay;
    this.#poll();
  }

  /** To be called after a transaction that appended has committed: the events are on their way at once. */
  wake(): void {
    this.#take({ kind: "wake" });
  }

  /** Resolves when nothing is under way any more; what waits is published after the next start. */
  async stop(): Promise<void> {
    this.#cancelPoll();
    this.#cancelPause();
    this.#take({ kind: "stop" });
    await this.#working;
  }

  #poll(): void {
    this.wake();
    this.#cancelPoll = this.#options.clock.after(this.#options.pollMs ?? 200, () => this.#poll());
  }

  #take(input: RelayInput<Row>): void {
    const { relay, effects } = relayStep(this.#relay, input, { firstPauseMs: 50, longestPauseMs: 5_000 });
    this.#relay = relay;
    for (const effect of effects) this.#working = this.#working.then(() => this.#run(effect));
  }

  async #run(effect: RelayEffect<Row>): Promise<void> {
    try {
      const outcome = await this.#perform(effect);
      if (outcome !== undefined) this.#take(outcome);
    } catch (error) {
      this.#options.onFailure?.(error);
      this.#take({ kind: "failed" });
    }
  }

  async #perform(effect: RelayEffect<Row>): Promise<RelayInput<Row> | undefined> {
    switch (effect.kind) {
      case "load":
        return { kind: "loaded", rows: await this.#waiting() };
      case "publish":
        return this.#publish(effect.rows);
      case "mark":
        await this.#mark(effect.rows);
        return { kind: "marked", restMs: this.#options.restMs?.() ?? 0 };
      case "bury":
        await this.#bury(effect.row, effect.reason);
        return undefined;
      case "pause":
        this.#cancelPause = this.#options.clock.after(effect.durationMs, () => this.#take({ kind: "pauseOver" }));
        return undefined;
    }
  }

  async #waiting(): Promise<readonly Row[]> {
    const rows = await this.#database
      .selectFrom("store_outbox")
      .selectAll()
      .where("published_ms", "is", null)
      .where("refused", "is", null)
      .orderBy("position")
      .limit(batchMax)
      .execute();
    return rows.map(({ position, topic, key, sequence, body, checksum }) => {
      verifyRow(`event ${sequence} of "${key}" in the outbox`, checksum, topic, key, sequence, body);
      return { position, topic: topic as ControlTopic, key, sequence, event: readCloudEvent(body) };
    });
  }

  async #publish(rows: readonly Row[]): Promise<RelayInput<Row>> {
    try {
      await this.#options.bus.publish(rows[0]!.topic, rows);
      return { kind: "published" };
    } catch (error) {
      if (!(error instanceof QmtlError) || error.code !== "IDEMPOTENCY_CONFLICT") throw error;
      return { kind: "refused", reason: error.message };
    }
  }

  async #mark(rows: readonly Row[]): Promise<void> {
    const nowMs = this.#options.clock.nowMs();
    const positions = rows.map(({ position }) => position);
    await this.#database.transaction().execute(async (transaction) => {
      if (positions.length > 0) {
        await transaction
          .updateTable("store_outbox")
          .set({ published_ms: nowMs })
          .where("position", "in", positions)
          .execute();
      }
      if (this.#options.clock.monotonicMs() - this.#prunedMs < pruneEveryMs) return;
      this.#prunedMs = this.#options.clock.monotonicMs();
      const beforeMs = nowMs - (this.#options.retentionMs ?? 86_400_000);
      await transaction.deleteFrom("store_outbox").where("published_ms", "<", beforeMs).execute();
    });
  }

  async #bury({ position, topic, key, sequence }: Row, reason: string): Promise<void> {
    await this.#database
      .updateTable("store_outbox")
      .set({ refused: reason })
      .where("position", "=", position)
      .execute();
    this.#options.onRefused?.({ topic, key, sequence, reason });
  }
}
