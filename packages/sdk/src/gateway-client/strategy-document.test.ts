import { isWireObject, readJson } from "@qmtl/core";
import { readDagDocument, validateNodeIdentity, wireNodeSpec } from "@qmtl/contracts/dag";
import { describe, expect, it } from "vitest";
import { sma } from "../indicators/index.ts";
import { OrderPublishNode } from "../orders/index.ts";
import { prepareRun } from "../runner/offline.ts";
import { MatchMode, ProcessingNode, Strategy, StreamInput, TagQueryNode } from "../strategy/index.ts";
import { strategyDocument } from "./strategy-document.ts";

class Whole extends Strategy {
  setup() {
    const price = new StreamInput({
      tags: ["BTC", "price"],
      interval: "1m",
      instrument: { symbol: "BTC/USDT", lotSize: "0.001" },
    });
    const twice = [sma(price.field("close"), 10), sma(price.field("close"), 10)];
    const query = new TagQueryNode({
      queryTags: ["price", "BTC"],
      interval: "1m",
      matchMode: MatchMode.ALL,
      params: { weights: [0.5, 1e-7, 1e21, -0, 3], 한: "é\n" },
      compute: (view, params) => view.inputs.length * params.weights.length,
    });
    const orders = new ProcessingNode({ input: { query, mean: twice[0]! }, compute: () => [{ target_percent: 1 }] });
    this.addNodes(price, ...twice, query, orders, new OrderPublishNode(orders));
  }
}

describe("a strategy's document", () => {
  const [graph] = prepareRun([Whole]).graphs;
  const { dag_json: text, node_ids_crc32: checksum } = strategyDocument(graph!);

  it("passes the checks of the gateway: fields, checksum, and every id recomputed (D-1)", () => {
    const { nodes } = readDagDocument(text);
    expect(nodes.length).toBe(5); // two equal nodes are one
    validateNodeIdentity(nodes, checksum);
    expect(nodes.map((node) => wireNodeSpec(node).intervalMs)).toEqual(Array(5).fill(60_000));
  });

  it("lists inputs before their readers, and a query with its mode", () => {
    const { nodes } = readDagDocument(text);
    const seen = new Set<string>();
    for (const { node_id, inputs } of nodes) {
      for (const input of inputs ?? []) expect(seen).toContain(input);
      seen.add(node_id!);
    }
    expect(nodes.find(({ node_type }) => node_type === "TagQueryNode")).toMatchObject({
      match_mode: "all",
      tags: ["price", "BTC"],
    });
    expect(isWireObject(readJson(text)) && readJson(text)).toMatchObject({ meta: { strategy: "Whole" } });
  });
});
