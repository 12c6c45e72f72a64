import assert from "node:assert/strict";
import { test } from "node:test";
import { Runner, Strategy, StreamInput } from "qmtl";
import { randomMarket } from "../generators/random-market.ts";
import { momentum } from "../indicators/momentum.ts";
import { threshold } from "../transforms/threshold.ts";

const dayMs = 86_400_000;

class Blocks extends Strategy {
  override setup(): void {
    const price = new StreamInput({ name: "price", interval: "1d" });
    const change = momentum(price, 2);
    this.addNodes(price, change, threshold(change, { lower: -0.1, upper: 0.1 }));
  }
}

/** Runs the nodes over bars with these closes and gives one node's values; NaN where there is none. */
async function valuesOf(node: string, closes: readonly number[]): Promise<number[]> {
  const close = Float64Array.from(closes);
  const columns = { open: close, high: close, low: close, close, volume: new Float64Array(close.length).fill(1) };
  const time = Float64Array.from(closes, (_, day) => day * dayMs);
  const data = { intervalMs: dayMs, length: close.length, time, columns };
  const { nodes, columns: outputs } = await Runner.offline(Blocks, { data });
  const { id } = nodes.find(({ name }) => name === node)!;
  return [...outputs.get(id)!.fields["value"]!];
}

test("momentum is the return over the last bars", async () => {
  assert.deepEqual(await valuesOf("momentum_2", [100, 110, 125, 99]), [NaN, NaN, 0.25, 99 / 110 - 1]);
});

test("threshold tells up, down and in between", async () => {
  assert.deepEqual(await valuesOf("signal", [100, 100, 150, 100, 100]), [NaN, NaN, 1, 0, -1]);
});

test("a random market is the same for the same seed", async () => {
  const everything = { nodeId: "any", intervalMs: dayMs, start: 0, end: Number.MAX_SAFE_INTEGER };
  const [once, again, other] = await Promise.all(
    [1, 1, 2].map((seed) => randomMarket({ seed, years: 1 }).fetch(everything)),
  );
  assert.equal(once!.length, 261);
  assert.deepEqual(once, again);
  assert.notDeepEqual(once!.columns, other!.columns);
});
