export {
  appendAudit,
  auditScopes,
  readAudit,
  verifyAudit,
  type AuditEntry,
  type AuditRow,
  type AuditVerdict,
} from "./audit/index.ts";
export { nextCount } from "./counters/index.ts";
export { openEmbeddedDatabase, type EmbeddedDatabaseOptions, type Migration } from "./database/index.ts";
export { MemoryKeyValue, type KeyValue, type Lifetime, type MemoryKeyValueOptions } from "./key-value/index.ts";
export {
  appendOutbox,
  nextSequence,
  OutboxRelay,
  type EventSink,
  type OutboxEvent,
  type OutboxRelayOptions,
} from "./outbox/index.ts";
export { isUniqueViolation } from "./sqlite/index.ts";
export { storeMigrations, type StoreTables } from "./tables/index.ts";
export {
  WorkQueue,
  type Claim,
  type DeadWork,
  type Failure,
  type NewWork,
  type WorkQueueOptions,
} from "./work-queue/index.ts";
