import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadFrame, ReplayFeed, Runner, type WorldRun, type WorldRunNotice } from "qmtl";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { sliceFrame, type Frame } from "../../packages/engine/src/frame/index.ts";
import type { OutgoingOrder } from "../../packages/sdk/src/world-run/index.ts";
import { Trend } from "./fixtures/strategies.ts";
import { startStack, type Stack } from "./stack.ts";

const bars = fileURLToPath(new URL("../../../shared/data/bars/btcusdt_1m.csv", import.meta.url));
const broker = { cash: 100_000, fees: { kind: "percent", rate: 0.0005 } } as const;

let stack: Stack;
let frame: Frame;
beforeAll(async () => {
  [stack, { frame }] = await Promise.all([startStack(), loadFrame(bars, {})]);
});
afterAll(() => stack.close());

interface Followed {
  readonly run: WorldRun;
  readonly notices: string[];
  readonly orders: OutgoingOrder[];
}

/** Follows a world with 300 bars of history; the rest comes so many times faster than it happened. */
async function follow(world: string, name: string, speed: number): Promise<Followed> {
  const notices: string[] = [];
  const orders: OutgoingOrder[] = [];
  const run = await Runner.session(Trend, {
    worldId: world,
    gatewayUrl: stack.gatewayUrl,
    broker,
    data: sliceFrame(frame, 0, 300),
    feed: new ReplayFeed({ data: frame, speed }),
    stateFolder: join(stack.folder, name),
    testMode: true,
    onNotice: ({ message }: WorldRunNotice) => notices.push(message),
    onOrder: (order) => orders.push(order),
  });
  return { run, notices, orders };
}

const isOn = ({ run }: Followed) => vi.waitFor(() => expect(run.ordersOffBecause).toBeUndefined(), 30_000);

describe("one strategy file, from validation to paper", () => {
  it("computes and sends no order until the world says paper, and stops when it is told to", async () => {
    await stack.createWorld("w1");
    const followed = await follow("w1", "run-1", 2_000);
    const { run, notices, orders } = followed;
    await using _ = run;
    await vi.waitFor(() => expect(run.ordersOffBecause).toBe("the world's mode is validate"), 30_000);
    expect(orders).toEqual([]);

    await stack.apply("w1", "r1", { activate: [run.strategyId!], mode: "paper" });
    await isOn(followed);
    await vi.waitFor(() => expect(notices).toContain("orders are on"), 30_000);
    await vi.waitFor(() => expect(orders.length).toBeGreaterThan(0), 30_000);
    expect(orders[0]).toMatchObject({ worldId: "w1", strategyId: run.strategyId, symbol: "BTCUSDT", epoch: 3 });

    await stack.client.world("POST", "w1", "/kill", { body: { reason: "enough" } });
    await vi.waitFor(() => expect(run.ordersOffBecause).toBe("the world was killed"), 30_000);
    const sent = orders.length;
    const computed = run.closedMs;
    await vi.waitFor(() => expect(run.closedMs).toBeGreaterThan(computed + 10 * 60_000), 30_000);
    expect(orders).toHaveLength(sent);
    expect(await stack.client.world("GET", "w1", "/audit/verify")).toMatchObject({ intact: true });
  });

  it("trades as the backtest does once orders are on, and every fill reaches the gateway once", async () => {
    await stack.createWorld("w2");
    // The strategy is known, and active, before the run begins: what it then does is the backtest of those bars.
    const { strategyId } = await Runner.submit(Trend, {
      world: "w2",
      gatewayUrl: stack.gatewayUrl,
      data: sliceFrame(frame, 0, 300),
    });
    await stack.apply("w2", "r1", { activate: [strategyId], mode: "paper" });
    const followed = await follow("w2", "run-2", 12_000);
    const { run, orders } = followed;
    await isOn(followed);
    await run.ended;
    const result = run.result();
    expect(orders.length).toBeGreaterThan(10);
    expect(result.fills.length).toBeGreaterThan(10);
    // From the first order on nothing is refused: orders stand at the bars where the backtest has them.
    const offline = await Runner.offline(Trend, { data: frame, broker });
    const targets = new Set(offline.orders.map(({ submittedMs }) => submittedMs));
    const firstMs = orders[0]!.order.submittedMs;
    for (const { order } of orders.slice(1)) expect(targets).toContain(order.submittedMs);
    expect(firstMs).toBeGreaterThan(frame.time[300]!);
    await vi.waitFor(async () => {
      const fills = await stack.fills("w2");
      // They are reported several at a time: each once, in any order.
      expect(fills.map(({ seq }) => seq).sort((a, b) => a - b)).toEqual(result.fills.map(({ id }) => id));
    }, 10_000);
  });
});

describe("a run whose gateway is killed", () => {
  it("goes on computing without orders, and trades again when the gateway is back", async () => {
    await stack.createWorld("w3");
    const { strategyId } = await Runner.submit(Trend, {
      world: "w3",
      gatewayUrl: stack.gatewayUrl,
      data: sliceFrame(frame, 0, 300),
    });
    await stack.apply("w3", "r1", { activate: [strategyId], mode: "paper" });
    const followed = await follow("w3", "run-3", 1_200);
    const { run, notices, orders } = followed;
    await using _ = run;
    await isOn(followed);
    await stack.kill();
    await vi.waitFor(() => expect(run.ordersOffBecause).toBeDefined(), 30_000);
    const sent = orders.length;
    const computed = run.closedMs;
    await vi.waitFor(() => expect(run.closedMs).toBeGreaterThan(computed + 20 * 60_000), 30_000);
    expect(orders).toHaveLength(sent);
    expect(notices.filter((message) => message.endsWith("the strategy computes, orders are off"))).toHaveLength(1);

    await stack.restart();
    await isOn(followed);
    expect(notices, notices.join("; ")).toContain("the gateway answers again");
    // What was acknowledged is still there: the world, its activation, the strategy.
    expect(await stack.client.world("GET", "w3", "/order-state")).toMatchObject({ phase: "ACTIVE", epoch: 3 });
  });
});
