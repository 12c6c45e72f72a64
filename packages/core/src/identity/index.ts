export { digestColumns } from "./column-digest.ts";
export {
  computeContextJson,
  computeContextOf,
  downgraded,
  type ComputeContext,
  type ComputeContextInput,
  type DowngradeReason,
} from "./compute-context.ts";
export { computeKey, computeKeysIn, evalKey, partitionKey, type EvaluationSubject } from "./compute-key.ts";
export { createDigest, type Digest } from "./digest.ts";
export { configHash, crc32OfNodeIds, dagHash, dryRunSentinel, schemaHash } from "./document-hash.ts";
export { executionDomainOf, executionDomainOfMode, type ExecutionDomain } from "./execution-domain.ts";
export { blake3Text, crc32Of, sha256Hex } from "./hash.ts";
export { nodeIdAvoiding, nodeIdOf, nodeSpecText, type NodeSpec } from "./node-id.ts";
