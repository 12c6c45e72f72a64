/** What a queue is for; decides how a broker keeps it and when it may go. */
export type QueueKind = "raw" | "indicator" | "trade_exec" | "sentinel";

export interface TopicConfig {
  readonly partitions: number;
  readonly replication: number;
  readonly retentionMs: number;
}

/** The kind of a node's queue, by words its type contains in any case. */
export function queueKindOf(nodeType: string): QueueKind {
  const type = nodeType.toLowerCase();
  const says = (words: readonly string[]): boolean => words.some((word) => type.includes(word));
  if (says(["exec", "trade", "order", "portfolio"])) return "trade_exec";
  if (says(["raw", "price", "ohlcv"])) return "raw";
  return says(["sentinel"]) ? "sentinel" : "indicator";
}

const dayMs = 86_400_000;

export const topicConfigs: Readonly<Record<QueueKind, TopicConfig>> = {
  raw: { partitions: 3, replication: 3, retentionMs: 7 * dayMs },
  indicator: { partitions: 1, replication: 2, retentionMs: 30 * dayMs },
  trade_exec: { partitions: 1, replication: 3, retentionMs: 90 * dayMs },
  sentinel: { partitions: 1, replication: 2, retentionMs: 180 * dayMs },
};
