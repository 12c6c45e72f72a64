import { float, nodeIdOf, type WireObject } from "@qmtl/core";
import { describe, expect, it } from "vitest";
import { nodeVectors } from "../golden/index.ts";
import { readDagDocument, wireNodeSpec } from "./index.ts";

const invalid = (errors: unknown) =>
  expect.objectContaining({ code: "SCHEMA_INVALID", details: { code: "E_SCHEMA_INVALID", errors } });

describe("reading a DAG document", () => {
  it("keeps order, unknown keys, and the difference between 1 and 1.0", () => {
    const text = `{"nodes":[${nodeVectors.map(({ nodeJson }) => nodeJson).join(",")}],"meta":{"a":1},"extra":[1.0]}`;
    const document = readDagDocument(text);
    expect(document.nodes.map((node) => nodeIdOf(wireNodeSpec(node)))).toEqual(nodeVectors.map(({ nodeId }) => nodeId));
    expect(document["extra"]).toEqual([float(1)]);
    expect(document.nodes[1]!.params).toMatchObject({ alpha: float(1), window: 20 });
  });

  it.each(['{"nodes":[]}', '{"nodes":[{}],"meta":null}'])("takes %s", (text) => {
    expect(readDagDocument(text).nodes).toBeInstanceOf(Array);
  });

  it.each<[string, string, string]>([
    ["{}", "", "must have required properties nodes; found an object"],
    ["[]", "", "must be object; found an array of 0"],
    ['{"nodes":[1]}', "nodes.0", "must be object; found 1"],
    ['{"nodes":[{},{"interval":1.0}]}', "nodes.1.interval", "must be integer or null; found a Float"],
    ['{"nodes":[{"interval":-1}]}', "nodes.0.interval", "must be >= 0 or null; found -1"],
    ['{"nodes":[{"tags":"btc"}]}', "nodes.0.tags", 'must be array; found "btc"'],
    ['{"nodes":[{"params":[1]}]}', "nodes.0.params", "must be object or null; found an array of 1"],
    ['{"nodes":[{"inputs":[1]}]}', "nodes.0.inputs.0", "must be string or null; found 1"],
    ['{"nodes":[],"meta":{"topic_namespace":7}}', "meta.topic_namespace", "found 7"],
  ])("refuses the shape of %s", (text, path, message) => {
    const place = { path: path === "" ? [] : path.split("."), message: expect.stringContaining(message) as string };
    expect(() => readDagDocument(text)).toThrow(invalid(expect.arrayContaining([place])));
    expect(() => readDagDocument(text)).toThrow("the DAG document");
  });

  it("refuses text that is not strict JSON (D-1)", () => {
    expect(() => readDagDocument('{"nodes":[],"nodes":[]}')).toThrow(expect.objectContaining({ code: "JSON_INVALID" }));
    expect(() => readDagDocument('{"nodes":[{"params":{"a":NaN}}]}')).toThrow("the DAG document, line 1, column 26");
  });

  it.each(['"v1"', '"1"', '"1.0"', "1", "1.0"])("takes schema_version %s at the root or on a node", (version) => {
    expect(() => readDagDocument(`{"schema_version":${version},"nodes":[]}`)).not.toThrow();
    expect(() => readDagDocument(`{"nodes":[{},{"schema_version":${version}}]}`)).not.toThrow();
  });

  it.each(['"v2"', "2", "1.5", "null", '""'])("refuses schema_version %s", (version) => {
    const errors = [
      {
        path: ["schema_version"],
        message: expect.stringMatching(/^must be one of 1, 1\.0, v1; found /) as string,
        supported: ["1", "1.0", "v1"],
      },
    ];
    expect(() => readDagDocument(`{"schema_version":${version},"nodes":[]}`)).toThrow(invalid(errors));
    expect(() => readDagDocument(`{"nodes":[{"schema_version":${version}}]}`)).toThrow(invalid(errors));
  });
});

describe("the spec of a wire node", () => {
  const specOf = (node: WireObject) => wireNodeSpec(node);

  it("prefers params, inputs and schema_compat_id to their older names", () => {
    const both = {
      node_type: "N",
      params: { a: 1 },
      config: { b: 1 },
      inputs: ["i"],
      dependencies: ["d"],
      schema_compat_id: "s",
      schema_id: "old",
    };
    expect(specOf(both)).toMatchObject({ params: { a: 1 }, inputs: ["i"], schemaCompatId: "s" });
    expect(specOf({ ...both, params: null, inputs: [], schema_compat_id: "" })).toMatchObject({
      params: { b: 1 },
      inputs: ["d"],
      schemaCompatId: "old",
    });
  });

  it("reads seconds, drops null inputs, and takes absent for empty", () => {
    expect(specOf({ interval: 60, period: 5, inputs: [null, "a"] })).toEqual({
      nodeType: "",
      intervalMs: 60_000,
      period: 5,
      params: null,
      inputs: ["a"],
      schemaCompatId: "",
      codeHash: "",
    });
  });

  it.each<[WireObject, string]>([
    [{ node_type: 1 }, "node_type must be text; found 1"],
    [{ interval: "60" }, 'interval must be a whole number; found "60"'],
    [{ period: float(2) }, "period must be a whole number"],
    [{ inputs: "a" }, "inputs must be an array of node ids"],
    [{ inputs: [1] }, "inputs must be an array of node ids; found 1"],
  ])("refuses %o", (node, message) => expect(() => specOf(node)).toThrow(message));
});
