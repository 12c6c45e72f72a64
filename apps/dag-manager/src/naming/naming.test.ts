import { float } from "@qmtl/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { declaredNamespace, namespaceOf, queueKindOf, topicConfigs, TopicNamer, versionOf } from "./index.ts";

describe("versions", () => {
  it.each([
    ["1.2.3", "1.2.3"],
    [" release/2 beta ", "release-2-beta"],
    ["__x..", "x"],
    [7, "7"],
    [float(2), "2.0"],
    ["한국", "v1"],
    ["", "v1"],
    [null, "v1"],
    ["x".repeat(200), "x".repeat(64)],
  ])("%j → %j", (declared, version) => expect(versionOf([declared])).toBe(version));

  it("takes the first that says anything", () => {
    expect(versionOf([undefined, " ", "--", "2", "3"])).toBe("2");
  });
});

describe("namespaces", () => {
  it.each([
    ["w1", "live", "w1.live."],
    ["My World", "Dry.Run", "my-world.dry-run."],
    ["_a-", "live", "a.live."],
    ["", "live", ""],
    ["w1", undefined, ""],
    ["...", "live", ""],
  ])("%j and %j → %j", (world, domain, namespace) => expect(namespaceOf(world, domain)).toBe(namespace));

  it.each([
    ["w.live", "w.live."],
    ["w.live.eu", "w.live-eu."],
    [{ world: "w", domain: "live" }, "w.live."],
    ["w", ""],
    [null, ""],
    [3, ""],
  ])("declared as %j → %j", (declared, namespace) => expect(declaredNamespace(declared)).toBe(namespace));
});

describe("topic names", () => {
  const scheme = { namespace: "w1.live.", version: "v1", simulated: false };
  const subject = {
    tags: ["BTC/USDT", "price"],
    nodeType: "ProcessingNode",
    nodeId: `blake3:${"0123456789abcdef".repeat(4)}`,
  };
  const namer = new TopicNamer(scheme);

  it("say world, domain, asset, kind of node, node and version", () => {
    expect(namer.name(subject, () => false)).toBe("w1.live.btcusdt_processingnode_01234567_v1");
    expect(new TopicNamer({ namespace: "", version: "V1", simulated: true }).firstName({ ...subject, tags: [] })).toBe(
      "asset_processingnode_01234567_v1_sim",
    );
  });

  it("grow by two digits while they are taken, to the whole hash and then by number", () => {
    const taken = new Set<string>();
    const names = Array.from({ length: 31 }, () => {
      const name = namer.name(subject, (candidate) => taken.has(candidate));
      taken.add(name);
      return name.split("_")[2]!;
    });
    expect(names.slice(0, 3)).toEqual(["01234567", "0123456789", "0123456789ab"]);
    expect(names[28]).toHaveLength(64);
    expect(names.slice(29)).toEqual([`${names[28]}-1`, `${names[28]}-2`]);
    expect(() => namer.name(subject, () => true)).toThrow(expect.objectContaining({ code: "QUEUE_CONFLICT" }));
  });

  it("are names every broker takes, and begin with their stem, whatever they are made of", () => {
    fc.assert(
      fc.property(
        fc.record({
          world: fc.string(),
          tags: fc.array(fc.string(), { maxLength: 2 }),
          nodeType: fc.string(),
          version: fc.string(),
          digest: fc.stringMatching(/^[0-9a-f]{64}$/),
        }),
        ({ world, tags, nodeType, version, digest }) => {
          const any = { tags, nodeType, nodeId: `blake3:${digest}` };
          const names = new TopicNamer({
            namespace: namespaceOf(world, "live"),
            version: versionOf([version]),
            simulated: true,
          });
          const name = names.name(any, () => false);
          expect(name).toMatch(/^[a-z0-9._-]{1,249}$/);
          expect(name.startsWith(names.stem(any))).toBe(true);
        },
      ),
    );
  });
});

describe("kinds of queues", () => {
  it.each([
    ["StreamInput", "indicator"],
    ["RawBars", "raw"],
    ["OHLCVSource", "raw"],
    ["PriceFeed", "raw"],
    ["TradeOrderPublisher", "trade_exec"],
    ["PortfolioNode", "trade_exec"],
    ["OrderPriceGate", "trade_exec"],
    ["SentinelMarker", "sentinel"],
  ])("%s is %s", (nodeType, kind) => expect(queueKindOf(nodeType)).toBe(kind));

  it("have the partitions, copies and retention of the contract", () => {
    const day = 86_400_000;
    expect(topicConfigs).toMatchObject({
      raw: { partitions: 3, replication: 3, retentionMs: 7 * day },
      indicator: { partitions: 1, replication: 2, retentionMs: 30 * day },
      trade_exec: { partitions: 1, replication: 3, retentionMs: 90 * day },
    });
  });
});
