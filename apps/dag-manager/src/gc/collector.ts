import { queueLifecycle } from "@qmtl/contracts/events";
import type { DataLog } from "@qmtl/bus";
import type { Clock, EpochMs } from "@qmtl/core";
import type { Logger } from "@qmtl/service";
import type { GraphChange, GraphEvent, GraphStore, QueueContext, QueueUsage } from "../graph/index.ts";
import { commitAtVersion } from "../manager/commit-at-version.ts";
import type { Instruments } from "../manager/instruments.ts";
import { planQueueEvents } from "../manager/queue-events.ts";
import type { Turn } from "../manager/turn.ts";
import { archiveName, recordsOf, type QueueArchive } from "./archive.ts";
import { planGc, type GcPlan, type RetentionPolicy } from "./plan-gc.ts";

export interface GcItem {
  readonly queue: string;
  readonly tag: QueueUsage["kind"];
  readonly interval: number;
  readonly created_at: string;
  /** `drop`, `archive`, or why it stays: `referenced`, `no_rule`, `too_young`, `next_batch`, `missing_client`, `failed`. */
  readonly action: string;
}

/** What a pass saw and did. Field names are the wire's. */
export interface GcReport {
  readonly observed: number;
  /** Queues no submission reaches. */
  readonly candidates: number;
  readonly processed: readonly string[];
  readonly skipped: number;
  readonly actions: Readonly<Record<string, number>>;
  readonly by_tag: Readonly<Record<string, number>>;
  readonly items: readonly GcItem[];
}

export interface GcOptions {
  /** Only queues of nodes this strategy holds or has held. */
  readonly strategyId?: string;
  /** Says what would happen, and changes nothing. */
  readonly dryRun?: boolean;
  readonly correlationId?: string;
}

export interface CollectorOptions {
  readonly store: GraphStore;
  readonly log: DataLog | undefined;
  readonly archive: QueueArchive | undefined;
  readonly turn: Turn;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly instruments: Instruments;
  readonly policy: RetentionPolicy;
  /** Load of the broker, in [0, 1]. */
  readonly brokerLoad: () => number;
}

const batchMax = 50;

/**
 * Removes queues nobody uses, in three steps that each survive a crash: it retires them in the graph, at the version at
 * which they were seen unreferenced, from when no diff finds them; archives and deletes their topics; and writes down
 * that they are gone. A pass goes on with what an earlier one had begun.
 */
export class Collector {
  readonly #options: CollectorOptions;

  constructor(options: CollectorOptions) {
    this.#options = options;
  }

  async collect({ strategyId, dryRun = false, correlationId = "gc" }: GcOptions = {}): Promise<GcReport> {
    const { store, turn, clock, instruments } = this.#options;
    const plan = dryRun
      ? (await this.#plan(strategyId, correlationId)).answer
      : await turn.take(() => commitAtVersion(store, () => this.#plan(strategyId, correlationId)));
    const failed = dryRun ? new Set<string>() : await this.#remove(plan, correlationId);
    const report = reportOf(plan, failed);
    if (dryRun) return report;
    if (strategyId === undefined) instruments.orphanQueues.set(report.candidates - report.processed.length);
    instruments.gcLastRun.set(clock.nowMs() / 1_000);
    return report;
  }

  async #plan(strategyId: string | undefined, correlationId: string) {
    const { store, clock, policy, archive, brokerLoad } = this.#options;
    const { version, queues } = await store.usage(strategyId);
    const nowMs = clock.nowMs();
    const canArchive = archive !== undefined;
    const plan = planGc({ queues, nowMs, policy, batchMax, brokerLoad: brokerLoad(), canArchive });
    const retired = removedBy(plan).filter(({ state }) => state === "active");
    const { unreferenced, referenced } = plan;
    if (retired.length + unreferenced.length + referenced.length === 0) return { answer: plan, change: undefined };
    const events: GraphEvent[] = [];
    for (const [context, removed] of byContext(retired)) {
      events.push(...(await planQueueEvents(store, { context, removed }, { atMs: nowMs, correlationId })));
    }
    const topics = retired.map(({ topic }) => topic);
    const change: GraphChange = {
      baseVersion: version,
      atMs: nowMs,
      unreferenced,
      referenced,
      retired: topics,
      events,
    };
    return { answer: plan, change };
  }

  /** @returns topics that could not be removed; the next pass tries again */
  async #remove(plan: GcPlan, correlationId: string): Promise<ReadonlySet<string>> {
    const { store, log, clock, logger, turn } = this.#options;
    const failed = new Set<string>();
    const gone: { queue: QueueUsage; action: "drop" | "archive" }[] = [];
    for (const { queue, verdict } of plan.verdicts) {
      if (!("action" in verdict)) continue;
      try {
        if (verdict.action === "archive") await this.#archive(queue.topic);
        await log?.dropTopic(queue.topic);
        gone.push({ queue, action: verdict.action });
      } catch (error) {
        failed.add(queue.topic);
        logger.error("queue could not be removed", { queue: queue.topic, action: verdict.action, error });
      }
    }
    if (gone.length === 0) return failed;
    const dropped = gone.map(({ queue }) => queue.topic);
    await turn.take(() =>
      commitAtVersion(store, async () => {
        const baseVersion = await store.version();
        const sequences = await store.sequences("control.queues", dropped);
        const atMs = clock.nowMs();
        const events = gone.map(({ queue, action }) =>
          lifecycleEvent(queue, action, (sequences.get(queue.topic) ?? 0) + 1, { atMs, correlationId }),
        );
        return { answer: undefined, change: { baseVersion, atMs, dropped, events } };
      }),
    );
    return failed;
  }

  async #archive(topic: string): Promise<void> {
    const { archive, log, clock } = this.#options;
    if (log === undefined) return;
    const isThere = (await log.topics()).some(({ name }) => name === topic);
    // A topic that is gone was archived by the pass that deleted it.
    if (isThere) await archive!.store(archiveName(topic, clock.nowMs()), recordsOf(log, topic));
  }
}

