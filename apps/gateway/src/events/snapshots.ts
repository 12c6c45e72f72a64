import type { SnapshotData, StreamTopic } from "@qmtl/contracts/gateway";
import { cloudEvent, eventSources, queueEventKey } from "@qmtl/contracts/events";
import { blake3Text, sortedAsciiJson, type Clock, type Ids } from "@qmtl/core";
import type { DagManagerClient } from "../dag/dag-manager-client.ts";
import { sequenceKey } from "./client-channel.ts";
import type { EventHub } from "./event-hub.ts";
import { frameOf, type Frame, type Scope } from "./stream-event.ts";

/** Whole states of a world's topics, from their owner. */
export interface WorldStates {
  /** Undefined when the owner does not answer. */
  activation(worldId: string): Promise<WorldState | undefined>;
  policy(worldId: string): Promise<WorldState | undefined>;
}

export interface WorldState {
  readonly stateHash: string;
  readonly sequence: number;
  readonly items: readonly Readonly<Record<string, unknown>>[];
}

export interface SnapshotOptions {
  readonly hub: EventHub;
  readonly worlds: WorldStates | undefined;
  readonly dagManager: DagManagerClient | undefined;
  readonly clock: Clock;
  readonly ids: Ids;
}

export interface TopicSnapshots {
  readonly frames: readonly Frame[];
  /** Last event that a snapshot contains, by `sequenceKey`. */
  readonly contained: ReadonlyMap<string, number>;
}

type Content = Pick<SnapshotData, "state_hash" | "sequence" | "source" | "items">;

const empty = { state_hash: stateHashOf([]), sequence: 0, items: [] };
/** There is no owner: the empty state, said aloud, so that no client waits for a frame that never comes. */
const none: Content = { ...empty, source: "none" };
const stale: Content = { ...empty, source: "stale" };

/** First frames of a stream, and what heals a gap. */
export class Snapshots {
  readonly #options: SnapshotOptions;

  constructor(options: SnapshotOptions) {
    this.#options = options;
  }

  async of(scope: Scope, topics: readonly StreamTopic[], query: URLSearchParams): Promise<TopicSnapshots> {
    const contained = new Map<string, number>();
    const frames = await Promise.all(
      topics.map(async (topic) => {
        const { key, content } = await this.#contentOf(topic, scope, query);
        if (content.source === "live") contained.set(sequenceKey({ topic, key }), content.sequence);
        return this.#frame(topic, key, scope, content);
      }),
    );
    return { frames, contained };
  }

  async #contentOf(
    topic: StreamTopic,
    scope: Scope,
    query: URLSearchParams,
  ): Promise<{ key: string; content: Content }> {
    const worldId = scope.worldId ?? "";
    if (topic === "queue") return this.#queues(scope, query);
    if (topic === "deprecation" || this.#options.worlds === undefined || worldId === "")
      return { key: worldId, content: none };
    const state = await this.#options.worlds[topic](worldId);
    if (state === undefined) return { key: worldId, content: stale };
    const content: Content = {
      state_hash: state.stateHash,
      sequence: state.sequence,
      source: "live",
      items: [...state.items],
    };
    return { key: worldId, content };
  }

  async #queues({ worldId }: Scope, query: URLSearchParams): Promise<{ key: string; content: Content }> {
    const tags = (query.get("tags") ?? "")
      .split(",")
      .flatMap((tag) => tag.trim() || [])
      .slice(0, 64);
    const interval = Number(query.get("interval") ?? Number.NaN);
    const { dagManager, hub } = this.#options;
    if (dagManager === undefined || tags.length === 0 || !Number.isSafeInteger(interval))
      return { key: "", content: none };
    const matchMode = query.get("match_mode") === "all" ? "all" : "any";
    const executionDomain = query.get("execution_domain") ?? "";
    const asked = { tags, intervalSeconds: interval, matchMode, worldId: worldId ?? "", executionDomain } as const;
    const key = queueEventKey(asked);
    // Read before asking: an event that comes meanwhile is sent once more rather than lost.
    const sequence = hub.lastSequence("queue", key);
    try {
      const queues = await dagManager.queuesByTag(asked);
      const items = [{ tags, interval, match_mode: matchMode, queues: [...queues], version: 1 }];
      return { key, content: { state_hash: stateHashOf(items), sequence, source: "live", items } };
    } catch {
      return { key, content: stale };
    }
  }

  #frame(topic: StreamTopic, key: string, { worldId, strategyId }: Scope, content: Content): Frame {
    const { clock, ids } = this.#options;
    const data: SnapshotData = { version: 1, topic, world_id: worldId, strategy_id: strategyId, ...content };
    const id = ids.next();
    const event = cloudEvent({
      id,
      source: eventSources.gateway,
      type: "snapshot",
      timeMs: clock.nowMs(),
      data,
      correlationId: id,
    });
    return frameOf({ ...event, topic, key, sequence: content.sequence });
  }
}

function stateHashOf(items: readonly unknown[]): string {
  return blake3Text(sortedAsciiJson(items));
}
