import { collisionVector, nodeVectors } from "@qmtl/contracts/golden";
import { wireNodeSpec } from "@qmtl/contracts/dag";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { float, readJson, type WireObject } from "../json/index.ts";
import { blake3Text, nodeIdAvoiding, nodeIdOf, nodeSpecText, type NodeSpec } from "./index.ts";

const specOf = (json: string): NodeSpec => wireNodeSpec(readJson(json) as WireObject);

describe("NodeID (D-1)", () => {
  it.each(nodeVectors)("follows golden vector $what", ({ nodeJson, specText, nodeId }) => {
    expect(nodeSpecText(specOf(nodeJson))).toBe(specText);
    expect(nodeIdOf(specOf(nodeJson))).toBe(nodeId);
  });

  it("gives the first free suffix when the id is taken", () => {
    const spec = specOf(collisionVector.of.nodeJson);
    const taken = new Set([collisionVector.of.nodeId]);
    expect(nodeIdAvoiding(spec, new Set())).toBe(collisionVector.of.nodeId);
    expect(nodeIdAvoiding(spec, taken)).toBe(collisionVector.nodeId);
    taken.add(collisionVector.nodeId);
    expect(nodeIdAvoiding(spec, taken)).toBe(blake3Text(`${collisionVector.of.specText}|2`));
  });

  it("takes absent, null, 0 and empty for the same", () => {
    const bare = nodeSpecText({ nodeType: "N" });
    expect(bare).toBe("N|0|0|null|||");
    const full: NodeSpec = {
      nodeType: "N",
      intervalMs: null,
      period: 0,
      params: null,
      inputs: ["", ""],
      schemaCompatId: "",
      codeHash: "",
    };
    expect(nodeSpecText(full)).toBe(bare);
  });

  it("sorts inputs, keeps duplicates, and leaves the caller's array alone", () => {
    const inputs = ["b", "a", "", "b"];
    expect(nodeSpecText({ nodeType: "N", inputs })).toBe("N|0|0|null|a,b,b||");
    expect(inputs).toEqual(["b", "a", "", "b"]);
  });

  it.each<[string, Partial<NodeSpec>, string]>([
    ["a type that is no text", { nodeType: 7 as unknown as string }, "node_type must be text; found 7"],
    ["a bar in the type", { nodeType: "N|60" }, 'node_type must be text without "|"'],
    ["a bar in the schema id", { schemaCompatId: "a|b" }, "schema_compat_id"],
    ["a bar in the code hash", { codeHash: "|" }, "code_hash"],
    ["a bar in an input", { inputs: ["a|b"] }, "inputs"],
    ["a comma in an input", { inputs: ["a,b"] }, 'inputs must be text without ","'],
    ["a control character", { nodeType: "N\n" }, "control characters"],
    ["a separator of another key", { codeHash: "a\u001fb" }, "control characters"],
    ["a C1 control character", { codeHash: "a\u0085b" }, "control characters"],
    ["a lone surrogate", { codeHash: "\ud800" }, "surrogates"],
    ["an interval of part of a second", { intervalMs: 1_500 }, "interval must be whole seconds; found 1500 ms"],
    ["a negative interval", { intervalMs: -1_000 }, "interval must be a whole number"],
    ["a fractional period", { period: 1.5 }, "period must be a whole number from 0; found 1.5"],
    ["NaN in params", { params: { a: Number.NaN } }, "a must be a finite number"],
  ])("refuses %s", (_name, part, message) => {
    const spec = { nodeType: "N", ...part };
    expect(() => nodeIdOf(spec)).toThrow(expect.objectContaining({ code: "VALUE_NOT_HASHABLE" }));
    expect(() => nodeIdOf(spec)).toThrow(message);
  });

  it("gives different nodes different texts, whatever text their fields hold (X-4)", () => {
    const tricky = fc.string({ unit: fc.constantFrom("a", "1", " ", ".", "{", "}", '"', ":", "é"), maxLength: 3 });
    const withBars = fc.string({ unit: fc.constantFrom("a", "|", ",", '"', "{"), maxLength: 4 });
    const spec: fc.Arbitrary<Required<NodeSpec>> = fc.record({
      nodeType: tricky,
      intervalMs: fc.constantFrom(0, 1_000, 11_000),
      period: fc.constantFrom(0, 1, 11),
      params: fc.oneof(fc.constantFrom(null, 1, float(1), "1"), withBars, fc.dictionary(withBars, withBars)),
      inputs: fc
        .array(
          tricky.filter((text) => text !== ""),
          { maxLength: 2 },
        )
        .map((ids) => ids.toSorted()),
      schemaCompatId: tricky,
      codeHash: tricky,
    });
    const parts = (s: Required<NodeSpec>): string =>
      JSON.stringify([s.nodeType, s.intervalMs, s.period, typeof s.params, s.inputs, s.schemaCompatId, s.codeHash]);
    fc.assert(
      fc.property(spec, spec, (a, b) => {
        const equalTexts = nodeSpecText(a) === nodeSpecText(b);
        if (equalTexts) expect(parts(a)).toBe(parts(b));
        else if (parts(a) === parts(b)) expect(a.params).not.toEqual(b.params);
        expect(nodeIdOf(a) === nodeIdOf(b)).toBe(equalTexts);
      }),
      { numRuns: 1_000 },
    );
  });

  it("changes with any one field and with nothing else", () => {
    const base = { nodeType: "N", intervalMs: 60_000, period: 2, params: { a: 1 }, inputs: ["x"] };
    const changed: NodeSpec[] = [
      base,
      { ...base, nodeType: "M" },
      { ...base, intervalMs: 61_000 },
      { ...base, period: 3 },
      { ...base, params: { a: float(1) } },
      { ...base, params: { a: "1" } },
      { ...base, params: { a: 1, b: null } },
      { ...base, inputs: ["x", "x"] },
      { ...base, schemaCompatId: "s" },
      { ...base, codeHash: "s" },
    ];
    expect(new Set(changed.map(nodeIdOf)).size).toBe(changed.length);
    const sameAgain = { ...base, name: "renamed", tags: ["t"], world_id: "w2", executionDomain: "live" };
    expect(nodeIdOf(sameAgain)).toBe(nodeIdOf(base));
  });
});

