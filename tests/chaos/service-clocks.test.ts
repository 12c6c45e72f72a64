import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { GatewayClient } from "../../packages/sdk/src/gateway-client/index.ts";
import { Cluster, serviceNames, type ServiceName } from "./processes/cluster.ts";
import { RunnerProcess } from "./processes/runner-process.ts";

let cluster: Cluster;
let client: GatewayClient;
const runners: RunnerProcess[] = [];
beforeAll(async () => {
  cluster = await Cluster.start();
  client = new GatewayClient({ url: cluster.gatewayUrl, timeoutMs: 10_000 });
});
afterEach(async () => {
  for (const runner of runners.splice(0)) await runner.end();
  for (const name of serviceNames) while (cluster.clockAheadMs(name) !== 0) await nextJump(name);
});
afterAll(() => cluster.remove());

const hourMs = 3_600_000;
const now = (): bigint => process.hrtime.bigint();
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function nextJump(name: ServiceName): Promise<void> {
  const before = cluster.clockAheadMs(name);
  cluster.jumpClock(name);
  await vi.waitFor(() => expect(cluster.clockAheadMs(name)).not.toBe(before), { timeout: 30_000, interval: 5 });
}

/** The clocks of these services jump, and have jumped when it returns. */
async function jump(names: readonly ServiceName[], aheadMs: number): Promise<void> {
  await Promise.all(names.map(nextJump));
  expect(names.map((name) => cluster.clockAheadMs(name))).toEqual(names.map(() => aheadMs));
}

async function apply(worldId: string, runId: string, activate: readonly string[] = []) {
  const { epoch } = await client.world<{ epoch: number }>("GET", worldId, "/order-state");
  const startedMs = performance.now();
  const body = { run_id: runId, plan: { activate }, effective_mode: "paper", expected_epoch: epoch };
  const request = { body, headers: { "x-allow-live": "true" }, timeoutMs: 15_000 };
  const done = client.call("POST", `/worlds/${worldId}/apply?wait_ms=10000`, request);
  return { epoch: epoch + 2, done: done.then((answer) => ({ answer, tookMs: performance.now() - startedMs })) };
}

/** A runner whose orders leave, on a world that says paper. */
async function trading(worldId: string): Promise<RunnerProcess> {
  await client.call("POST", "/worlds", { body: { id: worldId } });
  const runner = new RunnerProcess({ worldId, gatewayUrl: cluster.gatewayUrl, speed: 1_200 });
  runners.push(runner);
  await vi.waitFor(() => expect(runner.strategyId, runner.errors).toBeDefined(), 30_000);
  await (
    await apply(worldId, "first", [runner.strategyId!])
  ).done;
  await runner.orderAfter(0n);
  return runner;
}

// The clock of one service is that of a machine of its own; the clocks of all are that of a machine they share.
describe.each<[string, readonly ServiceName[]]>([
  ["the WorldService", ["world"]],
  ["the Gateway", ["gateway"]],
  ["all services", serviceNames],
])("while the wall clock of %s jumps by hours, a recorder venue sees", (who, names) => {
  // The WorldService takes new tokens of a Gateway far behind for old ones, and then nobody gets a lease: what is safe is
  // looked at, and that orders leave when the clock is right again.
  const mayClose = (aheadMs: number): boolean => who === "the Gateway" && aheadMs < 0;

  it("none of an old epoch, in an apply that waits for the lease of a runner that stands still (OG-2, OG-3)", async () => {
    const worldId = `apply-${names.length}-${names[0]}`;
    const runner = await trading(worldId);
    for (const aheadMs of [hourMs, -hourMs, 0]) {
      runner.process.kill("SIGSTOP");
      const { epoch, done } = await apply(worldId, `ahead ${aheadMs}`);
      await pause(500); // the world is freezing
      await jump(names, aheadMs);
      const { answer, tookMs } = await done;
      expect(answer).toMatchObject({ phase: "completed" });
      // The lease ends by the monotonic clock, not with the jump; and not an hour later, for the request waits 15 s.
      expect(tookMs).toBeGreaterThan(1_500);
      const completed = now();
      runner.process.kill("SIGCONT");
      if (mayClose(aheadMs)) {
        await pause(1_500);
        await jump(names, 0);
      }
      expect((await runner.orderAfter(completed)).epoch).toBe(epoch);
      expect(runner.orders().filter((each) => each.ns > completed && each.epoch < epoch)).toEqual([]);
      if (mayClose(aheadMs)) break;
    }
  }, 60_000);

  it("none of an old epoch and none twice, with a lease held (OG-1, OG-9)", async () => {
    const worldId = `held-${names.length}-${names[0]}`;
    const runner = await trading(worldId);
    for (const aheadMs of [hourMs, -hourMs, 0]) {
      await jump(names, aheadMs);
      const jumped = now();
      if (mayClose(aheadMs)) continue;
      await runner.orderAfter(jumped);
      const { epoch, done } = await apply(worldId, `ahead ${aheadMs}`);
      expect((await done).answer).toMatchObject({ phase: "completed" });
      const completed = now();
      expect((await runner.orderAfter(completed)).epoch).toBe(epoch);
      expect(runner.orders().filter((each) => each.ns > completed && each.epoch < epoch)).toEqual([]);
    }
    const ids = runner.orders().map(({ clientOrderId }) => clientOrderId);
    expect(new Set(ids).size).toBe(ids.length);
  }, 60_000);
});
