import { sortedAsciiJson } from "../json/index.ts";
import { crc32Of, sha256Hex } from "./hash.ts";

/** SHA-256 of a node's configuration as sorted ASCII JSON. @throws QmtlError `VALUE_NOT_HASHABLE` */
export function configHash(config: unknown): string {
  return sha256Hex(sortedAsciiJson(config));
}

/** SHA-256 of a node's schema as sorted ASCII JSON. @throws QmtlError `VALUE_NOT_HASHABLE` */
export function schemaHash(schema: unknown): string {
  return sha256Hex(sortedAsciiJson(schema));
}

/**
 * SHA-256 of a whole DAG document as sorted ASCII JSON, before a sentinel is added: two submissions of one document
 * have one hash. @throws QmtlError `VALUE_NOT_HASHABLE`
 */
export function dagHash(dag: unknown): string {
  return sha256Hex(sortedAsciiJson(dag));
}

/** The checksum of a submission: CRC-32 run over the node ids in document order; 0 without nodes. */
export function crc32OfNodeIds(nodeIds: Iterable<string>): number {
  return crc32Of(nodeIds);
}

/** The sentinel of a dry run: `dryrun:` and the checksum in eight hex digits. */
export function dryRunSentinel(nodeIds: Iterable<string>): string {
  return `dryrun:${crc32Of(nodeIds).toString(16).padStart(8, "0")}`;
}
