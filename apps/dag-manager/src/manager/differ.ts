import { dryRunSentinel, QmtlError, shown, type Clock, type EpochMs } from "@qmtl/core";
import type { Logger } from "@qmtl/service";
import {
  DagReader,
  planDiff,
  queueContextOf,
  topicNamerOf,
  wantedTopics,
  weightEvent,
  type BufferedNode,
  type Dag,
  type DagLimits,
  type DiffPlan,
  type DiffSubject,
} from "../diff/index.ts";
import type { TopicNamer } from "../naming/index.ts";
import type { GraphChange, GraphEvent, GraphStore, GraphView, SentinelWeight } from "../graph/index.ts";
import { commitAtVersion, type PlannedStep } from "./commit-at-version.ts";
import type { Instruments } from "./instruments.ts";
import { planQueueEvents } from "./queue-events.ts";
import type { Topics } from "./topics.ts";
import type { Turn } from "./turn.ts";

export interface DiffOutcome {
  readonly sentinelId: string;
  readonly version: string;
  /** Over the DAG's node ids, in its order. */
  readonly crc32: number;
  readonly queueMap: DiffPlan["queueMap"];
  readonly bufferedNodes: readonly BufferedNode[];
  readonly newNodeCount: number;
  readonly newQueueCount: number;
}

export interface DiffOptions {
  /** Reads, and changes nothing: names are those a real diff would give. */
  readonly dryRun?: boolean;
  readonly correlationId?: string;
}

export interface DifferOptions {
  readonly store: GraphStore;
  readonly topics: Topics;
  readonly turn: Turn;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly instruments: Instruments;
  readonly withNamespace: boolean;
  readonly limits: DagLimits;
}

/** Compares a DAG with the graph and adds what is missing: nodes, queues, the strategy's hold on them. */
export class Differ {
  readonly #options: DifferOptions;
  readonly #reader: DagReader;

  constructor(options: DifferOptions) {
    this.#options = options;
    this.#reader = new DagReader(options.withNamespace, options.limits);
  }

  /**
   * Resolves when everything is durable and every queue has its topic. The same call again changes nothing and has the
   * same answer.
   *
   * @throws QmtlError what `DagReader` and `planDiff` say, `REQUEST_INVALID`, `STORE_FAILED`, `SERVICE_OVERLOADED`
   */
  async diff(subject: DiffSubject, options: DiffOptions = {}): Promise<DiffOutcome> {
    const { clock, instruments } = this.#options;
    const startedMs = clock.monotonicMs();
    instruments.diffRequests.increment();
    try {
      return await this.#diff(subject, options);
    } catch (error) {
      instruments.diffFailures.increment();
      throw error;
    } finally {
      const elapsedMs = clock.monotonicMs() - startedMs;
      instruments.diffDurationMs.observe(elapsedMs);
      instruments.diffSeconds.observe(elapsedMs / 1_000);
    }
  }

