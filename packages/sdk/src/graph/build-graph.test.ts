import { describe, expect, it } from "vitest";
import {
  bollingerBands,
  positionTarget,
  ProcessingNode,
  resample,
  sma,
  Strategy,
  StreamInput,
  TagQueryNode,
  crossover,
} from "../index.ts";
import {
  CapNode,
  CapTwiceNode,
  capturing,
  capturingUnshared,
  CountingNode,
  HigherCapNode,
  OtherCapNode,
} from "../code-identity/fixtures/stages.ts";
import { OrderPublishNode, SizingNode } from "../orders/index.ts";
import { SeriesNode } from "../strategy/series-node.ts";
import type { Node } from "../strategy/node.ts";
import { buildGraphs } from "./build-graph.ts";

function strategyOf(...nodes: readonly Node[]): Strategy {
  class Wired extends Strategy {
    setup() {
      this.addNodes(nodes);
    }
  }
  const strategy = new Wired();
  strategy.setup();
  return strategy;
}

const idOf = (node: Node, ...others: readonly Node[]) =>
  buildGraphs([strategyOf(...others, node)])[0]!.byNode.get(node)!.id;

const price = (options: object = {}) => new StreamInput({ tags: ["btc"], interval: "1m", ...options });
const minus = (view: { of(key: string): { value: number } }) => view.of("left").value - view.of("right").value;

describe("identity of nodes", () => {
  it("is equal for equal content, whatever the names", () => {
    const [a, b] = [price(), price({ name: "other" })];
    expect(idOf(a)).toBe(idOf(b));
    expect(idOf(sma(a, 10), a)).toBe(idOf(sma(b, { period: 10, name: "mean" }), b));
  });

  it.each([
    ["tags", { tags: ["eth"] }],
    ["instrument", { instrument: "BTC/USDT" }],
    ["interval", { interval: "5m" }],
    ["period", { period: 30 }],
    ["fields", { fields: ["close"] }],
  ])("of a source covers its %s", (_, options) => {
    expect(idOf(price(options))).not.toBe(idOf(price()));
  });

  it("of an operator covers its parameters and which field it reads", () => {
    const source = price();
    const ids = [sma(source, 10), sma(source, 11), sma(source.field("high"), 10)].map((node) => idOf(node, source));
    expect(new Set(ids).size).toBe(3);
  });

  it("tells a - b from b - a, for operators, compute functions and series", () => {
    const [a, b] = [price(), price({ tags: ["eth"] })];
    expect(idOf(crossover(a, b), a, b)).not.toBe(idOf(crossover(b, a), a, b));
    const difference = (left: Node, right: Node) => new ProcessingNode({ input: { left, right }, compute: minus });
    expect(idOf(difference(a, b), a, b)).not.toBe(idOf(difference(b, a), a, b));
    const spread = (input: readonly Node[]) =>
      new SeriesNode({ input, compute: ([x, y]) => x!.map((value, row) => value - y![row]!) });
    expect(idOf(spread([a, b]), a, b)).not.toBe(idOf(spread([b, a]), a, b));
  });

  it("of a tag query covers what it found", () => {
    const [a, b] = [price(), price({ tags: ["btc", "x"] })];
    const query = () => new TagQueryNode({ queryTags: ["btc"], interval: "1m", compute: (view) => view.inputs.length });
    expect(idOf(query(), a)).not.toBe(idOf(query(), a, b));
  });

  it("differs between two functions that capture, though their text is equal", () => {
    const a = price();
    const capturing = (threshold: number) =>
      new ProcessingNode({ input: a, shared: false, compute: (view) => view.value - threshold });
    const graphs = buildGraphs([strategyOf(a, capturing(1), capturing(2)), strategyOf(a, capturing(1))]);
    const ids = graphs.flatMap((graph) => graph.nodes.slice(1).map((node) => node.id));
    expect(new Set(ids).size).toBe(3);
  });

  it("of a function that captures is the same in the next run, so that a run can be repeated", () => {
    const capturing = (source: Node, threshold: number) =>
      new ProcessingNode({ input: source, shared: false, compute: (view) => view.value - threshold });
    const build = () => {
      const a = price();
      return buildGraphs([strategyOf(a, capturing(a, 1), capturing(a, 2))])[0]!.nodes.map((node) => node.id);
    };
    expect(build()).toEqual(build());
  });

  it("of a target covers what is traded", () => {
    const [a, b] = [price({ instrument: "A" }), price({ instrument: "B" })];
    const cross = crossover(a, b);
    const ids = [a, b].map((instrument) => idOf(positionTarget(cross, { instrument }), a, b, cross));
    expect(new Set(ids).size).toBe(2);
  });

  it("refuses a captured variable, naming it and the fix", () => {
    const a = price();
    const threshold = 3;
    const node = new ProcessingNode({ name: "signal", input: a, compute: (view) => view.value - threshold });
    expect(() => idOf(node, a)).toThrow(/threshold/);
  });

  it.each(["domain", "partition", "world_id", "$"])(
    "refuses the parameter name %s, which no id would cover",
    (name) => {
      const a = price();
      const node = new ProcessingNode({ input: a, params: { [name]: 1 }, compute: (view) => view.value });
      expect(() => idOf(node, a)).toThrow(/reserved name/);
    },
  );

  const withParams = (params: unknown) => {
    const a = price();
    const node = new ProcessingNode({ input: a, params: params as never, compute: (view) => view.value });
    return { id: idOf(node, a), params: node.params as unknown };
  };

  it("tells parameters apart as the function can", () => {
    const different = [
      undefined,
      {},
      [],
      5,
      "5",
      true,
      { value: 5 },
      { a: 0 },
      { a: -0 },
      { a: "0" },
      { a: null },
      [1],
    ];
    expect(new Set(different.map((params) => withParams(params).id)).size).toBe(different.length);
    expect(withParams({ a: 1, b: undefined })).toEqual(withParams({ a: 1 }));
  });

  it.each<[string, unknown, RegExp]>([
    ["__proto__", JSON.parse('{"x": {"__proto__": 1}}'), /params\.x must be .*__proto__/],
    ["maps", new Map([["a", 1]]), /params must be a plain object/],
    [
      "class instances",
      {
        x: new (class Limits {
          width = 2;
        })(),
      },
      /params\.x must be a plain object/,
    ],
    ["typed arrays", [new Float64Array(2)], /params\[0\] must be a plain object/],
    ["symbols", { [Symbol("hidden")]: 1 }, /symbols/],
    ["functions", { f: () => 1 }, /params\.f must be .*found function/],
    ["bigints", { n: 1n }, /params\.n must be .*found 1n/],
    [
      "circles",
      (() => {
        const circle: Record<string, unknown> = {};
        return (circle["a"] = circle);
      })(),
      /no circle/,
    ],
    ["NaN", { a: Number.NaN }, /a must be a finite number/],
  ])("refuses %s in parameters", (_what, params, message) => expect(() => withParams(params)).toThrow(message));

  it("gives the function what was hashed, and leaves the author's object alone", () => {
    let calls = 0;
    const given = {
      list: [1],
      get turn() {
        return ++calls;
      },
    };
    const { params } = withParams(given);
    given.list.push(2);
    expect(params).toEqual({ list: [1], turn: 1 });
    expect(Object.isFrozen((params as typeof given).list)).toBe(true);
  });
});

