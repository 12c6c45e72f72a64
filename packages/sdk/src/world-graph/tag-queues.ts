import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { computeContextOf, computeKey, QmtlError, sleep, type Clock, type IntervalMs } from "@qmtl/core";
import type { GatewayClient } from "../gateway-client/index.ts";
import { buildGraphs } from "../graph/build-graph.ts";
import type { NodeExchange } from "../sharing/index.ts";
import { QueueInput, type WorldQueue } from "../strategy/queue-input.ts";
import { TagQueryNode } from "../strategy/tag-query-node.ts";
import { strategyName, type Strategy } from "../strategy/strategy.ts";

export interface TagQueuesOptions {
  readonly client: Pick<GatewayClient, "queuesByTag">;
  readonly exchange: NodeExchange;
  readonly clock: Clock;
  readonly worldId: string;
  /** Where the run keeps its state: which queues it reads is part of that. */
  readonly folder: string;
  readonly signal: AbortSignal | undefined;
  /**
   * A run waits until its queries find queues with rows. A submission waits for the Gateway at most ("gateway"), or not at
   * all: somebody at a terminal is told instead.
   */
  readonly waitsFor?: "queues" | "gateway" | "nothing";
  /** Whether what was found is kept for the next run and submission. Default true. */
  readonly keep?: boolean;
  onNotice(message: string): void;
}

/** A queue, and the places of the tag queries that read it among those of the strategy. */
interface ReadQueue extends WorldQueue {
  readonly queries: readonly number[];
}

/** What is kept: the queues, and what was asked when they were found. */
interface Settled {
  readonly asked: readonly string[];
  readonly queues: readonly ReadQueue[];
}

/**
 * Gives tag queries the queues of their world that match, beside the strategy's own streams. What a query reads is part
 * of its identity, so it is settled here, once, and kept with the state of the run: a submission and the runs that follow
 * it are one strategy. Queues that come later are read by a run that starts afresh.
 *
 * @throws QmtlError what the Gateway refuses; `GRAPH_NODE_MISSING` where nothing matches and nobody waits; the signal's
 * reason
 */
export async function readWorldQueues(strategy: Strategy, options: TagQueuesOptions): Promise<readonly QueueInput[]> {
  const queries = strategy.nodes.filter((node) => node instanceof TagQueryNode);
  if (queries.length === 0) return [];
  const file = join(options.folder, "tag-queues.json");
  const asked = queries.map((query) => askedBy(query, strategy));
  const known = settledIn(file, asked);
  if (known !== undefined) return addInputs(strategy, queries, known);
  const isOpen = (query: TagQueryNode) => !strategy.nodes.some((node) => isOwnMatch(query, node));
  const open = queries.filter(isOpen);
  const first = open.length === 0 ? [] : await untilFound(strategy, queries, open, options);
  const inputs = addInputs(strategy, queries, first);
  // Now that the graph is whole its own nodes are known: a query reads them here, and not once more from their queues.
  const context = computeContextOf({ worldId: options.worldId });
  const own = new Set(buildGraphs([strategy])[0]!.nodes.map(({ id }) => computeKey(id, context) as string));
  const others = queries.filter((query) => !open.includes(query));
  const found = await foundIfAsked(strategy, queries, others, options);
  const taken = new Set(first.map(({ key }) => key));
  const more = found.filter(({ key }) => !own.has(key) && !taken.has(key));
  const all = [...inputs, ...addInputs(strategy, queries, more)];
  const settled: Settled = { asked, queues: [...first, ...more] };
  if (options.keep !== false) writeWhole(file, JSON.stringify(settled, undefined, 2));
  return all;
}

/** Where a run of the strategy keeps its state unless it is told another place. */
export function stateFolderOf(strategy: Strategy, worldId: string): string {
  return join(".qmtl", "runs", worldId, strategyName(strategy));
}

/** What is kept of queries that have been changed since is of no use to those there are. */
function settledIn(file: string, asked: readonly string[]): readonly ReadQueue[] | undefined {
  if (!existsSync(file)) return undefined;
  const settled = JSON.parse(readFileSync(file, "utf8")) as Partial<Settled>;
  return settled.asked?.join("\n") === asked.join("\n") ? settled.queues : undefined;
}

function askedBy(query: TagQueryNode, { defaultIntervalMs }: Strategy): string {
  const intervalMs = query.declaredIntervalMs ?? defaultIntervalMs ?? null;
  return JSON.stringify([query.name, query.matchMode, intervalMs, [...query.tags].sort()]);
}

function isOwnMatch(query: TagQueryNode, node: Strategy["nodes"][number]): boolean {
  if (node instanceof TagQueryNode || !query.matches(node)) return false;
  return query.declaredIntervalMs === undefined || query.declaredIntervalMs === node.declaredIntervalMs;
}

