import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadFrame, ProcessingNode, ReplayFeed, Runner, Strategy, StreamInput, TagQueryNode } from "qmtl";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { sliceFrame, type Frame } from "../../packages/engine/src/frame/index.ts";
import { runCli } from "../../apps/cli/src/testing/run-cli.ts";
import { Panel } from "./fixtures/strategies.ts";
import { startStack, type Stack } from "./stack.ts";

const bars = fileURLToPath(new URL("../../../shared/data/bars/btcusdt_1m.csv", import.meta.url));

let stack: Stack;
let frame: Frame;
beforeAll(async () => {
  [stack, { frame }] = await Promise.all([startStack(), loadFrame(bars, {})]);
});
afterAll(() => stack.close());

/** Says of every bar how far its close lies above its open, times the factor. */
class Mood extends Strategy<{ factor: number }> {
  static override readonly defaults = { factor: 1 };
  override setup(): void {
    const price = new StreamInput({ name: "price", instrument: "BTCUSDT", interval: "1m" });
    const mood = new ProcessingNode({
      name: "mood",
      tags: ["mood", "btc"],
      input: price,
      params: { factor: this.params.factor },
      compute: (view, { factor }) => (view.get("close") - view.get("open")) * factor,
    });
    this.addNodes(price, mood);
  }
}

const seen: number[][] = [];

/** Knows nobody: sums whatever moods its world has. */
class Crowd extends Strategy {
  override setup(): void {
    const crowd = new TagQueryNode({
      name: "crowd",
      queryTags: ["mood"],
      interval: "1m",
      compute: (view) => {
        const moods = view.inputs.map((input) => input.get("value"));
        seen.push([view.bucketMs, ...moods]);
        return moods.reduce((sum, mood) => sum + mood, 0);
      },
      shared: false,
    });
    this.addNodes(crowd);
  }
}

const rowsBefore = 300;

async function writeMood(factor: number, end: number, worldId = "moods") {
  return Runner.session(Mood, {
    worldId,
    gatewayUrl: stack.gatewayUrl,
    params: { factor },
    data: sliceFrame(frame, 0, rowsBefore),
    feed: new ReplayFeed({ data: sliceFrame(frame, 0, end), speed: 6_000 }),
    stateFolder: join(stack.folder, `${worldId}-${factor}`),
    testMode: true,
  });
}

it("reads the queues of other strategies in its world: their past, and what follows", async () => {
  await stack.createWorld("moods");
  const notices: string[] = [];
  const opening = Runner.session(Crowd, {
    worldId: "moods",
    gatewayUrl: stack.gatewayUrl,
    stateFolder: join(stack.folder, "crowd"),
    testMode: true,
    onNotice: ({ message }) => notices.push(message),
  });
  await vi.waitFor(
    () => expect(notices.join()).toContain('no queue of world "moods" has rows and the tags mood'),
    5_000,
  );
  const end = rowsBefore + 200;
  await using writer = await writeMood(2, end);
  await using crowd = await opening;
  const lastMs = frame.time[end - 1]!;
  await vi.waitFor(() => expect(seen.at(-1)?.[0]).toBe(lastMs), 30_000);
  const [open, close] = [frame.columns["open"]!, frame.columns["close"]!];
  // From the row that its queue begins with, each bucket once and in order, with the bits of the strategy that computed it.
  const first = frame.time.indexOf(seen[0]![0]!);
  expect(first).toBeGreaterThanOrEqual(rowsBefore - 1);
  expect(seen).toEqual(
    Array.from({ length: end - first }, (_, row) => {
      const place = first + row;
      return [frame.time[place]!, (close[place]! - open[place]!) * 2];
    }),
  );
  expect(notices.some((message) => message.includes("does not"))).toBe(false);

  // Another mood comes later: the run says so, and goes on with what it reads.
  await using _ = await writeMood(3, end);
  await vi.waitFor(() => expect(notices.join()).toContain('matches the tag query "crowd" now'), 30_000);
  expect([writer.strategyId, crowd.strategyId]).toEqual([expect.any(String), expect.any(String)]);
});

it("submits a strategy that reads queues of others alone, and runs what was submitted", async () => {
  await stack.createWorld("panels");
  const file = fileURLToPath(new URL("fixtures/strategies.ts", import.meta.url));
  const call = { folder: stack.folder, environment: { QMTL_GATEWAY_URL: stack.gatewayUrl } };
  const submit = async () => runCli(["submit", `${file}:Panel`, "--world", "panels", "--id"], call);
  const early = await submit();
  expect(early).toMatchObject({ exitCode: 1, stdout: "" });
  expect(early.stderr).toContain('no queue of world "panels" has rows and the tags mood yet, and tag query "panel"');

  // Feeds that last: on a busy machine half a second is over before the right to write is granted.
  await using _ = await writeMood(2, frame.length, "panels");
  await vi.waitFor(async () => expect((await submit()).stderr).toBe(""), { timeout: 30_000, interval: 200 });
  const id = (await submit()).stdout.trim();
  await using _later = await writeMood(3, frame.length, "panels");
  const gatewayUrl = stack.gatewayUrl;
  const query = { tags: ["mood"], intervalSeconds: 60, worldId: "panels" };
  await vi.waitFor(async () => expect(await stack.client.queuesByTag(query)).toHaveLength(2), 30_000);

  const stateFolder = join(stack.folder, ".qmtl", "runs", "panels", "Panel");
  const submitted = await Runner.submit(Panel, { world: "panels", gatewayUrl, stateFolder });
  const { nodes, columns, dataQuality } = submitted.precheck!;
  const panel = columns.get(nodes.find(({ name }) => name === "panel")!.id)!;
  const rows = panel.fields["value"]!;
  const [open, close] = [frame.columns["open"]!, frame.columns["close"]!];
  const first = frame.time.indexOf(panel.time[0]!);
  expect(rows.length).toBeGreaterThan(0);
  expect([...rows]).toEqual(Array.from(rows, (_, row) => (close[first + row]! - open[first + row]!) * 2));
  expect(dataQuality).toMatchObject([{ source: expect.stringMatching(/^queue:panels\./), rows: rows.length }]);
  await using run = await Runner.session(Panel, { worldId: "panels", gatewayUrl, stateFolder, testMode: true });
  await vi.waitFor(() => expect(run.strategyId).toBeDefined(), 30_000);
  expect([submitted.strategyId, (await submit()).stdout.trim(), run.strategyId]).toEqual([id, id, id]);
});