describe("identity of order stages", () => {
  const a = price();
  const idOfStage = (type: new (input: Node) => Node) => idOf(new type(a), a);

  it("of an author's class is its code: names and layout do not matter, what a helper reaches does", () => {
    expect(idOfStage(OtherCapNode)).toBe(idOfStage(CapNode));
    const ids = [CapNode, HigherCapNode, CapTwiceNode, SizingNode].map(idOfStage);
    expect(new Set(ids).size).toBe(4);
  });

  it("of a built-in class is its name and version", () => {
    expect(idOfStage(OrderPublishNode)).toBe(idOfStage(OrderPublishNode));
    expect(idOfStage(class extends OrderPublishNode {})).not.toBe(idOfStage(OrderPublishNode));
    expect(() => new SizingNode(undefined as never)).toThrow("the input of SizingNode must be a node; found undefined");
  });

  it("refuses a class that captures or counts, unless it is not shared", () => {
    expect(() => idOfStage(capturing(3))).toThrow(/order stage "CapturingNode" reads "most" .*enclosing function/);
    expect(() => idOfStage(CountingNode)).toThrow(/order stage "CountingNode" keeps state of its own/);
    const unshared = [3, 3].map((most) => new (capturingUnshared(most))(a));
    expect(new Set(buildGraphs([strategyOf(a, ...unshared)])[0]!.nodes.map((node) => node.id)).size).toBe(3);
  });
});

