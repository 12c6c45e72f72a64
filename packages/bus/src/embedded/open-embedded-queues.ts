import type { Ids } from "@qmtl/core";
import { SqliteFile, type SqliteFileOptions } from "@qmtl/store/sqlite";
import type { DataLog, DivergenceAlarm } from "../data-log/index.ts";
import { defaultRetry, type Retry } from "../following/index.ts";
import type { Leases } from "../leases/index.ts";
import { dataLogSchema, EmbeddedDataLog } from "./embedded-data-log.ts";
import { EmbeddedLeases, leaseTable } from "./embedded-leases.ts";
import { placeTable } from "./embedded-place.ts";

/** The file is one that all processes of the machine share (`.qmtl/queues.db`), or ":memory:" for one process. */
export interface EmbeddedQueuesOptions extends SqliteFileOptions {
  readonly ids: Ids;
  readonly retry?: Retry;
  /** Called once for each alarm of invariant X-3, after the record is durable. */
  readonly onDivergence?: (alarm: DivergenceAlarm) => void;
  /** Told of everything a subscription will try again: a handler that threw, a log that cannot be read. */
  readonly onFailure?: (error: unknown) => void;
}

/** The data plane of one machine: the log, the leases that say who may write to it, and one file below both. */
export interface EmbeddedQueues {
  readonly dataLog: DataLog;
  readonly leases: Leases;
  close(): Promise<void>;
}

/** @throws QmtlError `STORE_FAILED`, `STORE_CORRUPT` */
export async function openEmbeddedQueues(options: EmbeddedQueuesOptions): Promise<EmbeddedQueues> {
  const { clock, ids, retry = defaultRetry, onDivergence = () => {}, onFailure = () => {} } = options;
  const file = new SqliteFile(options);
  await file.upgrade([[...dataLogSchema, leaseTable, placeTable]]);
  const dataLog = new EmbeddedDataLog(file, { clock, ids, retry, onDivergence, onFailure });
  return {
    dataLog,
    leases: new EmbeddedLeases(file, clock),
    async close() {
      await dataLog.close();
      await file.close();
    },
  };
}
