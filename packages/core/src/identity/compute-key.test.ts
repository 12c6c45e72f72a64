import { checksumVectors, computeKeyVectors, documentVectors, evalKeyVector } from "@qmtl/contracts/golden";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { float, readJson, sortedAsciiJson } from "../json/index.ts";
import {
  computeContextJson,
  computeContextOf,
  computeKey,
  configHash,
  crc32Of,
  crc32OfNodeIds,
  dagHash,
  downgraded,
  dryRunSentinel,
  evalKey,
  executionDomainOf,
  executionDomainOfMode,
  partitionKey,
  schemaHash,
} from "./index.ts";

describe("compute context", () => {
  it.each(computeKeyVectors)("$input runs as $executionDomain", (vector) => {
    const context = computeContextOf(vector.input);
    expect(context).toMatchObject({
      executionDomain: vector.executionDomain,
      downgradeReason: vector.downgradeReason,
    });
    expect(computeKey("blake3:abc", context)).toBe(vector.computeKey);
  });

  it.each([
    [undefined, "decision_unavailable"],
    ["  ", "decision_unavailable"],
    ["default", "decision_unavailable"],
    [true, "decision_unavailable"],
    ["backtest", "missing_as_of"],
    ["offline", "missing_as_of"],
    ["paper", "missing_as_of"],
  ])("domain %j without as_of falls back to backtest: %s", (executionDomain, downgradeReason) => {
    expect(computeContextOf({ executionDomain })).toMatchObject({ executionDomain: "backtest", downgradeReason });
  });

  it.each(["live", "shadow", "Prod"])("domain %j needs no as_of", (executionDomain) => {
    expect(computeContextOf({ executionDomain }).downgradeReason).toBeNull();
  });

  it("takes text and numbers, trims, and drops the rest", () => {
    const context = computeContextOf({
      worldId: " w1 ",
      executionDomain: "LIVE",
      asOf: 1_700_000_000,
      partition: float(1),
      datasetFingerprint: { not: "text" },
    });
    expect(context).toEqual({
      worldId: "w1",
      executionDomain: "live",
      asOf: "1700000000",
      partition: "1.0",
      datasetFingerprint: null,
      downgradeReason: null,
    });
  });

  it("writes numbers as the canonical form does", () => {
    const asOf = (value: unknown) => computeContextOf({ asOf: value }).asOf;
    expect([0, 0.5, 1e21, 7n, Number.NaN, ""].map(asOf)).toEqual(["0", "0.5", "1e+21", "7", null, null]);
  });

  it("keeps the first reason, and a dry run without a decision stays one", () => {
    const live = computeContextOf({ executionDomain: "live" });
    const stale = downgraded(live, "stale_decision");
    expect(stale).toMatchObject({ executionDomain: "backtest", downgradeReason: "stale_decision" });
    expect(downgraded(stale, "decision_unavailable").downgradeReason).toBe("stale_decision");
    const dryRun = computeContextOf({ executionDomain: "dryrun", asOf: "x" });
    expect(downgraded(dryRun, "decision_unavailable").executionDomain).toBe("dryrun");
    expect(downgraded(dryRun, "stale_decision").executionDomain).toBe("backtest");
  });

  it("shows the safe-mode fields on the wire only when they are set", () => {
    expect(computeContextJson(computeContextOf({ worldId: "w1", executionDomain: "live" }))).toEqual({
      execution_domain: "live",
      as_of: null,
      partition: null,
      dataset_fingerprint: null,
      world_id: "w1",
    });
    expect(computeContextJson(computeContextOf())).toMatchObject({
      downgraded: true,
      downgrade_reason: "decision_unavailable",
      safe_mode: true,
    });
  });
});