function removedBy({ verdicts }: GcPlan): readonly QueueUsage[] {
  return verdicts.flatMap(({ queue, verdict }) => ("action" in verdict ? [queue] : []));
}

function byContext(queues: readonly QueueUsage[]): ReadonlyMap<QueueContext, readonly QueueUsage[]> {
  const groups = new Map<string, { context: QueueContext; queues: QueueUsage[] }>();
  for (const queue of queues) {
    const key = JSON.stringify(queue.context);
    const group = groups.get(key) ?? { context: queue.context, queues: [] };
    group.queues.push(queue);
    groups.set(key, group);
  }
  return new Map([...groups.values()].map((group) => [group.context, group.queues]));
}

function lifecycleEvent(
  queue: QueueUsage,
  action: "drop" | "archive",
  sequence: number,
  { atMs, correlationId }: { atMs: EpochMs; correlationId: string },
): GraphEvent {
  return {
    topic: "control.queues",
    key: queue.topic,
    sequence,
    type: "queue_lifecycle",
    data: queueLifecycle({
      queue: queue.topic,
      action,
      reason: "unreferenced",
      tag: queue.kind,
      tsMs: atMs,
      ...(queue.intervalSeconds > 0 ? { interval: queue.intervalSeconds } : {}),
      ...(action === "archive" ? { archive_status: "archived" } : {}),
    }),
    correlationId,
  };
}

function reportOf({ verdicts }: GcPlan, failed: ReadonlySet<string>): GcReport {
  const items = verdicts.map(({ queue, verdict }): GcItem => {
    const action = "action" in verdict ? (failed.has(queue.topic) ? "failed" : verdict.action) : verdict.keep;
    const { topic, kind, intervalSeconds, createdMs } = queue;
    return {
      queue: topic,
      tag: kind,
      interval: intervalSeconds,
      created_at: new Date(createdMs).toISOString(),
      action,
    };
  });
  const isDone = ({ action }: GcItem): boolean => action === "drop" || action === "archive";
  const processed = items.filter(isDone);
  return {
    observed: items.length,
    candidates: verdicts.filter(({ queue }) => !queue.isReferenced).length,
    processed: processed.map(({ queue }) => queue),
    skipped: items.length - processed.length,
    actions: countBy(items, ({ action }) => action),
    by_tag: countBy(processed, ({ tag }) => tag),
    items: items.filter(({ action }) => action !== "referenced"),
  };
}

function countBy<Item>(items: readonly Item[], wordOf: (item: Item) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) counts[wordOf(item)] = (counts[wordOf(item)] ?? 0) + 1;
  return counts;
}
