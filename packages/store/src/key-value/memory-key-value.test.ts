import { keyValueContract } from "@qmtl/testkit/contracts";
import { VirtualClock } from "@qmtl/testkit/clock";
import { expect, it } from "vitest";
import { MemoryKeyValue } from "./index.ts";

keyValueContract("the memory of one process", async () => {
  const clock = new VirtualClock();
  return { store: new MemoryKeyValue({ clock }), pass: (ms) => clock.advance(ms), close: async () => {} };
});

it("refuses a new entry when it is full of live ones", async () => {
  const clock = new VirtualClock();
  const store = new MemoryKeyValue({ clock, entriesMax: 2 });
  await store.set("a", "1", { ttlMs: 100 });
  await store.set("b", "1");
  await expect(store.set("c", "1")).rejects.toMatchObject({ code: "SERVICE_OVERLOADED" });
  await store.set("b", "2");
  await clock.advance(150);
  await store.set("c", "1");
  expect(await store.get("b")).toBe("2");
});

it("forgets the oldest entry when it may", async () => {
  const store = new MemoryKeyValue({ clock: new VirtualClock(), entriesMax: 2, whenFull: "forget-oldest" });
  for (const key of ["a", "b", "a", "c"]) await store.set(key, key);
  expect(await Promise.all(["a", "b", "c"].map((key) => store.get(key)))).toEqual(["a", undefined, "c"]);
});
