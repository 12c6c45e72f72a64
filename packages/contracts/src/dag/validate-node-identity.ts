import { blake3Texts, crc32OfNodeIds, isWireObject, NodeSpecTexts, QmtlError } from "@qmtl/core";
import { Type, type Static } from "typebox";
import { wireNodeSpec } from "./wire-node-spec.ts";

/** The fields without which a node cannot be submitted; each must be non-empty text. */
export const requiredIdentityFields = [
  "node_type",
  "code_hash",
  "config_hash",
  "schema_hash",
  "schema_compat_id",
] as const;

/** The body of a refusal, as it stands under `detail` in the answer and in the error's `details`. */
export type NodeIdentityDetail = Static<typeof NodeIdentityDetail>;
export const NodeIdentityDetail = Type.Union([
  Type.Object({
    code: Type.Literal("E_NODE_ID_FIELDS"),
    message: Type.String(),
    missing_fields: Type.Array(
      Type.Object({
        index: Type.Integer({ minimum: 0 }),
        missing: Type.Array(Type.String()),
        node_id: Type.Optional(Type.String()),
      }),
    ),
    hint: Type.String(),
  }),
  Type.Object({ code: Type.Literal("E_CHECKSUM_MISMATCH"), message: Type.String() }),
  Type.Object({
    code: Type.Literal("E_NODE_ID_MISMATCH"),
    message: Type.String(),
    node_id_mismatch: Type.Array(
      Type.Object({ index: Type.Integer({ minimum: 0 }), node_id: Type.String(), expected: Type.String() }),
    ),
    hint: Type.String(),
  }),
]);

/**
 * Checks the ids of a submitted DAG: first the fields of every node, then the checksum over the ids in document
 * order, then every id against the hash of its node. An id never names content it is not the hash of (D-1, D-2), so
 * collision suffixes are not considered. Entries that are no objects are skipped.
 *
 * @param nodes - `nodes` of a document from `readDagDocument`
 * @throws QmtlError `NODE_ID_FIELDS`, `CHECKSUM_MISMATCH`, `NODE_ID_MISMATCH` with a `NodeIdentityDetail` as details;
 *   `VALUE_NOT_HASHABLE` naming the node when its content has no canonical form
 */
export function validateNodeIdentity(nodes: readonly unknown[], nodeIdsCrc32: number): void {
  const present = nodes.flatMap((node, index) => (isWireObject(node) ? [{ index, node }] : []));

  const missing = present.flatMap(({ index, node }) => missingFields(index, node));
  if (missing.length > 0) {
    const [first] = missing;
    refuse("NODE_ID_FIELDS", {
      code: "E_NODE_ID_FIELDS",
      message: `node ${first!.index} must have ${first!.missing.join(", ")}`,
      missing_fields: missing,
      hint: "build the document with the SDK, or send these fields with every node",
    });
  }

  const ids = present.map(({ node }) => node["node_id"] as string);
  const actual = crc32OfNodeIds(ids);
  if (actual !== nodeIdsCrc32) {
    refuse("CHECKSUM_MISMATCH", {
      code: "E_CHECKSUM_MISMATCH",
      message: `node_ids_crc32 must be ${actual}, the CRC-32 of the node ids in order; found ${nodeIdsCrc32}`,
    });
  }

  const texts = new NodeSpecTexts();
  const expectedIds = blake3Texts(present.map(({ index, node }) => specText(texts, index, node)));
  const mismatches = present.flatMap(({ index }, place) => {
    const [nodeId, expected] = [ids[place]!, expectedIds[place]!];
    return nodeId === expected ? [] : [{ index, node_id: nodeId, expected }];
  });
  if (mismatches.length > 0) {
    const { index, node_id, expected } = mismatches[0]!;
    refuse("NODE_ID_MISMATCH", {
      code: "E_NODE_ID_MISMATCH",
      message: `node ${index} must have the id ${expected}; found ${node_id}`,
      node_id_mismatch: mismatches,
      hint: "compute each id from the node's final content, after its inputs' ids",
    });
  }
}

function missingFields(index: number, node: Readonly<Record<string, unknown>>) {
  const isText = (field: string): boolean => typeof node[field] === "string" && node[field] !== "";
  const missing: string[] = requiredIdentityFields.filter((field) => !isText(field));
  if (!isText("node_id")) return [{ index, missing: ["node_id", ...missing] }];
  return missing.length === 0 ? [] : [{ index, missing, node_id: node["node_id"] as string }];
}

function specText(texts: NodeSpecTexts, index: number, node: Readonly<Record<string, unknown>>): string {
  try {
    return texts.text(wireNodeSpec(node));
  } catch (error) {
    if (!(error instanceof QmtlError)) throw error;
    throw new QmtlError(error.code, `node ${index}: ${error.message}`, {
      details: { ...error.details, index, node_id: node["node_id"] },
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      cause: error,
    });
  }
}

function refuse(code: "NODE_ID_FIELDS" | "CHECKSUM_MISMATCH" | "NODE_ID_MISMATCH", detail: NodeIdentityDetail): never {
  throw new QmtlError(code, detail.message, { details: detail, ...("hint" in detail ? { hint: detail.hint } : {}) });
}
