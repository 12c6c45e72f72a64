import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadFrame, ReplayFeed, Runner } from "qmtl";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { sliceFrame, type Frame } from "../../packages/engine/src/frame/index.ts";
import { Trend } from "./fixtures/strategies.ts";
import { startStack, type Stack } from "./stack.ts";

const bars = fileURLToPath(new URL("../../../shared/data/bars/btcusdt_1m.csv", import.meta.url));

let stack: Stack;
let frame: Frame;
beforeAll(async () => {
  [stack, { frame }] = await Promise.all([startStack(), loadFrame(bars, {})]);
});
afterAll(() => stack.close());

async function follow(name: string) {
  const notices: string[] = [];
  const run = await Runner.session(Trend, {
    worldId: "one",
    gatewayUrl: stack.gatewayUrl,
    data: sliceFrame(frame, 0, 300),
    feed: new ReplayFeed({ data: frame, speed: 600 }),
    stateFolder: join(stack.folder, name),
    testMode: true,
    onNotice: ({ message }) => notices.push(message),
  });
  return { run, notices };
}

it("lets one process of a strategy send its orders; the next one takes over when that one ends", async () => {
  await stack.createWorld("one");
  const first = await follow("first");
  await vi.waitFor(() => expect(first.run.strategyId).toBeDefined(), 30_000);
  await stack.apply("one", "r1", { activate: [first.run.strategyId!], mode: "paper" });
  await vi.waitFor(() => expect(first.run.ordersOffBecause).toBeUndefined(), 30_000);

  const second = await follow("second");
  await using _ = second.run;
  const elsewhere = "another process runs this strategy, and sends its orders";
  await vi.waitFor(() => expect(second.notices).toContain(`orders are off: ${elsewhere}`), 30_000);
  expect(second.run.strategyId).toBe(first.run.strategyId);
  expect(first.run.ordersOffBecause).toBeUndefined();

  await first.run[Symbol.asyncDispose]();
  const endedMs = performance.now();
  await vi.waitFor(() => expect(second.run.ordersOffBecause).toBeUndefined(), 30_000);
  // It gave its lease back: nobody had to wait for the lease to run out.
  expect(performance.now() - endedMs).toBeLessThan(2_500);
});
