import { sleep } from "@qmtl/core";
import { expect, it } from "vitest";
import { VirtualClock } from "./index.ts";

it("stands still by itself, and stops at every timer on the way", async () => {
  const clock = new VirtualClock({ startMs: 1_000 });
  const seen: [string, number, number][] = [];
  const note = (name: string) => (): void => void seen.push([name, clock.monotonicMs(), clock.nowMs()]);
  clock.after(20, note("second"));
  clock.after(10, note("first"));
  clock.after(20, note("third, set later for the same time"));
  clock.after(40, note("beyond"));
  await clock.advance(30);
  expect(seen).toEqual([
    ["first", 10, 1_010],
    ["second", 20, 1_020],
    ["third, set later for the same time", 20, 1_020],
  ]);
  expect([clock.monotonicMs(), clock.pending]).toEqual([30, 1]);
});

it("lets each timer's consequences end before the next timer runs", async () => {
  const clock = new VirtualClock();
  const seen: string[] = [];
  clock.after(10, () => {
    void (async () => {
      await Promise.resolve();
      seen.push("a1");
      await sleep(clock, 5);
      seen.push("a2");
    })();
  });
  clock.after(15, () => void seen.push("b"));
  clock.after(16, () => void seen.push("c"));
  expect(await clock.runUntilIdle()).toBe(16);
  expect(seen).toEqual(["a1", "b", "a2", "c"]);
});

it("cancels", async () => {
  const clock = new VirtualClock();
  let ran = false;
  clock.after(10, () => (ran = true))();
  await clock.advance(20);
  expect(ran).toBe(false);
});

it("moves the wall clock without moving time", async () => {
  const clock = new VirtualClock({ startMs: 0 });
  clock.jumpWall(-500);
  await clock.advance(100);
  expect([clock.nowMs(), clock.monotonicMs()]).toEqual([-400, 100]);
});

it("says when what is waited for does not come", async () => {
  const clock = new VirtualClock();
  const poll = (): void => void clock.after(50, poll);
  poll();
  await expect(clock.runUntilIdle(1_000)).rejects.toThrow("timers are left after 1000 ms");
  await expect(clock.runUntil(() => false, 1_000)).rejects.toThrow("has not come within 1000 ms");
  let done = false;
  clock.after(70, () => (done = true));
  const before = clock.monotonicMs();
  await clock.runUntil(() => done);
  expect(clock.monotonicMs() - before).toBe(70);
});