async function untilFound(
  strategy: Strategy,
  queries: readonly TagQueryNode[],
  open: readonly TagQueryNode[],
  options: TagQueuesOptions,
): Promise<readonly ReadQueue[]> {
  const { clock, signal, worldId, waitsFor = "queues" } = options;
  for (const query of open) intervalOf(query, strategy);
  for (let attempt = 0; ; attempt++) {
    signal?.throwIfAborted();
    let waitingFor: string | undefined;
    try {
      const found = await queuesOf(strategy, queries, open, options);
      const missing = open.find((query) => !found.some((queue) => queue.queries.includes(queries.indexOf(query))));
      if (missing === undefined) return found;
      const none = `no queue of world "${worldId}" has rows and the tags ${missing.tags.join(", ")} yet`;
      if (waitsFor !== "queues") throw nothingMatches(none, missing);
      waitingFor = `${none}; waiting`;
    } catch (error) {
      signal?.throwIfAborted();
      if (!isAway(error) || waitsFor === "nothing") throw error;
      waitingFor = `${error.message}; waiting for the queues that tag queries read`;
    }
    if (attempt === 0) options.onNotice(waitingFor);
    await sleep(clock, 500, signal);
  }
}

function nothingMatches(message: string, query: TagQueryNode): QmtlError {
  return new QmtlError("GRAPH_NODE_MISSING", `${message}, and tag query "${query.name}" has no stream of its own`, {
    details: { query: query.name, tags: query.tags, matchMode: query.matchMode },
    hint: "run the strategies whose queues it reads first: what it reads is part of what is submitted",
  });
}

/** Queries that have streams of their own go on without the Gateway; what is submitted has to be known before. */
async function foundIfAsked(
  strategy: Strategy,
  queries: readonly TagQueryNode[],
  asked: readonly TagQueryNode[],
  options: TagQueuesOptions,
): Promise<readonly ReadQueue[]> {
  const { waitsFor = "queues", clock, signal } = options;
  for (;;) {
    try {
      return await queuesOf(strategy, queries, asked, options);
    } catch (error) {
      signal?.throwIfAborted();
      if (!isAway(error) || waitsFor === "nothing") throw error;
      if (waitsFor === "gateway") {
        await sleep(clock, 500, signal);
        continue;
      }
      options.onNotice(`${error.message}; tag queries read the strategy's own streams alone`);
      return [];
    }
  }
}

/** Queues that have rows: an empty one does not say yet what its rows are. */
async function queuesOf(
  strategy: Strategy,
  queries: readonly TagQueryNode[],
  asked: readonly TagQueryNode[],
  { client, exchange, worldId, signal }: TagQueuesOptions,
): Promise<readonly ReadQueue[]> {
  const found = new Map<string, ReadQueue>();
  for (const query of asked) {
    const intervalMs = query.declaredIntervalMs ?? strategy.defaultIntervalMs;
    if (intervalMs === undefined) continue;
    const { tags, matchMode } = query;
    const place = queries.indexOf(query);
    for (const { queue: topic } of await client.queuesByTag({
      tags,
      intervalSeconds: intervalMs / 1_000,
      matchMode,
      worldId,
    })) {
      const before = found.get(topic);
      if (before !== undefined) {
        found.set(topic, { ...before, queries: [...before.queries, place] });
        continue;
      }
      const { records } = await exchange.read(topic, 0, 1, 0, signal ?? new AbortController().signal);
      const [record] = records;
      const fields = (record?.payload as { fields?: readonly string[] } | undefined)?.fields;
      if (record === undefined || !Array.isArray(fields) || fields.length === 0) continue;
      found.set(topic, { topic, key: record.key, fields, queries: [place] });
    }
  }
  return [...found.values()].sort((a, b) => (a.topic < b.topic ? -1 : 1));
}

function addInputs(
  strategy: Strategy,
  queries: readonly TagQueryNode[],
  queues: readonly ReadQueue[],
): readonly QueueInput[] {
  return queues.map((queue) => {
    const readers = queue.queries.map((place) => queries[place]!);
    const input = new QueueInput(queue, intervalOf(readers[0]!, strategy), readers);
    strategy.addNodes(input);
    return input;
  });
}

function intervalOf(query: TagQueryNode, strategy: Strategy): IntervalMs {
  const intervalMs = query.declaredIntervalMs ?? strategy.defaultIntervalMs;
  if (intervalMs !== undefined) return intervalMs;
  throw new QmtlError("INTERVAL_INVALID", `tag query "${query.name}" has no interval to look for queues with`, {
    hint: 'give it one: new TagQueryNode({ interval: "1m", … })',
  });
}

function isAway(error: unknown): error is QmtlError {
  return error instanceof QmtlError && (error.code === "DEPENDENCY_UNAVAILABLE" || error.code === "DEPENDENCY_FAILED");
}

function writeWhole(file: string, text: string): void {
  mkdirSync(join(file, ".."), { recursive: true, mode: 0o700 });
  writeFileSync(`${file}.new`, text, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
