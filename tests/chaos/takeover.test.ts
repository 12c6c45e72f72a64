import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
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

let worldId = "";
const world = (name: string): string => (worldId = name);

async function runner(size: number): Promise<RunnerProcess> {
  const started = new RunnerProcess({ worldId, gatewayUrl: stack.gatewayUrl, speed: 1_200, size });
  runners.push(started);
  await vi.waitFor(() => expect(started.strategyId, started.errors).toBeDefined(), 30_000);
  return started;
}

type Records = Awaited<ReturnType<Stack["client"]["readRecords"]>>["records"];

async function recordsOf(topic: string): Promise<Records[number][]> {
  const all: Records[number][] = [];
  for (let offset = 0; ;) {
    const { records, next_offset } = await stack.client.readRecords(topic, offset);
    if (records.length === 0) return all;
    all.push(...records);
    offset = next_offset;
  }
}

/** Records of the nodes that both compute, by topic. */
async function sharedRecords(first: RunnerProcess, second: RunnerProcess): Promise<Map<string, Records[number][]>> {
  const [own, others] = await Promise.all(
    [first, second].map(async ({ strategyId }) => (await stack.client.status(strategyId!)).queue_map ?? {}),
  );
  const topics = Object.entries(own!).flatMap(([id, entries]) =>
    others![id] === undefined ? [] : entries.filter(({ global }) => !global).map(({ queue }) => queue),
  );
  const all = await Promise.all(topics.map(async (topic) => [topic, await recordsOf(topic)] as const));
  return new Map(all.filter(([, records]) => records.length > 0));
}

/** Waits until another writer has written so many rows of every node. */
async function takenOver(runners: readonly [RunnerProcess, RunnerProcess], rows: number): Promise<void> {
  const before = await sharedRecords(...runners);
  await vi.waitFor(
    async () => {
      const now = await sharedRecords(...runners);
      for (const [topic, records] of before) {
        expect(now.get(topic)!.at(-1)!.token).toBeGreaterThan(records.at(-1)!.token);
        expect(now.get(topic)!.length).toBeGreaterThan(records.length + rows);
      }
    },
    { timeout: 40_000, interval: 250 },
  );
}

/** Every bucket from the first to the last, once; and nobody wrote under an older token after a newer one. */
function expectWhole(written: ReadonlyMap<string, Records[number][]>): void {
  for (const [topic, records] of written) {
    const buckets = records.map(({ bucket_ms }) => bucket_ms);
    const [from, to] = [Math.min(...buckets), Math.max(...buckets)];
    const every = Array.from({ length: (to - from) / 60_000 + 1 }, (_, index) => from + index * 60_000);
    const turns = records.map(({ bucket_ms, token, offset }) => `${offset}: ${bucket_ms} under ${token}`);
    expect(buckets, `${topic}\n${turns.join("\n")}`).toEqual(every);
    const tokens = records.map(({ token }) => token);
    expect(tokens, topic).toEqual(tokens.toSorted((a, b) => a - b));
  }
}

async function twoRunners(): Promise<[RunnerProcess, RunnerProcess]> {
  const pair: [RunnerProcess, RunnerProcess] = [await runner(0.5), await runner(0.4)];
  await vi.waitFor(async () => expect((await sharedRecords(...pair)).size).toBeGreaterThanOrEqual(2), 30_000);
  const closedMs = pair[1].closedMs;
  await vi.waitFor(() => expect(pair[1].closedMs).toBeGreaterThan(closedMs), 30_000);
  return pair;
}

describe("two runners that share nodes", () => {
  it("the second takes over when the first is killed: no gap, no bucket twice, tokens rise", async () => {
    await stack.createWorld(world("killed"));
    const pair = await twoRunners();
    pair[0].process.kill("SIGKILL");
    await takenOver(pair, 20);
    expectWhole(await sharedRecords(...pair));
  });

  it("the second takes over when the first stands still, and what the first has to say later counts no more", async () => {
    await stack.createWorld(world("stopped"));
    const pair = await twoRunners();
    pair[0].process.kill("SIGSTOP");
    await takenOver(pair, 20);
    pair[0].process.kill("SIGCONT");
    const closedMs = pair[0].closedMs;
    await vi.waitFor(() => expect(pair[0].closedMs).toBeGreaterThan(closedMs + 60 * 60_000), 30_000);
    expectWhole(await sharedRecords(...pair));
  });
});