describe("execution domain words", () => {
  it.each([
    [
      "backtest backtesting compute computeonly offline sandbox sim simulation simulated validate validation",
      "backtest",
    ],
    ["dryrun dryrunmode paper papermode papertrade papertrading papertrader", "dryrun"],
    ["live prod production", "live"],
    ["shadow", "shadow"],
  ])("%s -> %s", (words, domain) => {
    for (const word of words.split(" ")) expect(executionDomainOf(word)).toBe(domain);
  });

  it.each([
    [" Compute-Only ", "backtest"],
    ["paper_trading", "dryrun"],
    ["Paper Trade", "dryrun"],
    ["eu/live", "live"],
    ["eu:sandbox/live", "backtest"],
    ["Mars", "mars"],
    ["", ""],
  ])("%j -> %j", (text, domain) => expect(executionDomainOf(text)).toBe(domain));

  it.each([
    ["validate", "backtest"],
    ["compute-only", "backtest"],
    ["compute_only", "backtest"],
    ["paper", "dryrun"],
    ["papertrade", "dryrun"],
    ["papertrading", "dryrun"],
    ["paper_trading", "dryrun"],
    ["live", "live"],
    ["active", "live"],
    ["shadow", "shadow"],
    ["lively", "backtest"],
    ["prod", "backtest"],
    ["", "backtest"],
    [undefined, "backtest"],
    [1, "backtest"],
  ])("effective mode %j -> %s", (mode, domain) => expect(executionDomainOfMode(mode)).toBe(domain));
});

describe("ComputeKey (X-4)", () => {
  const part = fc.string({ unit: fc.constantFrom("a", "b", "|", ":", " ", "é"), maxLength: 3 });
  const context = fc
    .record({ worldId: part, executionDomain: part, asOf: part, partition: part })
    .map((fields) => ({ ...fields, datasetFingerprint: null, downgradeReason: null }));

  it("differs exactly when node, world, domain, as_of or partition differ", () => {
    const tuple = (id: string, c: { worldId: string; executionDomain: string; asOf: string; partition: string }) =>
      JSON.stringify([id, c.worldId, c.executionDomain || "backtest", c.asOf, c.partition]);
    fc.assert(
      fc.property(part, context, part, context, (idA, a, idB, b) => {
        expect(computeKey(idA, a) === computeKey(idB, b)).toBe(tuple(idA, a) === tuple(idB, b));
      }),
    );
  });

  it("refuses a field that holds the separator", () => {
    const live = computeContextOf({ executionDomain: "live", worldId: "w" });
    expect(() => computeKey("a\u001fw", live)).toThrow("node_id must be text without control characters");
    expect(() => computeKey("a", { ...live, partition: "p\u001f" })).toThrow("partition");
  });

  it("does not depend on the dataset", () => {
    const live = computeContextOf({ executionDomain: "live" });
    expect(computeKey("n", { ...live, datasetFingerprint: "blake3:d" })).toBe(computeKey("n", live));
  });
});

describe("other keys and hashes", () => {
  it("EvalKey follows its vector and tells its fields apart", () => {
    expect(evalKey(evalKeyVector.subject)).toBe(evalKeyVector.evalKey);
    const { subject } = evalKeyVector;
    const swapped = { ...subject, worldId: subject.nodeId, nodeId: subject.worldId };
    expect(evalKey(swapped)).not.toBe(evalKey(subject));
    expect(() => evalKey({ ...subject, contractId: "a\u0000b" })).toThrow("contract_id");
  });

  it.each(checksumVectors)("CRC-32 of $parts", ({ parts, crc32 }) => {
    expect(crc32OfNodeIds(parts)).toBe(crc32);
  });

  it("names a dry run by its checksum", () => {
    expect(dryRunSentinel(["sid-1", "blake3:aa"])).toBe("dryrun:497e234c");
    expect(dryRunSentinel([])).toBe("dryrun:00000000");
  });

  it.each(documentVectors)("document hash of $json", ({ json, text, sha256 }) => {
    expect(sortedAsciiJson(readJson(json))).toBe(text);
    for (const hash of [dagHash, configHash, schemaHash]) expect(hash(readJson(json))).toBe(sha256);
  });

  it("partition keys are read one way only", () => {
    expect(partitionKey("blake3:a", 60, 1_700_000_040)).toBe("blake3:a:60:1700000040");
    expect(partitionKey("blake3:a", 60, 0, "blake3:k")).toBe("blake3:a:60:0#ck=blake3:k");
    expect(partitionKey("sid")).toBe("sid:0:0");
    expect(crc32Of([partitionKey("sid")])).toBe(3_139_995_991);
    expect(() => partitionKey("a#ck=b", 1, 2)).toThrow('node_id must be text without "#"');
  });
});
