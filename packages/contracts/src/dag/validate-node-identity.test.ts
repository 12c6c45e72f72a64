import { crc32OfNodeIds, nodeIdOf, readJson, type WireObject } from "@qmtl/core";
import { Value } from "typebox/value";
import { describe, expect, it } from "vitest";
import { NodeIdentityDetail, requiredIdentityFields, validateNodeIdentity, wireNodeSpec } from "./index.ts";

function nodeOf(part: Record<string, unknown> = {}): Record<string, unknown> {
  const node = {
    node_type: "ProcessingNode",
    interval: 60,
    period: 2,
    params: {},
    inputs: [],
    code_hash: "c",
    config_hash: "cfg",
    schema_hash: "sch",
    schema_compat_id: "s",
    ...part,
  };
  return { node_id: nodeIdOf(wireNodeSpec(node)), ...node };
}

const checksumOf = (nodes: readonly unknown[]): number =>
  crc32OfNodeIds(nodes.map((node) => (node as { node_id: string }).node_id));

/** What the check throws: its code and its wire detail, which must have one of the three documented shapes. */
function refusalOf(nodes: readonly unknown[], crc32: number): { code: string; details: Record<string, unknown> } {
  try {
    validateNodeIdentity(nodes, crc32);
  } catch (error) {
    const refusal = error as { code: string; details: Record<string, unknown> };
    expect(Value.Check(NodeIdentityDetail, refusal.details)).toBe(true);
    return refusal;
  }
  throw new Error("the nodes were accepted");
}

describe("node identity at submission (D-1, D-2)", () => {
  const source = nodeOf({ node_type: "StreamInput", params: null });
  const sink = nodeOf({ inputs: [source["node_id"]] });

  it("accepts nodes that are what their ids say, in any world, and no nodes at all", () => {
    validateNodeIdentity([source, sink], checksumOf([source, sink]));
    validateNodeIdentity(
      [source, { ...sink, name: "renamed", world_id: "w2", tags: ["x"] }],
      checksumOf([source, sink]),
    );
    validateNodeIdentity([], 0);
  });

  it("names every missing or empty field of every node first, before checksum and ids", () => {
    const broken = [
      nodeOf({ code_hash: "" }),
      source,
      "no object",
      { ...nodeOf(), node_id: null, config_hash: undefined },
      { ...nodeOf({ schema_compat_id: "", schema_id: "legacy" }), schema_hash: 7 },
    ];
    const { code, details } = refusalOf(broken, 1);
    expect(code).toBe("NODE_ID_FIELDS");
    expect(details).toEqual({
      code: "E_NODE_ID_FIELDS",
      message: "node 0 must have code_hash",
      missing_fields: [
        { index: 0, missing: ["code_hash"], node_id: (broken[0] as { node_id: string }).node_id },
        { index: 3, missing: ["node_id", "config_hash"] },
        { index: 4, missing: ["schema_hash", "schema_compat_id"], node_id: (broken[4] as { node_id: string }).node_id },
      ],
      hint: expect.any(String) as string,
    });
  });

  it.each(requiredIdentityFields)("needs %s", (field) => {
    const { details } = refusalOf([{ ...source, [field]: undefined }], 0);
    expect(details["missing_fields"]).toEqual([{ index: 0, missing: [field], node_id: source["node_id"] }]);
  });

  it("refuses a version sentinel that a client sends", () => {
    const sentinel = { node_id: "sid-sentinel", node_type: "VersionSentinel", version: "v1" };
    expect(refusalOf([sentinel], checksumOf([sentinel])).code).toBe("NODE_ID_FIELDS");
  });

  it("then compares the checksum, which knows the order", () => {
    const { code, details } = refusalOf([sink, source], checksumOf([source, sink]));
    expect(code).toBe("CHECKSUM_MISMATCH");
    expect(details).toEqual({
      code: "E_CHECKSUM_MISMATCH",
      message: expect.stringContaining("node_ids_crc32") as string,
    });
  });

  it("then recomputes every id and lists each that differs", () => {
    const legacy = { ...sink, node_id: "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9" };
    const changed = { ...sink, params: { window: 20 } };
    const nodes = [source, legacy, 7, changed];
    const { code, details } = refusalOf(nodes, checksumOf([source, legacy, changed]));
    expect(code).toBe("NODE_ID_MISMATCH");
    expect(details["node_id_mismatch"]).toEqual([
      { index: 1, node_id: legacy.node_id, expected: sink["node_id"] },
      { index: 3, node_id: sink["node_id"], expected: nodeIdOf(wireNodeSpec(changed)) },
    ]);
  });

  it("tells 1 from 1.0 in a submitted node", () => {
    const node = nodeOf({ params: { a: 1 } });
    const asFloat = readJson(JSON.stringify(node).replace('{"a":1}', '{"a":1.0}')) as WireObject;
    expect(refusalOf([asFloat], checksumOf([node])).code).toBe("NODE_ID_MISMATCH");
    validateNodeIdentity([readJson(JSON.stringify(node))], checksumOf([node]));
  });

  it("does not take an id with a collision suffix for the node's own", () => {
    const suffixed = { ...source, node_id: `${String(source["node_id"]).slice(0, -1)}0` };
    expect(refusalOf([suffixed], checksumOf([suffixed])).code).toBe("NODE_ID_MISMATCH");
  });

  it("names the node whose content has no canonical form (X-4)", () => {
    const node = { ...source, code_hash: "a|b" };
    expect(() => validateNodeIdentity([sink, node], checksumOf([sink, node]))).toThrow(
      expect.objectContaining({
        code: "VALUE_NOT_HASHABLE",
        message: 'node 1: code_hash must be text without "|"; found "a|b"',
      }),
    );
  });
});
