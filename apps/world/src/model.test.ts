import { seededRandom } from "@qmtl/core";
import { activationStateHash, activationTable } from "@qmtl/policy/activation";
import { verifyAudit } from "@qmtl/store";
import { VirtualClock } from "@qmtl/testkit/clock";
import { describe, expect, it } from "vitest";
import { entryOf } from "./store/world-state.ts";
import { openWorld, type Reply, type TestWorld } from "./testing/open-world.ts";

// Random requests of all kinds, right and wrong, and after each: what must hold whatever was asked for.

const strategies = ["a", "b", "c"];
const policies = [
  "gates: [s > 0]",
  "selection: {score: s, topk: {total: 1}}",
  "hysteresis: {metric: s, enter: 1, exit: 0}",
];

async function played(seed: number, allowLive: boolean, steps: number): Promise<{ ok: number; refused: number }> {
  const random = seededRandom(seed);
  const clock = new VirtualClock();
  const test = await openWorld({ clock });
  const pick = <Value>(from: readonly Value[]): Value => from[random.integer(from.length)]!;
  const chance = (probability: number): boolean => random.uniform() < probability;
  const count = { ok: 0, refused: 0 };
  await test.call("POST", "/worlds", { id: "w", allow_live: allowLive });
  const seen = { epoch: 0, sequence: 0 };
  for (let step = 0; step < steps; step++) {
    const { body: world, headers } = await test.call("GET", "/worlds/w");
    const based = { headers: { "if-match": chance(0.9) ? String(headers["etag"]) : '"w:w:r0"' } };
    const mode = pick(["validate", "compute-only", "paper", "live", "active", undefined]);
    const metrics = Object.fromEntries(strategies.map((id) => [id, { s: pick([1, 2, -1, null]) }]));
    const request = pick([
      () => test.call("POST", "/worlds/w/policies", { policy: pick(policies) }),
      () => test.call("POST", "/worlds/w/set-default", { version: 1 + random.integer(3) }, based),
      () => test.call("POST", "/worlds/w/bindings", { strategies: [pick(strategies)] }),
      () => test.call("POST", "/worlds/w/decisions", { strategies: strategies.slice(random.integer(3)) }, based),
      () => test.call("POST", "/worlds/w/evaluate", { metrics }),
      () => test.call("POST", "/worlds/w/kill", { reason: "r" }),
      () => test.call("POST", "/worlds/w/revive", { reason: "r" }),
      () => test.call("POST", "/worlds/w/unfreeze", { reason: "r", expected_epoch: world.epoch }),
      () => put(test, pick(strategies), mode, chance(0.8)),
      () => test.call("PUT", "/worlds/w", { description: String(step) }, based),
      () =>
        apply(
          test,
          world.epoch,
          `r${random.integer(6)}`,
          mode,
          chance(0.5) ? { plan: { activate: [pick(strategies)] } } : { metrics },
        ),
      () => apply(test, world.epoch, `r${step}`, mode, { plan: { deactivate: [pick(strategies)] } }),
    ]);
    const { status } = await request();
    expect([200, 201, 204, 403, 404, 409, 412, 422, 428]).toContain(status);
    if (status < 300) count.ok += 1;
    else count.refused += 1;
    await holds(test, seen, allowLive);
  }
  await clock.advance(1_000);
  const events = test.events.filter(({ topic }) => topic === "control.activation");
  // (w, s) names one event, and none is missing (W-1).
  expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
  const epochs = events.map(({ event }) => Number(event.data["epoch"]));
  expect(epochs).toEqual(epochs.toSorted((a, b) => a - b));
  expect(await verifyAudit(test.database, "w")).toMatchObject({ kind: "intact" });
  await test.close();
  return count;
}

async function holds(test: TestWorld, seen: { epoch: number; sequence: number }, allowLive: boolean): Promise<void> {
  const { body: world } = await test.call("GET", "/worlds/w");
  const { body: state } = await test.call("GET", "/worlds/w/order-state");
  const { body: decision } = await test.call("GET", "/worlds/w/decide");
  expect(world.epoch).toBeGreaterThanOrEqual(seen.epoch);
  expect(world.sequence).toBeGreaterThanOrEqual(seen.sequence);
  Object.assign(seen, { epoch: world.epoch, sequence: world.sequence });
  // What is served is what is stored, and its hash is that of the entries (W-10).
  const rows = await test.database.selectFrom("world_activation").selectAll().execute();
  expect(state.state_hash).toBe(activationStateHash(activationTable(rows.map(entryOf))));
  expect(["ACTIVE", "ROLLED_BACK"]).toContain(world.phase);
  const modes = [
    decision.effective_mode,
    ...state.entries.map((entry: { effective_mode: string | null }) => entry.effective_mode),
  ];
  if (!allowLive) expect(modes).not.toContain("live"); // W-5
  if (world.killed !== null) expect(decision.effective_mode).toBe("compute-only");
}

async function put(test: TestWorld, id: string, effective_mode: string | undefined, based: boolean): Promise<Reply> {
  const { headers } = await test.call("GET", `/worlds/w/activation?strategy_id=${id}&side=long`);
  const etag = headers["etag"] as string | undefined;
  const body = {
    strategy_id: id,
    side: "long",
    active: true,
    ...(effective_mode === undefined ? {} : { effective_mode }),
  };
  return test.call(
    "PUT",
    "/worlds/w/activation",
    body,
    based && etag !== undefined ? { headers: { "if-match": etag } } : {},
  );
}

function apply(
  test: TestWorld,
  expected_epoch: number,
  run_id: string,
  effective_mode: string | undefined,
  what: object,
): Promise<Reply> {
  return test.call("POST", "/worlds/w/apply", {
    run_id,
    expected_epoch,
    ...(effective_mode === undefined ? {} : { effective_mode }),
    ...what,
  });
}

describe("whatever is asked of a world", () => {
  it.each([1, 2, 3])("it never becomes live unless it is allowed to (W-5), seed %d", async (seed) => {
    const { ok, refused } = await played(seed, false, 60);
    expect(ok).toBeGreaterThan(15);
    expect(refused).toBeGreaterThan(5);
  });

  it("its numbers rise and its audit holds, when it is allowed to be live too", async () => {
    expect((await played(4, true, 60)).ok).toBeGreaterThan(15);
  });
});
