import { VirtualClock } from "@qmtl/testkit/clock";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openWorld, type TestWorld } from "./testing/open-world.ts";

let folder: string;
let clock: VirtualClock;
/** Of the process opened last. */
let died: Promise<void>;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "qmtl-world-"));
  clock = new VirtualClock();
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Opens the world's file; at the `count`-th moment of that name the process ends, and does nothing any more. */
function open(moment?: string, count = 1): Promise<TestWorld> {
  let seen = 0;
  let dead = false;
  let die: () => void;
  died = new Promise((resolve) => (die = resolve));
  const at = (name: string): void => {
    if (name === moment && ++seen === count) dead = true;
    if (!dead) return;
    die();
    throw new Error("the process is gone");
  };
  return openWorld({ clock, path: join(folder, "world.db"), at });
}

async function until(test: TestWorld, done: (world: { phase: string; run: { stage: string } }) => boolean) {
  for (let step = 0; step < 400; step++) {
    const { body } = await test.call("GET", "/worlds/w");
    if (done(body)) return body;
    await clock.advance(25);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  throw new Error("it takes too long");
}

const request = { run_id: "r", plan: { activate: ["a"], deactivate: ["b"] }, expected_epoch: 1 };

async function prepared(test: TestWorld): Promise<void> {
  await test.call("POST", "/worlds", { id: "w" });
  await test.call("PUT", "/worlds/w/activation", { strategy_id: "b", side: "short", active: true, weight: 0.25 });
  await test.call("POST", "/worlds/w/decisions", { strategies: ["b"] });
}

/** Sends the request to a process that dies over it. */
async function tried(test: TestWorld, body: object = request): Promise<void> {
  void test.call("POST", "/worlds/w/apply?wait_ms=10000", body).catch(() => undefined);
  await died;
  await test.close();
}

const moments = ["begin", "inside", "committed"].flatMap((part) =>
  [1, 2, 3, 4].map((count): [string, number] => [`apply_stage:${part}`, count]),
);

describe("an apply whose process ends (W-3)", () => {
  it.each(moments)("at %s, transaction %d, goes on or has never been", async (moment, count) => {
    let test = await open(moment, count);
    await prepared(test);
    await tried(test);

    test = await open();
    const begun = (await test.call("GET", "/worlds/w")).body.run !== null;
    expect(begun).toBe(!(count === 1 && moment !== "apply_stage:committed"));
    if (begun) await until(test, ({ run }) => run.stage === "completed");
    // The client that was never answered asks again, with the same words.
    const again = test.call("POST", "/worlds/w/apply?wait_ms=10000", request);
    await until(test, ({ run }) => run?.stage === "completed");
    expect((await again).body).toEqual({ ok: true, run_id: "r", active: ["a"], phase: "completed" });

    const { body } = await test.call("GET", "/worlds/w");
    expect([body.phase, body.epoch]).toEqual(["ACTIVE", 3]);
    expect((await test.call("GET", "/worlds/w/order-state")).body.entries).toMatchObject([
      { strategy_id: "a", side: "long", active: true, weight: 1 },
      { strategy_id: "b", side: "short", active: false, weight: 0 },
    ]);
    expect((await test.call("GET", "/worlds/w/audit/verify")).body.intact).toBe(true);
    await clock.advance(1_000);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const rows = await test.database
      .selectFrom("store_outbox")
      .selectAll()
      .where("topic", "=", "control.activation")
      .execute();
    const numbers = rows.map(({ sequence }) => sequence).sort((a, b) => a - b);
    // 1 is the entry written before; then freeze, two entries, switch, unfreeze: each once, and none missing (W-1).
    expect(numbers).toEqual([1, 2, 3, 4, 5, 6]);
    expect(rows.every(({ published_ms }) => published_ms !== null)).toBe(true);
    await test.close();
  });

  it("after a restart waits for the leases of the process before", async () => {
    let test = await open("apply_stage:committed", 1);
    await prepared(test);
    await test.call("POST", "/worlds/w/lease", {
      holder: "h",
      incarnation: "1",
      strategy_id: "a",
      seen_epoch: 1,
      sequence: 0,
    });
    await tried(test);
    test = await open();
    await clock.advance(3_000);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect((await test.call("GET", "/worlds/w")).body.phase).toBe("FREEZING");
    await until(test, ({ phase }) => phase === "ACTIVE");
    await test.close();
  });
});

describe("a second process on the same file", () => {
  it("takes over; the first one grants and writes nothing any more, and says why", async () => {
    const first = await open();
    await prepared(first);
    const lease = { holder: "h", incarnation: "1", strategy_id: "b", seen_epoch: 1, sequence: 0 };
    expect((await first.call("POST", "/worlds/w/lease", lease)).body.granted).toBe(true);
    await clock.advance(1_000);

    const second = await open();
    expect([await first.world.ready(), await second.world.ready()]).toEqual([false, true]);
    for (const [method, url, body] of [
      ["POST", "/worlds/w/lease", lease],
      ["POST", "/worlds/w/apply", request],
      ["POST", "/worlds/w/bindings", { strategies: ["c"] }],
      ["POST", "/worlds", { id: "v" }],
      ["GET", "/worlds/w/decide", undefined],
    ] as const) {
      expect((await first.call(method, url, body)).body.detail.code, url).toBe("E_FENCED");
    }
    expect((await first.call("GET", "/health")).status).toBe(503);

    // What the first one has granted may be out until its clock says otherwise (OG-2).
    void second.call("POST", "/worlds/w/apply?wait_ms=10000", request);
    await clock.advance(3_000);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect((await second.call("GET", "/worlds/w")).body.phase).toBe("FREEZING");
    await until(second, ({ run }) => run?.stage === "completed");
    await first.close();
    await second.close();
  });
});

describe("a transaction that was carried out, and said to have failed", () => {
  it.each([1, 2, 3, 4])("number %d of an apply: it goes on from what the store holds", async (failing) => {
    let seen = 0;
    const at = (moment: string): void => {
      if (moment === "apply_stage:committed" && ++seen === failing) throw new Error("no answer from the store");
    };
    const test = await openWorld({ clock, at });
    await prepared(test);
    const first = test.call("POST", "/worlds/w/apply?wait_ms=10000", request);
    await until(test, ({ run }) => run?.stage === "completed" || seen === 1);
    if (failing === 1) expect((await first).status).toBe(500);
    const again = test.call("POST", "/worlds/w/apply?wait_ms=10000", request);
    await until(test, ({ run }) => run?.stage === "completed");
    expect((await again).body).toMatchObject({ ok: true, phase: "completed" });
    expect((await test.call("GET", "/worlds/w")).body).toMatchObject({ phase: "ACTIVE", epoch: 3, sequence: 6 });
    const lease = { holder: "h", incarnation: "1", strategy_id: "b", seen_epoch: 3, sequence: 0 };
    expect((await test.call("POST", "/worlds/w/lease", lease)).body).toMatchObject({ granted: true, epoch: 3 });
    await test.close();
  });

  it("of a kill: the world is killed, and the next one is told so", async () => {
    let fails = true;
    const at = (moment: string): void => {
      if (moment === "world_killed:committed" && fails) throw new Error("no answer from the store");
    };
    const test = await openWorld({ clock, at });
    await prepared(test);
    expect((await test.call("POST", "/worlds/w/kill", { reason: "r" })).status).toBe(500);
    fails = false;
    const lease = { holder: "h", incarnation: "1", strategy_id: "b", seen_epoch: 1, sequence: 0 };
    expect((await test.call("POST", "/worlds/w/lease", lease)).body).toMatchObject({
      granted: false,
      reason: "killed",
    });
    expect((await test.call("POST", "/worlds/w/kill", { reason: "r" })).body).toMatchObject({ epoch: 2 });
    await test.close();
  });
});

describe("an apply that fails (W-4)", () => {
  // Transactions of an apply: freeze, frozen, switch, unfreeze.
  it.each([
    ["switch", 3],
    ["unfreeze", 4],
  ])("at the %s restores everything exactly, stays frozen, and opens with a reason", async (_, failing) => {
    let seen = 0;
    const at = (moment: string): void => {
      if (moment === "apply_stage:inside" && ++seen === failing) throw new Error("no room");
    };
    const test = await openWorld({ clock, path: join(folder, "world.db"), at });
    await prepared(test);
    await test.call("POST", "/worlds/w/policies", { policy: "hysteresis: {min_dwell: 1h}" });
    const before = await stateOf(test);

    const refused = await test.call("POST", "/worlds/w/apply?wait_ms=10000", request);
    expect([refused.status, refused.body.detail.code]).toEqual([500, "E_APPLY_FAILED"]);
    expect(refused.body.detail.message).toBe('apply "r" was rolled back: no room');
    expect(await stateOf(test)).toEqual(before);

    const world = (await test.call("GET", "/worlds/w")).body;
    expect(world).toMatchObject({
      phase: "ROLLED_BACK",
      epoch: 2,
      run: { run_id: "r", stage: "rolled_back", error: "no room" },
    });
    const lease = { holder: "h", incarnation: "1", strategy_id: "b", seen_epoch: 2, sequence: 0 };
    expect((await test.call("POST", "/worlds/w/lease", lease)).body.granted).toBe(false);
    expect((await test.call("GET", "/worlds/w/activation?strategy_id=b&side=short")).body).toMatchObject({
      active: false,
      freeze: true,
    });
    expect((await test.call("POST", "/worlds/w/apply", request)).status).toBe(500); // the same answer again
    expect((await test.call("POST", "/worlds/w/unfreeze", { reason: "looked at", expected_epoch: 9 })).status).toBe(
      412,
    );
    expect((await test.call("POST", "/worlds/w/unfreeze", { reason: "looked at", expected_epoch: 2 })).body.phase).toBe(
      "ACTIVE",
    );
    expect((await test.call("POST", "/worlds/w/lease", lease)).body).toMatchObject({ granted: true, epoch: 3 });
    const text = (await test.world.http.inject({ url: "/metrics" })).body;
    expect(text).toContain('world_apply_failure_total{world_id="w"');
    expect(text).toContain('world_apply_run_total{world_id="w",status="rolled_back"} 1');
    await test.close();
  });

  it("may be followed by one that does not, which opens the world", async () => {
    let seen = 0;
    const at = (moment: string): void => {
      if (moment === "apply_stage:inside" && ++seen === 3) throw new Error("no room");
    };
    const test = await openWorld({ clock, at });
    await prepared(test);
    await test.call("POST", "/worlds/w/apply?wait_ms=10000", request);
    const second = { ...request, run_id: "r2", expected_epoch: 2 };
    expect((await test.call("POST", "/worlds/w/apply?wait_ms=10000", second)).body.phase).toBe("completed");
    expect((await test.call("GET", "/worlds/w")).body).toMatchObject({ phase: "ACTIVE", epoch: 4 });
    await test.close();
  });
});

/** Everything a rollback has to bring back. */
async function stateOf(test: TestWorld): Promise<unknown> {
  const { state_hash, entries } = (await test.call("GET", "/worlds/w/order-state")).body;
  const overrides = (await test.call("GET", "/worlds/w/edges/overrides")).body;
  const rows = await test.database.selectFrom("world_activation").selectAll().orderBy("strategy_id").execute();
  const row = await test.database.selectFrom("worlds").selectAll().executeTakeFirstOrThrow();
  const { decisions, memory, mode, data_is_current, decided_ms } = row;
  return { state_hash, entries, overrides, rows, decisions, memory, mode, data_is_current, decided_ms };
}
