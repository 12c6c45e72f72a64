import type { ControlBus, DataLog } from "@qmtl/bus";
import { cloudEvent, eventSources } from "@qmtl/contracts/events";
import { executionDomainOf, QmtlError, type Clock, type Ids } from "@qmtl/core";
import type { Logger, Metrics } from "@qmtl/service";
import { appendOutbox, OutboxRelay, storeMigrations, type StoreTables } from "@qmtl/store";
import type { Kysely } from "kysely";
import { defaultDagLimits, type DiffSubject } from "../diff/index.ts";
import { Collector, defaultRetention, type GcOptions, type GcReport, type QueueArchive } from "../gc/index.ts";
import type { GraphStore } from "../graph/index.ts";
import { GraphLog, graphMigrations, type AppendEvents, type GraphTables } from "../graph-log/index.ts";
import { matchesQuery, queueFilterOf, tagQueryOf } from "../tag-query/index.ts";
import { settleBuffering } from "./buffering.ts";
import { Differ, type DiffOptions, type DiffOutcome } from "./differ.ts";
import { createInstruments, type Instruments } from "./instruments.ts";
import { QueueNews } from "./queue-news.ts";
import { Topics } from "./topics.ts";
import { Turn } from "./turn.ts";

export interface DagManagerTables extends StoreTables, GraphTables {}

/** To open the DAG Manager's database with. */
export const dagManagerMigrations = [...storeMigrations, ...graphMigrations];

export interface DagManagerDeps {
  /** Opened with `dagManagerMigrations`. */
  readonly database: Kysely<DagManagerTables>;
  readonly bus: Pick<ControlBus, "publish">;
  /** Where topics are made; without one, names are all there is. */
  readonly dataLog?: DataLog;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Without one, queues that would have to be archived stay. */
  readonly archive?: QueueArchive;
  readonly settings?: Partial<DagManagerSettings>;
  /** Load of the broker, in [0, 1]; 0 unless told. */
  readonly brokerLoad?: () => number;
}

export interface DagManagerSettings {
  readonly withNamespace: boolean;
  readonly gcIntervalMs: number;
  readonly bufferingIntervalMs: number;
}

const defaultSettings: DagManagerSettings = {
  withNamespace: true,
  gcIntervalMs: 60_000,
  bufferingIntervalMs: 3_600_000,
};

/** Whose queues a tag query finds. */
export interface QueryScope {
  /** Blank: outside of any world. */
  readonly worldId?: string;
  /** Blank: backtest. */
  readonly executionDomain?: string;
  /** Blank: the context of that world and domain that was first used last. */
  readonly asOf?: string;
  readonly partition?: string;
}

/**
 * The single owner of the graph, its queues and tags. Everything it can be asked is a method here; what carries the calls
 * (gRPC, HTTP) is around it.
 */
export class DagManager {
  readonly instruments: Instruments;
  readonly #store: GraphStore;
  readonly #differ: Differ;
  readonly #collector: Collector;
  readonly #topics: Topics;
  readonly #turn = new Turn();
  readonly #relay: OutboxRelay<DagManagerTables>;
  readonly #deps: DagManagerDeps;
  readonly #settings: DagManagerSettings;
  readonly #cancels = new Map<string, () => void>();
  #background: Promise<unknown> = Promise.resolve();
  #isRunning = false;

