import { VirtualClock } from "@qmtl/testkit/clock";
import { expect, it } from "vitest";
import { ShortMemory } from "./short-memory.ts";

it("remembers a value for its time, and so many at once", async () => {
  const clock = new VirtualClock();
  const memory = new ShortMemory<number>(clock, 2);
  memory.set("a", 1, 100);
  await clock.advance(99);
  expect(memory.get("a")).toBe(1);
  await clock.advance(1);
  expect(memory.get("a")).toBeUndefined();
  memory.set("b", 2, 0);
  memory.set("c", 3, 100);
  memory.set("d", 4, 100);
  memory.set("e", 5, 100);
  expect(["b", "c", "d", "e"].map((key) => memory.get(key))).toEqual([undefined, undefined, 4, 5]);
});
