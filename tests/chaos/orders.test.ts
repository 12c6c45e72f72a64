import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { FaultProxy } from "../../packages/testkit/src/network/index.ts";
import { startStack, type Stack } from "../services/stack.ts";
import { RunnerProcess } from "./processes/runner-process.ts";

let stack: Stack;
const runners: RunnerProcess[] = [];
beforeAll(async () => {
  stack = await startStack();
});
afterEach(async () => {
  for (const runner of runners.splice(0)) await runner.end();
});
afterAll(() => stack.close());

/** A runner whose orders leave, on a world that says paper. */
async function trading(worldId: string, gatewayUrl = stack.gatewayUrl): Promise<RunnerProcess> {
  await stack.createWorld(worldId);
  const runner = new RunnerProcess({ worldId, gatewayUrl, speed: 1_200 });
  runners.push(runner);
  await vi.waitFor(() => expect(runner.strategyId, runner.errors).toBeDefined(), 30_000);
  await stack.apply(worldId, "first", { activate: [runner.strategyId!], mode: "paper" });
  await runner.orderAfter(0n);
  return runner;
}

const now = (): bigint => process.hrtime.bigint();

/** One more apply, and its end. */
async function applied(
  worldId: string,
  runId = "second",
): Promise<{ readonly tookMs: number; readonly epoch: number }> {
  const { client } = stack;
  const startedMs = performance.now();
  const { epoch } = await client.world<{ epoch: number }>("GET", worldId, "/order-state");
  const body = { run_id: runId, plan: {}, effective_mode: "paper", expected_epoch: epoch };
  const headers = { "x-allow-live": "true" };
  const path = `/worlds/${worldId}/apply?wait_ms=10000`;
  expect(await client.call("POST", path, { body, headers, timeoutMs: 15_000 })).toMatchObject({ phase: "completed" });
  return { tookMs: performance.now() - startedMs, epoch: epoch + 2 };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe("a recorder venue judges the orders of a real runner (OG-1 to OG-4)", () => {
  it("sees none of an old epoch after an apply that ran while the runner stood still", async () => {
    const runner = await trading("stopped");
    runner.process.kill("SIGSTOP");
    const { tookMs, epoch } = await applied("stopped");
    const frozenBefore = now();
    // Nobody could tell the world that the runner is closed: it waited for the end of its lease.
    expect(tookMs).toBeGreaterThan(1_500);
    expect(tookMs).toBeLessThan(6_000);
    runner.process.kill("SIGCONT");
    const order = await runner.orderAfter(frozenBefore);
    expect(order.epoch).toBe(epoch);
    expect(runner.orders().filter((each) => each.ns > frozenBefore && each.epoch < epoch)).toEqual([]);
  });

  it("sees none after the world was killed while the runner stood still", async () => {
    const runner = await trading("killed");
    runner.process.kill("SIGSTOP");
    await stack.client.world("POST", "killed", "/kill", { body: { reason: "enough" } });
    await pause(3_200);
    const continued = now();
    runner.process.kill("SIGCONT");
    await vi.waitFor(() => expect(runner.off).toBe("the world was killed"), 30_000);
    await pause(500);
    expect(runner.orders().filter(({ ns }) => ns > continued)).toEqual([]);
    await stack.client.world("POST", "killed", "/revive", { body: { reason: "looked at" } });
    await runner.orderAfter(continued);
  });

  it("sees none once the cable was pulled for as long as a lease lives; the world waits as long", async () => {
    await using proxy = await FaultProxy.open(stack.gatewayUrl);
    const runner = await trading("cut", proxy.url);
    proxy.cut();
    const { tookMs, epoch } = await applied("cut");
    expect(tookMs).toBeGreaterThan(1_500);
    const frozenBefore = now();
    const before = runner.closedMs;
    await vi.waitFor(() => expect(runner.closedMs).toBeGreaterThan(before), 30_000); // it computes
    await pause(1_000);
    expect(runner.orders().filter(({ ns }) => ns > frozenBefore)).toEqual([]);
    proxy.heal();
    expect((await runner.orderAfter(frozenBefore)).epoch).toBe(epoch);
  });

  it("sees every order once, whatever connections break", async () => {
    await using proxy = await FaultProxy.open(stack.gatewayUrl);
    const runner = await trading("reset", proxy.url);
    for (let round = 0; round < 6; round++) {
      proxy.reset();
      await pause(250);
    }
    await runner.orderAfter(now());
    const ids = runner.orders().map(({ clientOrderId }) => clientOrderId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("sees none of an old epoch and none twice while the wall clock of the runner jumps by hours", async () => {
    const runner = await trading("jumps");
    for (const aheadMs of [3_600_000, -3_600_000]) {
      runner.jumpClock();
      await vi.waitFor(() => expect(runner.clockAheadMs).toBe(aheadMs), 30_000);
      await runner.orderAfter(now());
      const { epoch } = await applied("jumps", `ahead ${aheadMs}`);
      const completed = now();
      expect((await runner.orderAfter(completed)).epoch).toBe(epoch);
      expect(runner.orders().filter((each) => each.ns > completed && each.epoch < epoch)).toEqual([]);
    }
    const ids = runner.orders().map(({ clientOrderId }) => clientOrderId);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
