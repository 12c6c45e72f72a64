import { describe, expect, it } from "vitest";
import { SizingNode } from "../orders/index.ts";
import { OrderBench } from "../orders/testing/order-bench.ts";
import { StreamInput } from "../strategy/stream-input.ts";
import {
  compose,
  execution,
  fills,
  microBatch,
  NodeSet,
  NodeSetBuilder,
  nodeSets,
  NodeSetRegistry,
  orderPublish,
  portfolio,
  pretrade,
  risk,
  router,
  sizing,
  timing,
} from "./index.ts";

const signal = () => new StreamInput({ instrument: "A", interval: "1m" });
const types = (set: NodeSet) => [...set].map((node) => node.nodeType);

describe("NodeSet", () => {
  it("holds a chain, and tells what it is", () => {
    const price = signal();
    const set = compose(price, [sizing(), orderPublish({ name: "send" })], { name: "mine", version: "2" });
    expect(set.head.inputs).toEqual([price]);
    expect(set.tail).toBe(set.node("OrderPublishNode"));
    expect(set.describe()).toEqual({
      name: "mine",
      version: "2",
      entry: "sizing",
      exit: "send",
      nodeCount: 2,
      nodes: [
        { name: "sizing", type: "SizingNode" },
        { name: "send", type: "OrderPublishNode" },
      ],
      ports: { inputs: ["A"], outputs: ["send"] },
    });
    expect(set.capabilities()).toEqual({ modes: ["simulate"], portfolioScope: "strategy" });
    expect(() => set.node("RouterNode")).toThrow('has no node of type "RouterNode"');
  });

  it("cannot be changed", () => {
    const set = compose(signal(), [sizing()]);
    expect(() => (set.nodes as SizingNode[]).push(new SizingNode(signal()))).toThrow(TypeError);
    expect(() => Object.assign(set, { name: "other" })).toThrow(TypeError);
  });

  it("needs a name and nodes", () => {
    expect(() => new NodeSet([], { name: "empty" })).toThrow('node set "empty" has no nodes');
    expect(() => new NodeSet([{} as never], { name: "odd" })).toThrow('node set "odd" holds nodes; found an object');
    expect(() => new NodeSet([signal()], { name: "" })).toThrow(expect.objectContaining({ code: "NAME_INVALID" }));
  });
});

describe("compose", () => {
  it("runs the steps as they are written", () => {
    const steps = [
      pretrade(),
      timing(),
      microBatch(),
      sizing(),
      risk(),
      router({ route: () => "lit" }),
      execution(),
      orderPublish(),
      fills(),
      portfolio(),
    ];
    expect(types(compose(signal(), steps))).toEqual([
      "PreTradeGateNode",
      "TimingGateNode",
      "MicroBatchNode",
      "SizingNode",
      "RiskControlNode",
      "RouterNode",
      "ExecutionNode",
      "OrderPublishNode",
      "FillIngestNode",
      "PortfolioNode",
    ]);
  });

  it("refuses what is no step, and steps that do not fit", () => {
    expect(() => compose(signal(), [sizing as never])).toThrow(expect.objectContaining({ code: "NODE_INVALID" }));
    expect(() => compose(signal(), ["sizing" as never])).toThrow("step 1 must be a step such as sizing()");
    expect(() => compose({} as never, [sizing()])).toThrow("a chain of steps starts at a node");
    expect(() => compose(signal(), [fills()])).toThrow("fills come after an OrderPublishNode");
  });
});

describe("NodeSetBuilder", () => {
  it("attaches the chain in its order, parts left out, set or replaced", () => {
    const builder = new NodeSetBuilder({ name: "chain" });
    expect(types(builder.attach(signal()))).toEqual([
      "PreTradeGateNode",
      "SizingNode",
      "RiskControlNode",
      "ExecutionNode",
      "OrderPublishNode",
      "FillIngestNode",
      "PortfolioNode",
    ]);
    const set = builder.attach(signal(), {
      portfolio: false,
      fills: false,
      risk: false,
      execution: router({ route: () => "lit" }),
      timing: { allowPreMarket: true },
      sizing: { weight: 0.5 },
    });
    expect(types(set)).toEqual(["PreTradeGateNode", "TimingGateNode", "SizingNode", "RouterNode", "OrderPublishNode"]);
    expect((set.node("SizingNode") as SizingNode).params).toEqual({ weight: 0.5 });
  });

  it("knows its components", () => {
    const attach = (components: object) => () => new NodeSetBuilder().attach(signal(), components);
    expect(attach({ rsk: false })).toThrow(expect.objectContaining({ hint: 'did you mean "risk"?' }));
    expect(attach({ risk: 1 })).toThrow("component risk must be false, its options or a step; found 1");
    expect(attach({ risk: { maxLevrage: 1 } })).toThrow("maxLevrage");
  });

  it("is taken by addNodes as it is, and trades", () => {
    const bench = new OrderBench((price) => new NodeSetBuilder().attach(price));
    bench.close([100], [{ side: "BUY", percent: 0.5 }]).close([100]);
    expect(bench.broker.account.position(0).quantity).toBe(100); // cut to 10 % of 100,000
  });
});

describe("registry", () => {
  it("makes sets by name", () => {
    expect(nodeSets.listRegistered()).toEqual(["intent_first", "order_pipeline"]);
    expect(types(nodeSets.make("order_pipeline", signal(), { risk: false }))).not.toContain("RiskControlNode");
    const own = new NodeSetRegistry();
    own.register("tiny", (price, options: { weight: number }) => compose(price, [sizing(options)], { name: "tiny" }));
    expect((own.make("tiny", signal(), { weight: 0.2 }).head as SizingNode).params).toEqual({ weight: 0.2 });
    own.register("broken", (() => []) as never);
    expect(() => own.make("broken", signal())).toThrow("must build a NodeSet; found an array of 0");
  });

  it("suggests, and refuses empty and taken names", () => {
    expect(() => nodeSets.make("intent_frist", signal())).toThrow(
      expect.objectContaining({ hint: 'did you mean "intent_first"?' }),
    );
    expect(() => nodeSets.register("intent_first", () => compose(signal(), []))).toThrow("is registered already");
    expect(() => nodeSets.register(" ", () => compose(signal(), []))).toThrow("is registered under a name");
    expect(() => nodeSets.register("x", {} as never)).toThrow("needs a function of (signal, options)");
  });

  it("has intent first: a signal becomes a position", () => {
    const thresholds = { longEnter: 110, longExit: 100, shortEnter: 50, shortExit: 60 };
    const options = { thresholds, long: 0.05, risk: { maxLeverage: 1 } };
    const bench = new OrderBench((price) => nodeSets.make("intent_first", price, options));
    for (const close of [100, 125, 105, 99, 99]) bench.close([close], [{ close }]);
    expect(bench.broker.fills.toArray().map(({ side, quantity }) => [side, quantity])).toEqual([
      ["BUY", 40], // 5 % of 100,000 at 125
      ["SELL", 40],
    ]);
  });
});