  async #diff(subject: DiffSubject, { dryRun = false, correlationId }: DiffOptions): Promise<DiffOutcome> {
    const { store, topics, turn, instruments } = this.#options;
    checkStrategyId(subject.strategyId);
    const dag = this.#reader.read(subject);
    const correlation = correlationId ?? `diff:${subject.strategyId}`;
    const step = (): ReturnType<Differ["plan"]> => this.plan(subject.strategyId, dag, correlation);
    if (dryRun) {
      const { plan } = (await step()).answer;
      return outcomeOf(dag, plan, dryRunSentinel(dag.documentIds));
    }
    const { plan, weight } = await turn.take(() => commitAtVersion(store, step));
    await topics.ensure(
      plan.newQueues,
      plan.queueMap.map(([, topic]) => topic),
    );
    if (plan.newNodes.length === 0) instruments.sentinelGaps.add(1);
    if (weight !== undefined) instruments.versionWeight.set(weight.weight, { version: dag.version });
    return outcomeOf(dag, plan, sentinelIdOf(subject.strategyId));
  }

  /** One attempt at one version of the graph: reads, decides, and names what to write. */
  async plan(
    strategyId: string,
    dag: Dag,
    correlationId: string,
  ): Promise<PlannedStep<{ plan: DiffPlan; weight: SentinelWeight | undefined }>> {
    const { store, clock } = this.#options;
    const context = queueContextOf(dag);
    const { setId } = dag;
    const nodeIds = dag.entries.map(({ nodeId }) => nodeId);
    const view = await store.view({ nodeIds, context, strategyId, setId });
    const namer = topicNamerOf(dag);
    const wanted = wantedTopics(dag, view, namer);
    const taken = await this.#takenNames(wanted, dag, namer);
    const plan = planDiff(dag, view, (topic) => taken.has(topic), namer, wanted);
    this.#refuseShared(dag, plan);
    const atMs = clock.nowMs();
    const sentinelId = sentinelIdOf(strategyId);
    const isNewSentinel = view.sentinel?.version !== dag.version;
    const weight = this.#newWeight(sentinelId, dag, view);
    const buffering = await this.#startedBuffering(plan, view, atMs);
    const isHeld = view.submission?.setId === setId && view.submission.version === dag.version;
    const nothingChanges =
      isHeld && !isNewSentinel && weight === undefined && buffering.length === 0 && plan.newQueues.length === 0;
    if (nothingChanges) return { answer: { plan, weight }, change: undefined };
    const events: GraphEvent[] = [
      ...(await planQueueEvents(store, { context, added: plan.newQueues }, { atMs, correlationId })),
    ];
    if (weight !== undefined) {
      const sequence = ((await store.sequences("control.sentinel", [sentinelId])).get(sentinelId) ?? 0) + 1;
      events.push(weightEvent(weight, dag.version, { sequence, atMs, correlationId }));
    }
    const change: GraphChange = {
      baseVersion: view.version,
      atMs,
      context,
      nodes: plan.newNodes,
      queues: plan.newQueues,
      tagQueries: plan.tagQueries,
      submission: { strategyId, version: dag.version, setId },
      buffering,
      events,
      ...(isNewSentinel ? { sentinel: { sentinelId, strategyId, version: dag.version } } : {}),
      ...(weight === undefined ? {} : { weight }),
      ...(view.isSetKnown ? {} : { set: nodeIds }),
    };
    return { answer: { plan, weight }, change };
  }

  /** Names of other queues that stand in the way of the new ones'. */
  async #takenNames(wanted: readonly string[], dag: Dag, namer: TopicNamer): Promise<ReadonlySet<string>> {
    const { store } = this.#options;
    const met = await store.takenTopics(wanted);
    if (met.size === 0) return met;
    const taken = new Set(met);
    // Rare: then every longer name is asked for, so that the next free one is found without asking again.
    for (const entry of dag.entries) {
      if (!met.has(namer.firstName(entry))) continue;
      const longer = namer.longerNames(entry);
      const others = await store.takenTopics(longer);
      const isAnyFree = others.size < longer.length;
      for (const other of isAnyFree ? others : await store.topicsWithStem(namer.stem(entry))) taken.add(other);
    }
    return taken;
  }

  /** One topic for two nodes, or for two contexts, would mix their rows. */
  #refuseShared(dag: Dag, { queueMap }: DiffPlan): void {
    if (new Set(queueMap.map(([, topic]) => topic)).size === queueMap.length) return;
    const labels = { world_id: dag.context.worldId, execution_domain: dag.context.executionDomain };
    this.#options.instruments.crossContextHits.increment(labels);
    this.#options.instruments.crossContextViolations.increment(labels);
    throw new QmtlError("GRAPH_CONFLICT", "two nodes of the DAG have one queue", { details: labels });
  }

  /** A weight takes effect where it is declared, outside of safe mode, and differs from what holds. */
  #newWeight(sentinelId: string, dag: Dag, view: GraphView): SentinelWeight | undefined {
    const { trafficWeight, context } = dag;
    if (trafficWeight === undefined || context.downgradeReason !== null) return undefined;
    if (view.weight?.weight === trafficWeight) return undefined;
    return { sentinelId, worldId: context.worldId, weight: trafficWeight };
  }

  async #startedBuffering({ bufferedNodes }: DiffPlan, view: GraphView, sinceMs: EpochMs) {
    const started = bufferedNodes.filter(
      ({ entry }) => view.queues.get(entry.nodeId)!.buffering?.schemaHash !== entry.schemaHash,
    );
    return Promise.all(
      started.map(async ({ entry }) => {
        const { topic } = view.queues.get(entry.nodeId)!;
        const sizeAtStart = await this.#options.topics.size(topic);
        return { topic, buffering: { schemaHash: entry.schemaHash, sinceMs, sizeAtStart } };
      }),
    );
  }
}

function sentinelIdOf(strategyId: string): string {
  return `${strategyId}-sentinel`;
}

function outcomeOf(dag: Dag, plan: DiffPlan, sentinelId: string): DiffOutcome {
  return {
    sentinelId,
    version: dag.version,
    crc32: dag.crc32,
    queueMap: plan.queueMap,
    bufferedNodes: plan.bufferedNodes,
    newNodeCount: plan.newNodes.length,
    newQueueCount: plan.newQueues.length,
  };
}

function checkStrategyId(strategyId: string): void {
  if (strategyId.length <= 256 && /^[!-~]+$/.test(strategyId)) return;
  throw new QmtlError(
    "REQUEST_INVALID",
    `strategy_id must be 1 to 256 printable ASCII characters without blanks; found ${shown(strategyId)}`,
  );
}