  private constructor(deps: DagManagerDeps, store: GraphStore) {
    const { dataLog: log, clock, logger, metrics, archive, brokerLoad = () => 0 } = deps;
    this.#deps = deps;
    this.#settings = { ...defaultSettings, ...deps.settings };
    this.#store = store;
    this.instruments = createInstruments(metrics);
    this.#topics = new Topics(log, this.instruments);
    const { instruments } = this;
    const shared = { store, turn: this.#turn, clock, logger, instruments };
    const { withNamespace } = this.#settings;
    this.#differ = new Differ({ ...shared, topics: this.#topics, withNamespace, limits: defaultDagLimits });
    this.#collector = new Collector({ ...shared, log, archive, policy: defaultRetention, brokerLoad });
    const news = new QueueNews(deps.bus, store);
    this.#relay = new OutboxRelay({
      database: deps.database,
      bus: news,
      restMs: () => news.restMs(),
      clock,
      onFailure: (error) => logger.warn("events cannot be published for now", { error }),
      onRefused: (event) => logger.error("the bus refuses an event", event),
    });
    metrics.beforeReading(async () => {
      const { nodes, queues } = await store.counts();
      instruments.computeNodes.set(nodes);
      instruments.queues.set(queues);
    });
  }

  /** Reads the graph. @throws QmtlError `STORE_CORRUPT`, `STORE_FAILED` */
  static async open(deps: DagManagerDeps): Promise<DagManager> {
    const store = await GraphLog.open(deps.database as unknown as Kysely<GraphTables>, outboxOf(deps));
    return new DagManager(deps, store);
  }

  /** Makes topics that are missing, and begins what runs by itself: events, garbage collection, buffering. */
  async start(): Promise<void> {
    const { logger } = this.#deps;
    await this.#topics.reconcile(this.#store, logger);
    for (const { version, weight } of await this.#store.weights()) {
      this.instruments.versionWeight.set(weight, { version });
    }
    this.#isRunning = true;
    this.#relay.start();
    this.#repeat("garbage collection", this.#settings.gcIntervalMs, () => this.collectGarbage());
    this.#repeat("buffering", this.#settings.bufferingIntervalMs, () => this.settleBuffering());
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    for (const cancel of this.#cancels.values()) cancel();
    await this.#background;
    await this.#relay.stop();
  }

  /**
   * Compares a DAG with the graph and adds what is missing; see `Differ`.
   *
   * @throws QmtlError for a DAG that is refused, or a store that fails
   */
  async diff(subject: DiffSubject, options: DiffOptions = {}): Promise<DiffOutcome> {
    const outcome = await this.#differ.diff(subject, options);
    this.#relay.wake();
    return outcome;
  }

  /**
   * A diff for a strategy that is known by its sentinel, in every context it holds nodes in.
   *
   * @throws QmtlError `SENTINEL_NOT_FOUND`, and what `diff` throws
   */
  async redoDiff(sentinelId: string, dagJson: string, options: DiffOptions = {}): Promise<DiffOutcome> {
    const { strategyId } = await this.#sentinel(sentinelId);
    const contexts = await this.#store.contextsOf(strategyId);
    const outcomes: DiffOutcome[] = [];
    for (const context of contexts.length > 0 ? contexts : [{}]) {
      outcomes.push(await this.diff({ strategyId, dagJson, ...context }, options));
    }
    return {
      ...outcomes[0]!,
      queueMap: outcomes.flatMap(({ queueMap }) => queueMap),
      bufferedNodes: outcomes.flatMap(({ bufferedNodes }) => bufferedNodes),
    };
  }

  /** Topics of the queues that carry the tags, in code-point order. */
  async queuesByTag(
    tags: readonly string[],
    intervalSeconds: number,
    matchMode: unknown,
    { worldId = "", executionDomain = "", asOf = "", partition = "" }: QueryScope = {},
  ): Promise<readonly string[]> {
    const domain = executionDomainOf(executionDomain) || "backtest";
    const exact = { worldId, executionDomain: domain, asOf, partition };
    await this.#store.version(); // what others have added counts
    const isExact = asOf !== "" || partition !== "";
    const context = isExact ? exact : await this.#store.newestContext(worldId, domain);
    if (context === undefined) return [];
    return this.#store.queuesMatching(context, tagQueryOf(tags, intervalSeconds, matchMode));
  }

  /** The strategy is gone: releases what it held, and collects what nobody else holds and is old enough. */
  async cleanup(strategyId: string, options: Pick<GcOptions, "correlationId"> = {}): Promise<GcReport> {
    const atMs = this.#deps.clock.nowMs();
    await this.#turn.take(async () => {
      while ((await this.#store.contextsOf(strategyId)).length > 0) {
        const baseVersion = await this.#store.version();
        await this.#store.commit({ baseVersion, atMs, released: { strategyId } });
      }
    });
    return this.collectGarbage({ ...options, strategyId });
  }

  /** One pass over all queues, or over those of one strategy. */
  async collectGarbage(options: GcOptions = {}): Promise<GcReport> {
    const report = await this.#collector.collect(options);
    this.#relay.wake();
    return report;
  }

  async isSentinel(id: string): Promise<boolean> {
    return (await this.#store.sentinel(id)) !== undefined;
  }

  /** The same for the strategy a sentinel stands for. @throws QmtlError `SENTINEL_NOT_FOUND` */
  async collectGarbageOf(sentinelId: string, options: GcOptions = {}): Promise<GcReport> {
    const { strategyId } = await this.#sentinel(sentinelId);
    return this.collectGarbage({ ...options, strategyId });
  }

  /** Trusts queues that have recomputed what their new schema needs. */
  async settleBuffering(): Promise<readonly string[]> {
    const { clock, logger } = this.#deps;
    return settleBuffering({ store: this.#store, topics: this.#topics, turn: this.#turn, clock, logger });
  }

  /**
   * Topic → records.
   *
   * @param filter - `tag=a,b;interval=1h`: queues with any of the tags and that interval
   * @throws QmtlError `REQUEST_INVALID`, `INTERVAL_INVALID`
   */
  async queueStats(filter: string): Promise<Readonly<Record<string, number>>> {
    const { tags, intervalSeconds } = queueFilterOf(filter);
    const queues = (await this.#store.activeQueues()).filter((queue) => {
      if (intervalSeconds !== undefined && queue.intervalSeconds !== intervalSeconds) return false;
      const query = { tags, intervalSeconds: queue.intervalSeconds, matchMode: "any" } as const;
      return tags.length === 0 || matchesQuery(query, queue.tags, queue.intervalSeconds);
    });
    const sizes = await Promise.all(queues.map(async ({ topic }) => [topic, await this.#topics.size(topic)] as const));
    return Object.fromEntries(sizes);
  }

  async status(): Promise<{ readonly graph: "ok" | "error"; readonly state: "running" | "stopped" }> {
    const state = this.#isRunning ? "running" : "stopped";
    try {
      await this.#store.version();
      return { graph: "ok", state };
    } catch (error) {
      this.#deps.logger.error("the graph cannot be read", { error });
      return { graph: "error", state };
    }
  }

  async #sentinel(sentinelId: string) {
    const found = await this.#store.sentinel(sentinelId);
    if (found !== undefined) return found;
    throw new QmtlError("SENTINEL_NOT_FOUND", `there is no version sentinel "${sentinelId}"`, {
      details: { sentinelId },
      hint: "it is the sentinel_id of the submission's answer: the strategy's id and -sentinel",
    });
  }

  #repeat(name: string, intervalMs: number, work: () => Promise<unknown>): void {
    const cancel = this.#deps.clock.after(intervalMs, () => {
      this.#background = work()
        .catch((error: unknown) => this.#deps.logger.error(`${name} failed`, { error }))
        .then(() => {
          if (this.#isRunning) this.#repeat(name, intervalMs, work);
        });
    });
    this.#cancels.set(name, cancel);
  }
}

function outboxOf({ ids, clock }: DagManagerDeps): AppendEvents {
  return (transaction, events) => {
    const timeMs = clock.nowMs();
    const outgoing = events.map(({ topic, key, sequence, type, data, correlationId }) => {
      const id = ids.next();
      const event = cloudEvent({ id, source: eventSources.dagManager, type, timeMs, data, correlationId });
      return { topic, key, sequence, event };
    });
    return appendOutbox(transaction as unknown as Kysely<StoreTables>, outgoing, timeMs);
  };
}
