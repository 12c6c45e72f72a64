import { assert, compareCodePoints, Numbered, sortByCodePoint, TextIndex, type EpochMs } from "@qmtl/core";
import { matchesQuery, queryText, type TagQuery } from "../tag-query/index.ts";
import { ByNumber } from "./by-number.ts";
import type { GraphChange } from "./graph-change.ts";
import type { BufferingQueue, GraphView, QueueUsage } from "./graph-store.ts";
import type { GraphQueue, QueueContext, Sentinel, SentinelWeight, Submission } from "./model.ts";
import { isInRuns, numbersIn, runsOf, type NumberRuns } from "./number-runs.ts";

/** A node without its spec, which nothing asks for once its id is known to be its hash. */
interface KnownNode {
  readonly nodeId: string;
  readonly period: number;
  readonly inputs: readonly string[];
}

interface KnownQueue {
  queue: GraphQueue;
  readonly node: number;
  readonly context: KnownContext;
  readonly createdMs: EpochMs;
  unreferencedSinceMs: EpochMs | undefined;
  state: QueueUsage["state"];
}

interface KnownContext {
  readonly context: QueueContext;
  readonly active: ByNumber<KnownQueue>; // by node
  readonly byTag: Map<string, Set<KnownQueue>>; // by tagKey
  readonly submissions: Map<string, Submission>; // by strategy id, those that are not released
  readonly holders: Map<string, number>; // set id → submissions that hold it
  readonly past: Map<string, Set<string>>; // strategy id → ids of every set it has held
  readonly queries: Map<number, TagQuery>; // by the node that asks
}

/** What is in use in a context. */
interface Reach {
  /** Nodes that submissions hold, and all that those read, directly or through others. */
  readonly nodes: ReadonlySet<string>;
  /** Nodes of the sets that the strategy asked about holds or has held. */
  readonly own: readonly NumberRuns[] | undefined;
  readonly queries: readonly TagQuery[];
}

/**
 * What a commit adds, as it is kept: specs and the bodies of events are elsewhere, and nodes are told by their number, in the
 * order in which they came into the graph.
 */
export type StateChange = Omit<GraphChange, "nodes" | "events" | "queues" | "tagQueries" | "set"> & {
  readonly nodes: readonly KnownNode[];
  readonly queues: readonly GraphQueue[];
  /** Of the queues, in their order. */
  readonly queueNodes: readonly number[];
  readonly tagQueries: readonly (readonly [node: number, query: TagQuery])[];
  readonly set?: NumberRuns;
  readonly sequences?: readonly (readonly [topic: string, key: string, sequence: number])[];
};

/**
 * The graph as it is at one version: the sum of the changes up to it. Pure; nothing here waits. Lookups take the time of
 * the nodes asked for, whatever the size of the graph.
 */
export class GraphState {
  version = 0;
  readonly #index = new TextIndex(digitsOfIds); // ids of nodes
  readonly #periods = new Numbered<number>(); // of nodes
  readonly #inputs = new Numbered<readonly string[]>();
  readonly #topics = new TextIndex(); // of all queues there ever were
  readonly #queues = new Numbered<KnownQueue | undefined>(); // by number of the topic; undefined when it is gone
  #queueCount = 0;
  readonly #contexts = new Map<string, KnownContext>(); // in the order they were first used
  readonly #newest = new Map<string, QueueContext>(); // by scopeKey
  readonly #sets = new Map<string, NumberRuns>();
  readonly #sentinels = new Map<string, Sentinel>();
  readonly #weights = new Map<string, SentinelWeight>();
  readonly #sequences = new Map<string, number>();

