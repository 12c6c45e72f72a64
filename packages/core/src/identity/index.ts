export { blake3Texts } from "./blake3-texts.ts";
export { digestColumns } from "./column-digest.ts";
export {
  computeContextJson,
  computeContextOf,
  downgraded,
  type ComputeContext,
  type ComputeContextInput,
  type DowngradeReason,
} from "./compute-context.ts";
export {
  computeKey,
  evalKey,
  partitionKey,
  partitionKeysIn,
  type EvaluationSubject,
  type KeyedNode,
} from "./compute-key.ts";
export { createDigest, type Digest } from "./digest.ts";
export { configHash, crc32OfNodeIds, dagHash, dryRunSentinel, schemaHash } from "./document-hash.ts";
export { executionDomainOf, executionDomainOfMode, type ExecutionDomain } from "./execution-domain.ts";
export { blake3Text, crc32Of, sha256Hex } from "./hash.ts";
export { nodeIdAvoiding, nodeIdOf, nodeSpecText, NodeSpecTexts, type NodeSpec } from "./node-id.ts";
