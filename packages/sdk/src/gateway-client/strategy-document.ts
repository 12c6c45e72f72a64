import { canonicalParams, configHash, crc32OfNodeIds, schemaHash } from "@qmtl/core";
import type { StrategySubmit } from "@qmtl/contracts/gateway";
import type { IdentifiedNode, StrategyGraph } from "../graph/build-graph.ts";
import { TagQueryNode } from "../strategy/tag-query-node.ts";

/**
 * A strategy as the Gateway takes it: its graph as a DAG document, each distinct node once and inputs first, and the
 * checksum over the node ids.
 */
export function strategyDocument(graph: StrategyGraph): Pick<StrategySubmit, "dag_json" | "node_ids_crc32"> {
  const nodes = [...new Map(graph.nodes.map((node) => [node.id, node])).values()];
  const texts = nodes.map(nodeText);
  return {
    dag_json: `{"schema_version":"v1","nodes":[${texts.join(",")}],"meta":{"strategy":${JSON.stringify(graph.name)},"version":"v1"}}`,
    node_ids_crc32: crc32OfNodeIds(nodes.map(({ id }) => id)),
  };
}

// Parameters go out in the very text that was hashed: what a reader makes of `1` and `1.0` is part of the id.
function nodeText({ node, id, intervalMs, period, params, codeHash, schemaCompatId, inputs }: IdentifiedNode): string {
  const fields: Record<string, unknown> = {
    node_id: id,
    node_type: node.nodeType,
    name: node.name,
    interval: intervalMs / 1_000,
    period,
    tags: node.tags,
    inputs: inputs.map((input) => input.id),
    code_hash: codeHash,
    config_hash: configHash(params),
    schema_hash: schemaHash({ compat: schemaCompatId, fields: node.fields ?? null }),
    schema_compat_id: schemaCompatId,
    ...(node instanceof TagQueryNode && { match_mode: node.matchMode }),
  };
  return `${JSON.stringify(fields).slice(0, -1)},"params":${canonicalParams(params)}}`;
}