describe("cost of a graph's ids", () => {
  // Counts the hash calls and the characters hashed: an id per node, inputs by id, in topological order.
  function workOf(nodeCount: number, inputsOf: (index: number) => readonly number[]) {
    const ids: string[] = [];
    const work = { hashes: 0, characters: 0 };
    for (let index = 0; index < nodeCount; index++) {
      const spec = { nodeType: "ProcessingNode", params: { index }, inputs: inputsOf(index).map((at) => ids[at]!) };
      work.hashes++;
      work.characters += nodeSpecText(spec).length;
      ids.push(nodeIdOf(spec));
    }
    return { ...work, distinct: new Set(ids).size };
  }
  // Rungs of two nodes, each reading both of the rung before: 4 edges a rung, 2^rungs paths.
  const ladder = (edges: number) =>
    workOf(edges / 2 + 2, (index) => (index < 2 ? [] : [index - 2 - (index % 2), index - 1 - (index % 2)]));

  it("is one hash a node in a graph of 1,000, of bounded size", () => {
    const work = workOf(1_000, (index) => (index === 0 ? [] : [index - 1, index >> 1]));
    expect(work).toMatchObject({ hashes: 1_000, distinct: 1_000 });
    expect(work.characters).toBeLessThan(1_000 * 250);
  });

  it("is linear on a diamond ladder of 10,000 edges", () => {
    const [half, whole] = [ladder(5_000), ladder(10_000)];
    expect(whole).toMatchObject({ hashes: 5_002, distinct: 5_002 });
    expect(whole.characters / half.characters).toBeLessThan(2.02);
  });
});
