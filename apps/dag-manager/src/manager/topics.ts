import type { DataLog, TopicConfig } from "@qmtl/bus";
import type { Logger } from "@qmtl/service";
import type { GraphQueue, GraphStore } from "../graph/index.ts";
import { topicConfigs, type QueueKind } from "../naming/index.ts";
import type { Instruments } from "./instruments.ts";

/**
 * Makes the topics of queues. The graph says first that a queue exists, then its topic is made: what was left out by a
 * crash or a broker that failed is made when the queue is next asked for, or at the next start.
 */
export class Topics {
  readonly #log: DataLog | undefined;
  readonly #instruments: Instruments;
  readonly #missing = new Map<string, QueueKind>();

  constructor(log: DataLog | undefined, instruments: Instruments) {
    this.#log = log;
    this.#instruments = instruments;
  }

  /** @throws QmtlError what the broker says */
  async ensure(made: readonly Pick<GraphQueue, "topic" | "kind">[], asked: readonly string[]): Promise<void> {
    const log = this.#log;
    if (log === undefined) return;
    for (const { topic, kind } of made) this.#missing.set(topic, kind);
    if (this.#missing.size === 0) return;
    const wanted =
      made.length === this.#missing.size
        ? [...this.#missing.keys()]
        : asked.filter((topic) => this.#missing.has(topic));
    if (wanted.length === 0) return;
    try {
      await log.ensureTopics(wanted.map((topic) => ({ name: topic, config: configOf(this.#missing.get(topic)!) })));
    } catch (error) {
      this.#instruments.queueCreateErrors.increment({}, wanted.length);
      throw error;
    }
    for (const topic of wanted) this.#missing.delete(topic);
  }

  /** Finds queues whose topic is not there and makes it. */
  async reconcile(store: GraphStore, logger: Logger): Promise<void> {
    if (this.#log === undefined) return;
    const present = new Set((await this.#log.topics()).map(({ name }) => name));
    const missing = (await store.activeQueues()).filter(({ topic }) => !present.has(topic));
    if (missing.length === 0) return;
    logger.warn("making topics that the graph knows and the broker lacks", { count: missing.length });
    await this.ensure(
      missing,
      missing.map(({ topic }) => topic),
    );
  }

  /** Records of a topic; 0 where it has not been made. */
  async size(topic: string): Promise<number> {
    if (this.#log === undefined || this.#missing.has(topic)) return 0;
    return this.#log.size(topic);
  }
}

/** One object for each kind, so that the log sees at once which topics are alike. */
const configByKind = new Map<QueueKind, TopicConfig>();

function configOf(kind: QueueKind): TopicConfig {
  let config = configByKind.get(kind);
  if (config === undefined) {
    const { partitions, retentionMs } = topicConfigs[kind];
    configByKind.set(kind, (config = { partitions, retentionMs }));
  }
  return config;
}