describe("graphs", () => {
  it("refuses an empty strategy, an input that was not added, and two nodes of one name", () => {
    expect(() => buildGraphs([strategyOf()])).toThrow(/has no nodes/);
    expect(() => buildGraphs([strategyOf(sma(price({ name: "btc" }), 3))])).toThrow(/reads "btc", which was not added/);
    expect(() => strategyOf(price({ name: "p" }), price({ name: "p", tags: ["x"] }))).toThrow(
      /two nodes .* are named "p"/,
    );
  });

  it("prints a circle", () => {
    const a = price({ name: "a" });
    const first = new ProcessingNode({ name: "first", input: a, compute: (view) => view.value });
    const second = new ProcessingNode({ name: "second", input: first, compute: (view) => view.value });
    (first.inputs as Node[])[0] = second;
    expect(() => buildGraphs([strategyOf(a, first, second)])).toThrow(
      /circle: first <- second <- first|circle: second <- first <- second/,
    );
  });

  it("takes the interval of the finest input, and asks for resample where another is declared", () => {
    const minute = price();
    const hour = resample(minute, "1h");
    const both = new ProcessingNode({ input: { minute, hour }, compute: (view) => view.of("hour").get("close") });
    const graph = buildGraphs([strategyOf(minute, hour, both)])[0]!;
    expect(graph.byNode.get(both)!.intervalMs).toBe(60_000);
    const wrong = new ProcessingNode({ input: minute, interval: "1h", compute: (view) => view.value });
    expect(() => buildGraphs([strategyOf(minute, wrong)])).toThrow(/resample|finest input has 1m/);
  });

  it("gives a compute node without a period that of the streams it reads", () => {
    const [short, long] = [price({ period: 5 }), price({ period: 30, tags: ["eth"] })];
    const both = new ProcessingNode({ input: [short, long], compute: (view) => view.value });
    const own = new ProcessingNode({ input: long, period: 2, compute: (view) => view.value });
    const graph = buildGraphs([strategyOf(short, long, both, own)])[0]!;
    expect([graph.byNode.get(both)!.period, graph.byNode.get(own)!.period]).toEqual([30, 2]);
  });

  it("gives a stream without an interval the strategy's default, or says what to do", () => {
    class Hourly extends Strategy {
      constructor() {
        super({ defaultInterval: "1h", defaultPeriod: 5 });
      }
      setup() {
        this.addNodes(new StreamInput({ tags: ["x"] }));
      }
    }
    const strategy = new Hourly();
    strategy.setup();
    expect(buildGraphs([strategy])[0]!.nodes[0]).toMatchObject({ intervalMs: 3_600_000, period: 5 });
    expect(() => buildGraphs([strategyOf(new StreamInput({ tags: ["x"] }))])).toThrow(/has no interval/);
  });

  it("gives strategies that are built together the identities they have alone", () => {
    const strategies = () => [
      ...[10, 20, 10].map((period) => {
        const source = price();
        return strategyOf(source, sma(source, period));
      }),
      ...["close", "high"].map((field) => {
        const source = price();
        return strategyOf(source, sma(source.field(field as "close"), 10));
      }),
      ...(["skip", "hold"] as const).map((onMissing) => {
        const source = price();
        const mean = sma(source, { period: 10, onMissing });
        return strategyOf(
          source,
          mean,
          bollingerBands(mean, { period: 5, multiplier: onMissing === "skip" ? 2 : 2.5 }),
        );
      }),
      ...[true, false].map((up) => {
        const source = price();
        const [fast, slow] = [sma(source, 2), sma(source, 3)];
        return strategyOf(source, fast, slow, up ? crossover(fast, slow) : crossover(slow, fast));
      }),
    ];
    const identities = (graphs: ReturnType<typeof buildGraphs>) =>
      graphs.map(({ nodes }) =>
        nodes.map(({ id, intervalMs, period, params, codeHash, schemaCompatId, inputs }) => {
          return { id, intervalMs, period, params, codeHash, schemaCompatId, inputs: inputs.map((input) => input.id) };
        }),
      );
    const together = buildGraphs(strategies());
    expect(identities(together)).toEqual(identities(strategies().flatMap((strategy) => buildGraphs([strategy]))));
    for (const { strategy, nodes } of together) {
      expect(nodes.every(({ node, inputs }) => inputs.every((input, index) => input.node === node.inputs[index]))).toBe(
        true,
      );
      expect(nodes.map(({ node }) => node)).toEqual(strategy.nodes);
    }
  });

  it("is linear on a ladder of 2,000 rungs with two nodes each", () => {
    const nodes: Node[] = [price()];
    for (let rung = 0; rung < 2_000; rung++) {
      const below = nodes[nodes.length - 1]!;
      const [left, right] = [sma(below, 2), sma(below, 3)];
      nodes.push(left, right, crossover(left, right));
    }
    expect(new Set(buildGraphs([strategyOf(...nodes)])[0]!.nodes.map((node) => node.id)).size).toBe(6_001);
  });

  it("needs an instrument with bars to send orders", () => {
    expect(() => positionTarget(price(), { instrument: price() })).toThrow(/instrument must be a StreamInput of bars/);
    const [signal, traded] = [price(), price({ name: "eth", instrument: "ETH" })];
    expect(() => buildGraphs([strategyOf(signal, positionTarget(signal, { instrument: traded }))])).toThrow(
      /"target" reads "eth", which was not added/,
    );
  });
});
