import type { MessageInitShape } from "@bufbuild/protobuf";
import type { DiffChunkSchema } from "@qmtl/contracts/dag-manager";
import type { BufferedNode, DiffPart } from "../diff/index.ts";
import type { DiffOutcome } from "../manager/index.ts";

/** The message of one part of a diff. */
export function chunkOf(
  { sentinelId, version, crc32 }: DiffOutcome,
  { queueMap, bufferedNodes }: DiffPart,
): MessageInitShape<typeof DiffChunkSchema> {
  return {
    queueMap: Object.fromEntries(queueMap),
    sentinelId,
    bufferNodes: bufferedNodes.map(instructionOf),
    version,
    crc32,
  };
}

function instructionOf({ entry, lagBars }: BufferedNode) {
  return {
    nodeId: entry.nodeId,
    nodeType: entry.nodeType,
    codeHash: entry.codeHash,
    schemaHash: entry.schemaHash,
    interval: BigInt(entry.intervalSeconds),
    period: entry.period,
    tags: [...entry.tags],
    lag: lagBars,
    schemaCompatId: entry.schemaCompatId,
  };
}
