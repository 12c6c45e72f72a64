import type { DataLog, LogRecord } from "@qmtl/bus";

/**
 * Where a queue's rows go before its topic is deleted. `store` has to be durable and checked when it resolves: nothing
 * else is left of the queue afterwards. The same name again replaces what was stored.
 */
export interface QueueArchive {
  store(name: string, records: AsyncIterable<LogRecord>): Promise<void>;
}

/** `{topic}-{YYYYMMDDTHHMMSS}`, in UTC. */
export function archiveName(topic: string, nowMs: number): string {
  return `${topic}-${new Date(nowMs).toISOString().slice(0, 19).replace(/[-:]/g, "")}`;
}

export async function* recordsOf(log: DataLog, topic: string): AsyncIterable<LogRecord> {
  for (let offset = 0; ;) {
    const records = await log.read(topic, offset, 1_000);
    yield* records;
    if (records.length === 0) return;
    offset = records.at(-1)!.offset + 1;
  }
}
