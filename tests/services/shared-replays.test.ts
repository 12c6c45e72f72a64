import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadFrame, Runner, type WorldRun } from "qmtl";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { sliceFrame, type Frame } from "../../packages/engine/src/frame/index.ts";
import { Trend } from "./fixtures/strategies.ts";
import { startStack, type Stack } from "./stack.ts";

const bars = fileURLToPath(new URL("../../../shared/data/bars/btcusdt_1m.csv", import.meta.url));
const broker = { cash: 100_000 } as const;

let stack: Stack;
let frame: Frame;
beforeAll(async () => {
  [stack, { frame }] = await Promise.all([startStack(), loadFrame(bars, {})]);
});
afterAll(() => stack.close());

it("a replay begins when its world has answered, and reads what another run of the world computes", async () => {
  await stack.createWorld("shared");
  const notices: string[] = [];
  const play = (threshold: number): Promise<WorldRun> =>
    Runner.session(Trend, {
      worldId: "shared",
      gatewayUrl: stack.gatewayUrl,
      broker,
      params: { threshold },
      data: sliceFrame(frame, 0, 400),
      replaySpeed: 2_000, // six seconds
      stateFolder: join(stack.folder, `replay-${threshold}`),
      testMode: true,
      onNotice: ({ message }) => notices.push(`${threshold}: ${message}`),
    });
  await using first = await play(0.5);
  await vi.waitFor(() => expect(notices).toContainEqual(expect.stringMatching(/^0.5: this run computes/)), 30_000);
  await using second = await play(0.7);
  expect(second.closedMs).toBe(frame.time[200]); // the first half is history; nothing of the second was played yet
  await Promise.all([first.ended, second.ended]);
  expect(notices).toContainEqual(expect.stringMatching(/^0.7: this run computes \d nodes?, and reads [1-9]/));
  expect(second.closedMs).toBe(frame.time[399]! + frame.intervalMs);
});