  /**
   * The change as it is kept, with the numbers its nodes will have. One that does not fit breaks an assertion, for it must
   * not be written either: it would be read back at every start.
   */
  resolve({ nodes = [], events = [], queues = [], tagQueries = [], set, ...change }: GraphChange): StateChange {
    const { context, submission } = change;
    const first = this.#index.size;
    const own = new Map<string, number>();
    for (const { nodeId } of nodes) {
      assert(this.#index.numberOf(nodeId) === undefined, "every node is new");
      own.set(nodeId, first + own.size);
    }
    assert(own.size === nodes.length, "every node is there once");
    const numberOf = (nodeId: string): number => {
      const number = own.get(nodeId) ?? this.#index.numberOf(nodeId);
      assert(number !== undefined, "every queue, query and set has nodes that are known");
      return number;
    };
    const queueNodes = queues.map(({ nodeId }) => numberOf(nodeId));
    const active = context && this.#contexts.get(contextKey(context))?.active;
    const topics = new Set<string>();
    for (const [index, { topic }] of queues.entries()) {
      const isTaken = this.isTaken(topic) || active?.get(queueNodes[index]!) !== undefined;
      assert(!isTaken && !topics.has(topic), "every queue is new, and has a name of its own");
      topics.add(topic);
    }
    const setId = submission?.setId;
    assert(setId === undefined || set !== undefined || this.#sets.has(setId), "the submission's set is known");
    return {
      ...change,
      nodes,
      queues,
      queueNodes,
      tagQueries: tagQueries.map(({ nodeId, ...query }) => [numberOf(nodeId), query]),
      ...(set === undefined ? {} : { set: runsOf(set.map(numberOf).sort((a, b) => a - b)) }),
      ...(events.length === 0 ? {} : { sequences: events.map(({ topic, key, sequence }) => [topic, key, sequence]) }),
    };
  }

  apply(change: StateChange, version: number): void {
    assert(version === this.version + 1, `change ${version} follows ${this.version}`);
    this.version = version;
    for (const node of change.nodes) {
      this.#index.add(node.nodeId);
      this.#periods.push(node.period);
      this.#inputs.push(node.inputs);
    }
    if (change.context !== undefined) this.#applyInContext(this.#contextFor(change.context), change);
    if (change.sentinel !== undefined) this.#sentinels.set(change.sentinel.sentinelId, change.sentinel);
    if (change.weight !== undefined) this.#weights.set(weightKey(change.weight), change.weight);
    if (change.released !== undefined) {
      for (const known of this.#contexts.values()) letGo(known, change.released.strategyId);
    }
    this.#applyToQueues(change);
    for (const [topic, key, sequence] of change.sequences ?? []) this.#sequences.set(`${topic} ${key}`, sequence);
  }

  view(nodeIds: readonly string[], context: QueueContext, strategyId: string, setId: string): GraphView {
    const known = this.#contexts.get(contextKey(context));
    const sentinelId = `${strategyId}-sentinel`;
    const queues = new Map<string, GraphQueue>();
    const knownNodes = new Set<string>();
    for (const nodeId of nodeIds) {
      const number = this.#index.numberOf(nodeId);
      if (number === undefined) continue;
      knownNodes.add(nodeId);
      const found = known?.active.get(number);
      if (found !== undefined) queues.set(nodeId, found.queue);
    }
    return {
      version: this.version,
      knownNodes,
      queues,
      sentinel: this.#sentinels.get(sentinelId),
      weight: this.#weights.get(weightKey({ sentinelId, worldId: context.worldId })),
      submission: known?.submissions.get(strategyId),
      isSetKnown: this.#sets.has(setId),
    };
  }

  /** By number; one that is not there yet has none. */
  nodeOf(number: number): string | undefined {
    return this.#index.textOf(number);
  }

  isTaken(topic: string): boolean {
    return this.#topics.numberOf(topic) !== undefined;
  }

  topicsWithStem(stem: string): readonly string[] {
    const numbers = Array.from({ length: this.#topics.size }, (_, number) => number);
    return numbers.map((number) => this.#topics.textOf(number)!).filter((topic) => topic.startsWith(stem));
  }

  queuesMatching(context: QueueContext, { tags, intervalSeconds, matchMode }: TagQuery): readonly string[] {
    const known = this.#contexts.get(contextKey(context));
    if (known === undefined || tags.length === 0) return [];
    const lists = tags.map((tag) => known.byTag.get(tagKey(intervalSeconds, tag)) ?? new Set<KnownQueue>());
    const [first, ...rest] = lists as [Set<KnownQueue>, ...Set<KnownQueue>[]];
    const found =
      matchMode === "all"
        ? [...first].filter((queue) => rest.every((list) => list.has(queue)))
        : new Set(lists.flatMap((list) => [...list]));
    return sortByCodePoint([...found].map(({ queue }) => queue.topic));
  }

  tagQueries(context: QueueContext): readonly TagQuery[] {
    const known = this.#contexts.get(contextKey(context));
    return known === undefined ? [] : this.#liveQueries(known);
  }

  hasContext(context: QueueContext): boolean {
    return this.#contexts.has(contextKey(context));
  }

  newestContext(worldId: string, executionDomain: string): QueueContext | undefined {
    return this.#newest.get(scopeKey({ worldId, executionDomain }));
  }

  sequence(topic: string, key: string): number | undefined {
    return this.#sequences.get(`${topic} ${key}`);
  }

  sentinel(sentinelId: string): Sentinel | undefined {
    return this.#sentinels.get(sentinelId);
  }

  weights(): readonly (SentinelWeight & { readonly version: string })[] {
    return [...this.#weights.values()].map((weight) => ({
      ...weight,
      version: this.#sentinels.get(weight.sentinelId)!.version,
    }));
  }

  contextsOf(strategyId: string): readonly QueueContext[] {
    return [...this.#contexts.values()].flatMap(({ context, submissions }) =>
      submissions.has(strategyId) ? [context] : [],
    );
  }

  /** Queues that are not gone; of one strategy, those of nodes it holds or has held. */
  usage(strategyId?: string): readonly QueueUsage[] {
    const usages: QueueUsage[] = [];
    const reaches = new Map<KnownContext, Reach>();
    for (const entry of this.#queues.values()) {
      if (entry === undefined) continue;
      const { context: known, queue, node, createdMs, unreferencedSinceMs, state } = entry;
      const { topic, kind, tags, intervalSeconds, nodeId } = queue;
      let reach = reaches.get(known);
      if (reach === undefined) reaches.set(known, (reach = this.#reachIn(known, strategyId)));
      if (reach.own?.some((runs) => isInRuns(runs, node)) === false) continue;
      const isRead = reach.queries.some((query) => matchesQuery(query, tags, intervalSeconds));
      usages.push({
        topic,
        context: known.context,
        kind,
        tags,
        intervalSeconds,
        createdMs,
        isReferenced: state === "active" && (isRead || reach.nodes.has(nodeId)),
        unreferencedSinceMs,
        state,
      });
    }
    return usages.sort((a, b) => a.createdMs - b.createdMs || compareCodePoints(a.topic, b.topic));
  }

  bufferingSince(atMostMs: EpochMs): readonly BufferingQueue[] {
    return this.#activeQueues()
      .filter(({ queue: { buffering } }) => buffering !== undefined && buffering.sinceMs <= atMostMs)
      .map(({ queue, node }) => ({ queue, period: this.#periods.get(node) }));
  }

  activeQueues(): readonly GraphQueue[] {
    return this.#activeQueues().map(({ queue }) => queue);
  }

  counts(): { readonly nodes: number; readonly queues: number } {
    return { nodes: this.#index.size, queues: this.#queueCount };
  }

  #activeQueues(): readonly KnownQueue[] {
    return [...this.#contexts.values()].flatMap(({ active }) => [...active.values()]);
  }

  #applyInContext(known: KnownContext, change: StateChange): void {
    for (const [index, queue] of change.queues.entries()) {
      this.#addQueue(known, queue, change.queueNodes[index]!, change.atMs);
    }
    for (const [node, query] of change.tagQueries) known.queries.set(node, query);
    const { submission, set } = change;
    if (submission === undefined) return;
    if (set !== undefined) this.#sets.set(submission.setId, set);
    letGo(known, submission.strategyId);
    known.submissions.set(submission.strategyId, submission);
    known.holders.set(submission.setId, (known.holders.get(submission.setId) ?? 0) + 1);
    const past = known.past.get(submission.strategyId) ?? new Set();
    known.past.set(submission.strategyId, past.add(submission.setId));
  }

  #addQueue(context: KnownContext, queue: GraphQueue, node: number, createdMs: EpochMs): void {
    const entry: KnownQueue = { queue, node, context, createdMs, unreferencedSinceMs: undefined, state: "active" };
    this.#topics.add(queue.topic);
    this.#queues.push(entry);
    this.#queueCount++;
    context.active.set(node, entry);
    for (const tag of queue.tags) {
      const key = tagKey(queue.intervalSeconds, tag);
      const list = context.byTag.get(key);
      if (list === undefined) context.byTag.set(key, new Set([entry]));
      else list.add(entry);
    }
  }

  #applyToQueues(change: StateChange): void {
    const queueOf = (topic: string): KnownQueue => this.#queues.get(this.#topics.numberOf(topic)!)!;
    for (const topic of change.unreferenced ?? []) queueOf(topic).unreferencedSinceMs = change.atMs;
    for (const topic of change.referenced ?? []) queueOf(topic).unreferencedSinceMs = undefined;
    for (const topic of change.retired ?? []) {
      const entry = queueOf(topic);
      entry.state = "retiring";
      entry.context.active.delete(entry.node);
      for (const tag of entry.queue.tags)
        entry.context.byTag.get(tagKey(entry.queue.intervalSeconds, tag))!.delete(entry);
    }
    for (const topic of change.dropped ?? []) {
      this.#queues.set(this.#topics.numberOf(topic)!, undefined); // its name is never used again
      this.#queueCount--;
    }
    for (const { topic, buffering } of change.buffering ?? []) {
      const entry = queueOf(topic);
      entry.queue = { ...entry.queue, buffering };
    }
    for (const topic of change.settled ?? []) {
      const entry = queueOf(topic);
      const schemaHash = entry.queue.buffering?.schemaHash ?? entry.queue.schemaHash;
      entry.queue = { ...entry.queue, schemaHash, buffering: undefined };
    }
  }

  #reachIn(known: KnownContext, strategyId: string | undefined): Reach {
    const nodes = new Set<string>();
    for (const setId of known.holders.keys()) {
      for (const number of numbersIn(this.#sets.get(setId)!)) nodes.add(this.#index.textOf(number)!);
    }
    // The set grows while it is walked, and the walk comes to what was added.
    for (const nodeId of nodes) {
      const number = this.#index.numberOf(nodeId);
      if (number !== undefined) for (const input of this.#inputs.get(number)) nodes.add(input);
    }
    const own = [...(known.past.get(strategyId ?? "") ?? [])].map((setId) => this.#sets.get(setId)!);
    return { nodes, own: strategyId === undefined ? undefined : own, queries: this.#liveQueries(known) };
  }

  #liveQueries(known: KnownContext): readonly TagQuery[] {
    const held = [...known.holders.keys()];
    const live = [...known.queries].filter(([node]) => held.some((setId) => isInRuns(this.#sets.get(setId)!, node)));
    return [...new Map(live.map(([, query]) => [queryText(query), query])).values()];
  }

  #contextFor(context: QueueContext): KnownContext {
    const key = contextKey(context);
    let known = this.#contexts.get(key);
    if (known === undefined) {
      known = {
        context,
        active: new ByNumber(),
        byTag: new Map(),
        submissions: new Map(),
        holders: new Map(),
        past: new Map(),
        queries: new Map(),
      };
      this.#contexts.set(key, known);
      this.#newest.set(scopeKey(context), context);
    }
    return known;
  }
}

function letGo({ submissions, holders }: KnownContext, strategyId: string): void {
  const setId = submissions.get(strategyId)?.setId;
  if (setId === undefined) return;
  submissions.delete(strategyId);
  const others = holders.get(setId)! - 1;
  if (others === 0) holders.delete(setId);
  else holders.set(setId, others);
}

/** Of `blake3:` and hex digits a dozen tells nearly all apart. */
const digitsOfIds = { from: 7, to: 19 };

// None of the four holds a control character: compute keys are made of them, and refuse it.
function contextKey({ worldId, executionDomain, asOf, partition }: QueueContext): string {
  return [worldId, executionDomain, asOf, partition].join("\u001f");
}

function scopeKey({ worldId, executionDomain }: Pick<QueueContext, "worldId" | "executionDomain">): string {
  return `${worldId}\u001f${executionDomain}`;
}

function tagKey(intervalSeconds: number, tag: string): string {
  return `${intervalSeconds} ${tag}`;
}

function weightKey({ sentinelId, worldId }: Pick<SentinelWeight, "sentinelId" | "worldId">): string {
  return `${sentinelId} ${worldId}`;
}
