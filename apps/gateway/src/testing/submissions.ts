import { crc32OfNodeIds, nodeIdOf, type WireObject } from "@qmtl/core";
import { wireNodeSpec } from "@qmtl/contracts";
import type { StrategySubmit } from "@qmtl/contracts/gateway";

/** A chain of nodes whose ids are right; `salt` makes it another one. */
export function chainOf(count: number, salt = ""): WireObject[] {
  const nodes: WireObject[] = [];
  for (let index = 0; index < count; index++) {
    const before = nodes.at(-1);
    const node = {
      node_type: index === 0 ? "StreamInput" : "ProcessingNode",
      name: `n${index}`,
      interval: 60,
      period: 2,
      tags: ["t"],
      inputs: before === undefined ? [] : [before["node_id"]!],
      params: { index, salt },
      code_hash: "c",
      config_hash: "f",
      schema_hash: "h",
      schema_compat_id: "s",
    };
    nodes.push({ node_id: nodeIdOf(wireNodeSpec(node)), ...node });
  }
  return nodes;
}

export function submissionOf(nodes: readonly WireObject[], part: Partial<StrategySubmit> = {}): StrategySubmit {
  const text = JSON.stringify({ nodes });
  return {
    dag_json: Buffer.from(text).toString("base64"),
    node_ids_crc32: crc32OfNodeIds(nodes.map((node) => node["node_id"] as string)),
    ...part,
  };
}
