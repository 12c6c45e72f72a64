/** Metadata of the DAG Manager's calls: what its messages have no field for. Values are text. */
export const dagManagerMetadata = {
  /** `1`: Diff reads, and changes nothing. */
  dryRun: "x-qmtl-dry-run",
  /** The world whose queues GetQueues finds; absent: outside any world. */
  worldId: "x-qmtl-world-id",
  /** The domain within that world. */
  executionDomain: "x-qmtl-execution-domain",
  /** The exact context; without these two GetQueues means the one that was first used last. */
  asOf: "x-qmtl-as-of",
  partition: "x-qmtl-partition",
  /** In the headers of Diff's answer: this stream. With AckChunk: whose chunk. With Diff: the stream to resume. */
  streamId: "x-qmtl-stream-id",
  /** Of the request that caused the call. */
  correlationId: "x-qmtl-correlation-id",
  /** With an error: its code in the catalog. */
  errorCode: "x-qmtl-error-code",
} as const;
