import { expect, it } from "vitest";
import { Runner, SeriesNode, sma, Strategy, StreamInput } from "../index.ts";
import { assertNoLookahead, assertParity, barsOf, columnOf } from "./index.ts";

class Mean extends Strategy {
  setup() {
    const price = new StreamInput({ name: "price", interval: "1h" });
    this.addNodes(price, sma(price, { period: 2, name: "mean" }));
  }
}

class Peek extends Strategy {
  setup() {
    const price = new StreamInput({ name: "price", interval: "1m" });
    this.addNodes(
      price,
      new SeriesNode({
        name: "peek",
        input: price,
        compute: ([close]) => close!.map((_, row) => close![row + 1] ?? 0),
      }),
    );
  }
}

it("makes bars from closes and reads a node's column by name", async () => {
  const bars = barsOf([1, 3, 2], { interval: "1h", startMs: 3_600_000 });
  expect([...bars.time]).toEqual([3_600_000, 7_200_000, 10_800_000]);
  expect([[...bars.columns["open"]!], [...bars.columns["high"]!], [...bars.columns["low"]!]]).toEqual([
    [1, 1, 3],
    [1, 3, 3],
    [1, 1, 2],
  ]);
  const result = await Runner.offline(Mean, { data: bars });
  expect(columnOf(result, "mean")).toEqual([null, 2, 2.5]);
  expect(() => columnOf(result, "maen")).toThrow(/no node "maen"/);
  expect(() => columnOf(result, "mean", "upper")).toThrow(/no field "upper"/);
});

it("asserts parity and the absence of look-ahead", async () => {
  const options = { data: barsOf([1, 3, 2, 5], { interval: "1h" }) };
  await assertParity(Mean, options);
  await assertNoLookahead(Mean, options);
  const minutes = { data: barsOf([1, 3, 2, 5]) };
  await expect(assertParity(Peek, minutes)).rejects.toMatchObject({ code: "PARITY_BROKEN" });
  await expect(assertNoLookahead(Peek, minutes)).rejects.toMatchObject({ code: "LOOKAHEAD_FOUND" });
});
