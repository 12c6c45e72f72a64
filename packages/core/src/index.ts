export { assert, errorCatalog, nearestWord, QmtlError, type ErrorCode, type QmtlErrorOptions } from "./errors/index.ts";
export type { Branded, EpochMs, IntervalMs, JsonValue, NodeId } from "./brand/index.ts";
export {
  blake3Text,
  blake3Texts,
  computeContextJson,
  computeContextOf,
  computeKey,
  configHash,
  crc32OfNodeIds,
  createDigest,
  dagHash,
  digestColumns,
  downgraded,
  dryRunSentinel,
  evalKey,
  executionDomainOf,
  executionDomainOfMode,
  nodeIdAvoiding,
  nodeIdOf,
  nodeSpecText,
  NodeSpecTexts,
  partitionKey,
  partitionKeysIn,
  schemaHash,
  sha256Hex,
  type ComputeContext,
  type ComputeContextInput,
  type Digest,
  type DowngradeReason,
  type EvaluationSubject,
  type ExecutionDomain,
  type KeyedNode,
  type NodeSpec,
} from "./identity/index.ts";
export {
  canonicalParams,
  compareCodePoints,
  contextKeys,
  Float,
  float,
  isWireObject,
  plainJson,
  pythonFloat,
  readJson,
  sortByCodePoint,
  sortedAsciiJson,
  type WireObject,
  type WireValue,
} from "./json/index.ts";
export { sleep, type Cancellation, type Clock, type Ids } from "./ports/index.ts";
export { seededRandom, type Random } from "./random/index.ts";
export { validateName, validateTag } from "./tags/index.ts";
export { asWindows, Numbered, TextIndex } from "./text/index.ts";
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
