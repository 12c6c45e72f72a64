import type { KeyValue } from "@qmtl/store/key-value";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { PassingTime } from "./passing-time.ts";

export interface KeyValueHarness extends PassingTime {
  readonly store: KeyValue;
  close(): Promise<void>;
}

/** What every key-value store does. `open` gives an empty one. */
export function keyValueContract(name: string, open: () => Promise<KeyValueHarness>): void {
  describe(`${name}, as a key-value store`, () => {
    let harness: KeyValueHarness;
    let store: KeyValue;
    beforeEach(async () => {
      harness = await open();
      store = harness.store;
    });
    afterEach(() => harness.close());

    it("keeps text as it is", async () => {
      for (const value of ["", "0", "가나다 🙂", "a\u0000b", "x".repeat(100_000)]) {
        await store.set("key", value);
        expect(await store.get("key")).toBe(value);
      }
      expect(await store.get("other")).toBeUndefined();
    });

    it("forgets an entry when its time to live has passed", async () => {
      await store.set("short", "1", { ttlMs: 100 });
      await store.set("long", "1", { ttlMs: 5_000 });
      await store.set("for ever", "1");
      await harness.pass(150);
      expect(await store.get("short")).toBeUndefined();
      expect(await store.get("long")).toBe("1");
      expect(await store.get("for ever")).toBe("1");
    });

    it("drops the time to live when a value is set again without one", async () => {
      await store.set("key", "1", { ttlMs: 100 });
      await store.set("key", "2");
      await harness.pass(150);
      expect(await store.get("key")).toBe("2");
    });

    it("stores under a free key for one caller", async () => {
      const answers = await Promise.all(
        ["a", "b", "c"].map((value) => store.setIfAbsent("key", value, { ttlMs: 100 })),
      );
      expect(answers.filter(Boolean)).toHaveLength(1);
      await harness.pass(150);
      expect(await store.setIfAbsent("key", "d")).toBe(true);
      expect(await store.get("key")).toBe("d");
    });

    it("compares and sets in one step", async () => {
      expect(await store.compareAndSet("key", "1", "2")).toBe(false);
      expect(await store.compareAndSet("key", undefined, "1")).toBe(true);
      expect(await store.compareAndSet("key", undefined, "2")).toBe(false);
      const answers = await Promise.all(["a", "b", "c"].map((value) => store.compareAndSet("key", "1", value)));
      expect(answers.filter(Boolean)).toHaveLength(1);
    });

    it("gives a value that is taken to one caller", async () => {
      await store.set("ticket", "t");
      const answers = await Promise.all([1, 2, 3].map(() => store.take("ticket")));
      expect(answers.filter((answer) => answer === "t")).toHaveLength(1);
      expect(await store.get("ticket")).toBeUndefined();
    });

    it("deletes, and says whether there was something", async () => {
      await store.set("key", "");
      expect(await store.delete("key")).toBe(true);
      expect(await store.delete("key")).toBe(false);
    });

    it("counts without losing one, in a window that starts with the first", async () => {
      const counts = await Promise.all(Array.from({ length: 20 }, () => store.increment("hits", { ttlMs: 200 })));
      expect(counts.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
      await harness.pass(120);
      expect(await store.increment("hits", { by: 5, ttlMs: 200 })).toBe(25);
      await harness.pass(120);
      expect(await store.increment("hits", { ttlMs: 200 })).toBe(1);
      await store.set("word", "many");
      await expect(store.increment("word")).rejects.toMatchObject({ code: "STORE_CORRUPT" });
    });
  });
}
