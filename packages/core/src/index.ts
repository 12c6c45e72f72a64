export { assert, errorCatalog, nearestWord, QmtlError, type ErrorCode, type QmtlErrorOptions } from "./errors/index.ts";
export type { Branded, EpochMs, IntervalMs, JsonValue, NodeId } from "./brand/index.ts";
export {
  bucketStart,
  formatInstant,
  formatInterval,
  parseInstant,
  parseInterval,
  parseIsoMs,
  parsePeriod,
  shown,
} from "./time/index.ts";
