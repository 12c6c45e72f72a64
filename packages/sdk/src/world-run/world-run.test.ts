import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { sliceFrame, type Frame } from "@qmtl/engine/frame";
import { ReplayFeed } from "../feeds/index.ts";
import { loadFrame } from "../history/index.ts";
import { ema, sma } from "../indicators/index.ts";
import { Runner } from "../runner/index.ts";
import { ProcessingNode, Strategy, StreamInput } from "../strategy/index.ts";
import { OrderPublishNode } from "../orders/index.ts";
import type { WorldRunOptions } from "./options.ts";

// A world whose gateway does not answer; what happens when it does is told in tests/services.

const bars = fileURLToPath(new URL("../../../../../shared/data/bars/btcusdt_1m.csv", import.meta.url));
const gatewayUrl = "http://127.0.0.1:9";

const calls: string[] = [];

class Trend extends Strategy {
  setup() {
    const price = new StreamInput({ name: "price", instrument: "BTCUSDT", interval: "1m" });
    const [fast, slow] = [ema(price.field("close"), 5), sma(price.field("close"), 30)];
    const orders = new ProcessingNode({
      name: "orders",
      input: { fast, slow },
      compute: (view) => [{ target_percent: view.of("fast").get("value") > view.of("slow").get("value") ? 0.5 : 0 }],
    });
    this.addNodes(price, fast, slow, orders, new OrderPublishNode(orders));
  }
  override onStart(): void {
    calls.push("start");
  }
  override onFinish(): void {
    calls.push("finish");
  }
}

let folder: string;
let frame: Frame;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "qmtl-run-"));
  ({ frame } = await loadFrame(bars, {}));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const optionsOf = (name: string, more: Partial<WorldRunOptions> = {}): WorldRunOptions => ({
  worldId: "w",
  gatewayUrl,
  data: sliceFrame(frame, 0, 300),
  feed: new ReplayFeed({ data: frame, speed: "max" }),
  stateFolder: join(folder, name),
  testMode: true,
  ...more,
});

describe("a run whose gateway is away", () => {
  it("computes every row, sends no order, says both once, and ends with its hooks", async () => {
    calls.length = 0;
    const notices: string[] = [];
    const result = await Runner.run(Trend, optionsOf("away", { onNotice: ({ message }) => notices.push(message) }));
    expect(result.times).toHaveLength(frame.length - 300);
    expect(result.times.at(-1)).toBe(frame.time[frame.length - 1]! + 60_000);
    expect(result.orders).toEqual([]);
    expect(result.zeroTradeReasons).toEqual([expect.stringMatching(/^\d+ orders were refused: not_submitted$/)]);
    expect(notices.filter((message) => message.includes("was refused"))).toHaveLength(1);
    expect(notices.filter((message) => message.endsWith("the strategy computes, orders are off")).length).toBeLessThan(
      2,
    );
    expect(calls).toEqual(["start", "finish"]);
  });

  it("computes the last rows of its feed too where they wait for another stream", async () => {
    class Two extends Strategy {
      setup() {
        const [a, b] = ["a", "b"].map((name) => new StreamInput({ name, tags: [name], interval: "1m" }));
        this.addNodes(a!, b!, sma(a!.field("close"), 2));
      }
    }
    const data = { a: sliceFrame(frame, 0, 310), b: sliceFrame(frame, 0, 305) };
    const past = { a: sliceFrame(frame, 0, 300), b: sliceFrame(frame, 0, 300) };
    const feed = new ReplayFeed({ data, speed: "max" });
    const result = await Runner.run(Two, optionsOf("two", { data: past, feed }));
    expect(result.times.at(-1)).toBe(frame.time[309]! + 60_000);
  });

  it("goes on from its folder when it is started again, with the rows it has not had", async () => {
    const half = new ReplayFeed({ data: sliceFrame(frame, 0, 1_000), speed: "max" });
    const first = await Runner.run(Trend, optionsOf("again", { feed: half }));
    expect(first.times).toHaveLength(700);
    const second = await Runner.run(Trend, optionsOf("again"));
    expect(second.times).toHaveLength(frame.length - 300);
    expect([...second.times.subarray(0, 700)]).toEqual([...first.times]);
    // Started once more with nothing to do, it still has all its bars.
    const third = await Runner.run(Trend, optionsOf("again"));
    expect(third.warnings.map(({ code }) => code)).not.toContain("SHORT_SAMPLE");
  });

  it("stops where it is when it is shut down, twice without harm", async () => {
    const run = await Runner.session(
      Trend,
      optionsOf("stopped", { feed: new ReplayFeed({ data: frame, speed: 600 }) }),
    );
    await vi.waitFor(() => expect(run.closedMs).toBeGreaterThan(frame.time[302]!), 5_000);
    await Runner.shutdownAsync();
    await Runner.shutdownAsync();
    const { closedMs } = run;
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(run.closedMs).toBe(closedMs);
    await run.ended;
  });

  it("counts what it does for Prometheus, under the names operators know", async () => {
    const feed = new ReplayFeed({ data: sliceFrame(frame, 0, 400), speed: "max" });
    const run = await Runner.session(Trend, optionsOf("metrics", { feed, metricsPort: 0 }));
    await vi.waitFor(() => expect(run.closedMs).toBe(frame.time[399]! + 60_000), 5_000);
    const text = await (run.isClosed ? run.metrics.text() : (await fetch(run.metricsUrl!)).text());
    const attempts = /^pretrade_attempts_total\{world_id="w"\} ([1-9]\d*)$/m.exec(text)![1]!;
    expect(text).toMatch(
      new RegExp(`^orders_rejected_total\\{world_id="w",reason="not_submitted"\\} ${attempts}$`, "m"),
    );
    expect(text).toMatch(/^orders_published_total\{world_id="w"\} 0$/m);
    expect(text).toMatch(/^pretrade_rejection_ratio\{world_id="w"\} 1$/m);
    expect(text).toMatch(/^nodecache_resident_bytes\{node_id="all",scope="total"\} \d{3,}$/m);
    expect(text).toMatch(/^cross_context_cache_hit_total\{.*\} 0$/m);
    await run[Symbol.asyncDispose]();
    expect(run.metricsUrl).toBeUndefined();
  });

  it("has history alone without a feed, and says so", async () => {
    const notices: string[] = [];
    const { feed: _, ...options } = optionsOf("history", { onNotice: ({ message }) => notices.push(message) });
    const result = await Runner.run(Trend, options);
    expect(result.times).toHaveLength(0);
    expect(notices).toContainEqual(
      expect.stringMatching(/^the run has no feed: its history is computed, and no row follows; .*--replay 60/),
    );
  });
});

describe("options of a run in a world", () => {
  it.each<[object, string, string]>([
    [{ worldid: "w" }, 'a run in a world has no option "worldid"', 'did you mean "worldId"?'],
    [{ worldId: "a b" }, "worldId must be letters", ""],
    [{ gatewayUrl: "localhost" }, "gatewayUrl must be an http address", 'for example "http://127.0.0.1:8000"'],
  ])("are refused: %j", async (wrong, message, hint) => {
    const asked = Runner.run(Trend, { ...optionsOf("wrong"), ...wrong });
    await expect(asked).rejects.toThrow(message);
    if (hint !== "") await expect(asked).rejects.toMatchObject({ hint });
  });
});
