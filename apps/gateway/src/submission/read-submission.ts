import { readDagDocument, validateNodeIdentity, type DagNode } from "@qmtl/contracts";
import type { StrategySubmit } from "@qmtl/contracts/gateway";
import { QmtlError, type WireObject } from "@qmtl/core";
import type { TagQuery } from "../dag/dag-manager-client.ts";
import { dagTextOf, type DagText } from "./dag-text.ts";

/** A submission that has passed every check that needs nobody else. */
export interface ReadSubmission {
  readonly document: WireObject;
  readonly dag: DagText;
  readonly nodeIds: readonly string[];
  readonly nodeIdsCrc32: number;
  /** Each once, in the order they were named. */
  readonly worldIds: readonly string[];
  readonly meta: Readonly<Record<string, unknown>>;
  readonly tagQueries: readonly NodeTagQuery[];
  readonly versionLabel: string | null;
}

export interface NodeTagQuery extends Pick<TagQuery, "tags" | "intervalSeconds" | "matchMode"> {
  readonly nodeId: string;
}

const nodeCountMax = 10_000;
const tagCountMax = 64;

/**
 * Reads and checks a submission: its document, then the fields of its nodes, the checksum over their ids, and the ids.
 *
 * @throws QmtlError `JSON_INVALID`, `SCHEMA_INVALID`, `REQUEST_TOO_LARGE`, `NODE_ID_FIELDS`, `CHECKSUM_MISMATCH`,
 *   `NODE_ID_MISMATCH`, `VALUE_NOT_HASHABLE`
 */
export function readSubmission(body: StrategySubmit): ReadSubmission {
  const document = readDagDocument(dagJsonText(body.dag_json));
  const { nodes } = document as { nodes: readonly DagNode[] };
  if (nodes.length > nodeCountMax) {
    throw new QmtlError("REQUEST_TOO_LARGE", `a DAG has at most ${nodeCountMax} nodes; found ${nodes.length}`);
  }
  validateNodeIdentity(nodes, body.node_ids_crc32);
  return {
    document,
    dag: dagTextOf(document),
    nodeIds: nodes.map(({ node_id }) => node_id!),
    nodeIdsCrc32: body.node_ids_crc32,
    worldIds: [...new Set([body.world_id ?? [], body.world_ids ?? []].flat())],
    meta: body.meta ?? {},
    tagQueries: nodes.filter(({ node_type }) => node_type === "TagQueryNode").map(tagQueryOf),
    versionLabel: versionLabelOf(body.meta ?? {}),
  };
}

/** Plain JSON starts with a brace, which base64 never does. */
function dagJsonText(dagJson: string): string {
  if (/^\s*\{/.test(dagJson)) return dagJson;
  const packed = dagJson.trim();
  if (!/^[A-Za-z0-9+/\s]+={0,2}$/.test(packed)) {
    throw new QmtlError("JSON_INVALID", "dag_json must be the DAG document or its base64; found neither");
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(packed, "base64"));
  } catch (cause) {
    throw new QmtlError("JSON_INVALID", "dag_json must be the base64 of UTF-8 text; found other bytes", { cause });
  }
}

function tagQueryOf(node: DagNode): NodeTagQuery {
  const tags = node.tags ?? [];
  if (tags.length > tagCountMax) {
    throw new QmtlError("REQUEST_TOO_LARGE", `a tag query has at most ${tagCountMax} tags; found ${tags.length}`);
  }
  return {
    nodeId: node.node_id!,
    tags,
    intervalSeconds: node.interval ?? 0,
    matchMode: node.match_mode === "all" ? "all" : "any",
  };
}

function versionLabelOf(meta: Readonly<Record<string, unknown>>): string | null {
  for (const key of ["version", "strategy_version", "build_version"]) {
    const label = meta[key];
    if (typeof label === "string" && label.trim() !== "") return label.trim();
    if (typeof label === "number") return String(label);
  }
  return null;
}
