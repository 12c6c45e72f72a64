import { describe, expect, it } from "vitest";
import { ActivationCache, closedActivation } from "./activation-cache.ts";
import { DecisionCache, decisionTtlMs } from "./decision-cache.ts";

describe("how long a decision holds", () => {
  it.each<[unknown, string | null, number | undefined]>([
    ["300s", "max-age=60", 60_000],
    ["300s", "private, Max-Age=60, must-revalidate", 60_000],
    ["120s", "max-age=0", 120_000],
    ["120s", null, 120_000],
    [90, null, 90_000],
    ["1.5", null, 1_500],
    [undefined, null, 300_000],
    [null, "s-maxage=9", 300_000],
    ["0s", null, undefined],
    [-1, null, undefined],
    ["soon", null, undefined],
    [{}, null, undefined],
    [Number.NaN, null, undefined],
    ["300s", "no-store", undefined],
    ["300s", "max-age=60, no-store", undefined],
  ])("ttl %j with cache-control %j: %j ms", (ttl, header, ms) => expect(decisionTtlMs(ttl, header)).toBe(ms));
});

describe("the decision cache", () => {
  const decision = { body: { effective_mode: "paper" }, etag: "e1" };

  it("is fresh within the time to live, then stale, never gone by itself", () => {
    const cache = new DecisionCache();
    cache.put("w", "", decision, "max-age=10", 0);
    expect(cache.get("w", "", 9_999)).toEqual({ ...decision, fresh: true, freshForMs: 1 });
    expect(cache.get("w", "", 10_000)).toEqual({ ...decision, fresh: false, freshForMs: 0 });
    cache.renew("w", "", "max-age=10", 20_000);
    expect(cache.get("w", "", 29_999)?.fresh).toBe(true);
    expect(cache.get("w", "2025-01-01", 0)).toBeUndefined();
    expect(cache.get("w2", "", 0)).toBeUndefined();
  });

  it("forgets an older answer when the newer one may not be kept", () => {
    const cache = new DecisionCache();
    cache.put("w", "", decision, null, 0);
    cache.put("w", "", { body: { ttl: "0s" }, etag: null }, null, 1);
    expect(cache.get("w", "", 1)).toBeUndefined();
  });

  it("is not fresh after an event of its world", () => {
    const cache = new DecisionCache();
    for (const world of ["w", "v"]) cache.put(world, "", decision, null, 0);
    cache.expire("w");
    expect([cache.get("w", "", 0)?.fresh, cache.get("v", "", 0)?.fresh]).toEqual([false, true]);
    cache.forget("w");
    expect(cache.get("w", "", 0)).toBeUndefined();
  });

  it("is bounded", () => {
    const cache = new DecisionCache(3);
    for (const world of ["a", "b", "c", "d"]) cache.put(world, "", decision, null, 0);
    expect(["a", "b", "c", "d"].map((world) => cache.get(world, "", 0) !== undefined)).toEqual([
      false,
      true,
      true,
      true,
    ]);
  });
});

describe("the activation cache", () => {
  it("keeps the newest entries, by world, strategy and side", () => {
    const cache = new ActivationCache(2);
    const entry = (etag: string) => ({ body: { etag }, etag });
    cache.put("w", "s", "long", entry("1"));
    cache.put("w", "s", "short", entry("2"));
    cache.put("w", "s", "long", entry("3"));
    cache.put("w2", "s", "long", entry("4"));
    expect(cache.get("w", "s", "long")?.etag).toBe("3");
    expect(cache.get("w", "s", "short")).toBeUndefined();
    cache.forget("w");
    expect([cache.get("w", "s", "long"), cache.get("w2", "s", "long")?.etag]).toEqual([undefined, "4"]);
  });

  it("shows what cannot be confirmed as closed", () => {
    const open = { world_id: "w", active: true, weight: 0.7, effective_mode: "live", etag: "e" };
    expect(closedActivation(open)).toEqual({
      world_id: "w",
      active: false,
      weight: 0,
      effective_mode: "compute-only",
      etag: "e",
    });
  });
});
