import { VirtualClock } from "@qmtl/testkit/clock";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { openWorld, people, type Reply, type TestWorld } from "./testing/open-world.ts";

let clock: VirtualClock;
let test: TestWorld;
beforeEach(async () => {
  clock = new VirtualClock();
  test = await openWorld({ clock });
});
afterEach(() => test.close());

const get = (url: string, headers?: Record<string, string>): Promise<Reply> =>
  test.call("GET", url, undefined, headers === undefined ? {} : { headers });
const post = (url: string, body: unknown, headers?: Record<string, string>): Promise<Reply> =>
  test.call("POST", url, body, headers === undefined ? {} : { headers });
const put = (url: string, body: unknown, headers?: Record<string, string>): Promise<Reply> =>
  test.call("PUT", url, body, headers === undefined ? {} : { headers });

async function created(more: object = {}): Promise<void> {
  expect((await post("/worlds", { id: "w", ...more })).status).toBe(201);
}

async function etagOf(url = "/worlds/w"): Promise<Record<string, string>> {
  return { "if-match": String((await get(url)).headers["etag"]) };
}

/** Lets time pass in small steps until the answer is there: commits take their own. */
async function inTime<Result>(answer: Promise<Result>): Promise<Result> {
  let waiting = true;
  void answer.finally(() => (waiting = false));
  while (waiting) {
    await clock.advance(25);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return answer;
}

async function applied(runId: string, body: object): Promise<Reply> {
  return post("/worlds/w/apply", { run_id: runId, ...body }, await etagOf());
}

describe("worlds", () => {
  it("are created, listed, changed and deleted; the audit stays", async () => {
    const made = await post("/worlds", { id: "w", name: "first", labels: ["a"] });
    expect(made).toMatchObject({
      status: 201,
      body: {
        id: "w",
        name: "first",
        allow_live: false,
        effective_mode_max: "compute-only",
        phase: "ACTIVE",
        epoch: 1,
      },
    });
    expect((await post("/worlds", { id: "w" })).status).toBe(409);
    expect((await get("/worlds")).body).toHaveLength(1);
    const changed = await put("/worlds/w", { name: "second" }, { "if-match": String(made.headers["etag"]) });
    expect(changed.body).toMatchObject({ name: "second", labels: ["a"] });
    expect((await put("/worlds/w", { name: "x" }, { "if-match": String(made.headers["etag"]) })).status).toBe(412);
    expect((await put("/worlds/w", { name: "x" })).status).toBe(428);
    expect((await put("/worlds/nothing", { name: "x" }, { "if-match": "a" })).status).toBe(404);
    expect((await test.call("DELETE", "/worlds/w", undefined, { headers: await etagOf() })).status).toBe(204);
    expect((await get("/worlds/w")).status).toBe(404);
    expect((await get("/worlds/w/decide")).body.detail.code).toBe("E_WORLD_NOT_FOUND");
    const audit = (await get("/worlds/w/audit")).body as { event: string }[];
    expect(audit.map(({ event }) => event)).toEqual(
      [
        "world_created",
        "POST /worlds",
        "world_updated",
        "PUT /worlds/:id",
        "PUT /worlds/:id",
        "world_killed",
        "world_deleted",
      ].filter((event) => event !== "POST /worlds"),
    );
  });

  it("that come back go on counting (W-1)", async () => {
    await created();
    await put("/worlds/w/activation", { strategy_id: "s", side: "long", active: true });
    await test.call("DELETE", "/worlds/w", undefined, { headers: await etagOf() });
    await created();
    const { epoch, sequence } = (await get("/worlds/w")).body;
    expect([epoch, sequence]).toEqual([3, 2]);
    expect((await get("/worlds/w/order-state")).body.entries).toEqual([]);
  });

  it("that come back wait for the leases of their former life (OG-2)", async () => {
    await created();
    expect((await post("/worlds/w/lease", lease({}))).body.granted).toBe(true);
    await test.call("DELETE", "/worlds/w", undefined, { headers: await etagOf() });
    await created();
    const apply = { run_id: "r", plan: {}, expected_epoch: 3 };
    expect((await inTime(post("/worlds/w/apply", apply))).body.phase).toBe("freeze");
    await clock.advance(3_000);
    expect((await inTime(post("/worlds/w/apply", apply))).body.phase).toBe("completed");
  });

  it("start with what cannot trade (W-5)", async () => {
    await created();
    expect((await get("/worlds/w/decide")).body).toMatchObject({
      effective_mode: "validate",
      reason: "no_bindings",
      ttl: "300s",
    });
    await post("/worlds/w/bindings", { strategies: ["b", "a", "b"] });
    expect((await get("/worlds/w/bindings")).body).toEqual({ strategies: ["a", "b"] });
    expect((await get("/worlds/w/decide")).body.reason).toBe("no_active_strategies");
    await post("/worlds/w/decisions", { strategies: ["a"] });
    expect((await get("/worlds/w/decide")).body).toMatchObject({
      effective_mode: "compute-only",
      reason: "not_promoted",
    });
    expect((await get("/worlds/w/edges/overrides")).body).toMatchObject([
      { src_node_id: "domain:backtest", dst_node_id: "domain:live", active: false, reason: "auto:cross-domain-block" },
    ]);
  });
});

describe("access", () => {
  it.each([
    ["reader", "GET", "/worlds/w", 200],
    ["reader", "POST", "/worlds/w/kill", 403],
    ["reader", "PUT", "/worlds/w/activation", 403],
    ["operator", "POST", "/worlds/w/policies", 403],
    ["operator", "PUT", "/worlds/w", 403],
    ["operator", "POST", "/worlds", 403],
    ["stranger", "GET", "/worlds/w", 403],
    ["stranger", "GET", "/worlds/w/audit", 403],
  ] as const)("%s %s %s -> %i", async (who, method, url, status) => {
    await created();
    const body = method === "GET" ? undefined : { reason: "r", id: "x", policy: {} };
    expect((await test.call(method, url, body, { as: people[who] })).status).toBe(status);
  });

  it("shows a list of what may be read, and audits what was refused", async () => {
    await created();
    await post("/worlds", { id: "v" });
    const listed = (await test.call("GET", "/worlds", undefined, { as: people.reader })).body as { id: string }[];
    expect(listed.map(({ id }) => id)).toEqual(["w"]);
    await test.call("POST", "/worlds/w/kill", { reason: "r" }, { as: people.reader });
    const audit = (await get("/worlds/w/audit")).body as { actor: string }[];
    expect(audit.at(-1)).toMatchObject({ event: "POST /worlds/:id/kill", outcome: "refused", actor: "rea" });
  });

  it("every route has a rule, and all but health and metrics need credentials", async () => {
    for (const { method, url } of test.world.http.routeTable) {
      if (method === "HEAD" || method === "OPTIONS") continue;
      const path = url.replace("*", "x").replaceAll(/:\w+/g, "w");
      const { statusCode } = await test.world.http.inject({ method: method as "GET", url: path });
      expect([statusCode, method, url]).toEqual([isOpen(url) ? expect.any(Number) : 401, method, url]);
    }
    function isOpen(url: string): boolean {
      return url === "/health" || url === "/metrics" || url.startsWith("/openapi") || url.startsWith("/docs");
    }
  });
});

describe("policies", () => {
  it("have versions; a rejected one leaves the default as it was, and says where", async () => {
    await created();
    expect((await post("/worlds/w/policies", { policy: "gates: [s > 1]" })).body).toMatchObject({ version: 1 });
    const refused = await post("/worlds/w/policies", { policy: "gates:\n  - s >\n" });
    expect(refused).toMatchObject({ status: 422, body: { detail: { code: "E_POLICY_INVALID", line: 2, column: 5 } } });
    expect(
      (await post("/worlds/w/policies", { policy: { thresholds: { q: { metric: "s", min: 0 } } } })).body.version,
    ).toBe(2);
    expect((await get("/worlds/w")).body.default_policy_version).toBe(1);
    expect((await get("/worlds/w/policies")).body).toMatchObject([{ version: 1 }, { version: 2 }]);
    expect((await get("/worlds/w/policies/2")).body).toEqual({ thresholds: { q: { metric: "s", min: 0 } } });
    expect((await get("/worlds/w/policies/3")).status).toBe(404);
    const before = (await get("/worlds/w/policy/state_hash")).body.state_hash as string;
    expect((await post("/worlds/w/set-default", { version: 9 }, await etagOf())).status).toBe(404);
    expect((await post("/worlds/w/set-default", { version: 2 })).status).toBe(428);
    expect((await post("/worlds/w/set-default", { version: 2 }, await etagOf())).body).toEqual({ version: 2 });
    expect((await get("/worlds/w/policy/state_hash")).body.state_hash).not.toBe(before);
    expect((await get("/worlds/w/nonsense/state_hash")).status).toBe(400);
    await clock.advance(1_000);
    expect(test.events.filter(({ topic }) => topic === "control.policy")).toMatchObject([
      { key: "w", sequence: 1, event: { type: "policy_updated", data: { version: 1, policy_version: 1 } } },
      { key: "w", sequence: 2, event: { data: { version: 1, policy_version: 2 } } },
    ]);
  });
});

describe("activation", () => {
  it("is written whole, read with its etag, and guarded by it (W-7)", async () => {
    await created();
    const url = "/worlds/w/activation?strategy_id=s&side=long";
    expect((await get(url)).status).toBe(404);
    expect((await get("/worlds/w/activation?strategy_id=s")).status).toBe(422);
    const entry = { strategy_id: "s", side: "long", active: true };
    const first = await put("/worlds/w/activation", entry);
    expect(first.body).toMatchObject({ active: true, weight: 1, freeze: false, etag: "act:w:s:long:1", sequence: 1 });
    expect((await get(url, { "if-none-match": String(first.headers["etag"]) })).status).toBe(304);
    expect((await put("/worlds/w/activation", entry)).status).toBe(428);
    expect((await put("/worlds/w/activation", entry, { "if-match": '"act:w:s:long:9"' })).status).toBe(412);
    const second = await put(
      "/worlds/w/activation",
      { ...entry, active: false },
      { "if-match": String(first.headers["etag"]) },
    );
    expect(second.body).toMatchObject({ active: false, weight: 0, etag: "act:w:s:long:2" });
    expect((await get(url, { "if-none-match": String(first.headers["etag"]) })).status).toBe(200);
    await clock.advance(1_000);
    expect(
      test.events.map(({ sequence, event }) => [sequence, event.data["active"], event.data["state_hash"]]),
    ).toEqual([
      [1, true, first.body.state_hash],
      [2, false, second.body.state_hash],
    ]);
  });

  it("freeze outranks drain, drain outranks active", async () => {
    await created();
    const drained = await put("/worlds/w/activation", { strategy_id: "s", side: "long", active: true, drain: true });
    expect(drained.body).toMatchObject({ active: false, drain: true });
  });

  it.each(["live", "active", "LIVE"])(
    "cannot be %s where the world does not allow it (W-5)",
    async (effective_mode) => {
      await created();
      const entry = { strategy_id: "s", side: "long", active: true, effective_mode };
      expect((await put("/worlds/w/activation", entry)).status).toBe(403);
      expect((await applied("r", { plan: { activate: ["s"] }, effective_mode })).status).toBe(403);
      expect((await get("/worlds/w")).body.phase).toBe("ACTIVE");
    },
  );
});

const policy = "gates: [sharpe >= 1]\nselection: {score: sharpe, topk: {total: 2}}";
const metrics = { a: { sharpe: 2 }, b: { sharpe: 3 }, c: { sharpe: 0 }, d: { sharpe: null } };

describe("evaluation", () => {
  it("plans, explains and changes nothing", async () => {
    await created();
    expect((await post("/worlds/w/evaluate", { metrics })).status).toBe(404);
    await post("/worlds/w/policies", { policy });
    const { body } = await post("/worlds/w/evaluate", { metrics });
    expect(body).toMatchObject({
      active: ["b", "a"],
      topk: ["b", "a"],
      promote: ["b", "a"],
      demote: [],
      policy_version: 1,
    });
    const explained = (await get("/worlds/w/explain")).body;
    expect(explained.evaluation_id).toBe(body.evaluation_id);
    expect(explained.explanation.strategies.d).toMatchObject({
      active: false,
      decided_by: "gates.0",
      steps: [
        { rule: "gates.0", reason: 'sharpe >= 1: metric "sharpe" is missing (sharpe = null)' },
        { rule: "score" },
      ],
    });
    expect(explained.decision).toMatchObject({ effective_mode: "validate", reason: "no_bindings" });
    const one = (await get("/worlds/w/explain?strategy_id=b")).body;
    expect([Object.keys(one.explanation.strategies), Object.keys(one.inputs.strategies)]).toEqual([["b"], ["b"]]);
    expect((await get("/worlds/w/decisions")).body.strategies).toEqual([]);
    expect((await get("/worlds/w/explain?evaluation_id=ev:0")).status).toBe(404);
    const unknown = await get("/worlds/w/explain?strategy_id=bb");
    expect([unknown.status, unknown.body.detail.hint]).toEqual([404, 'did you mean "b"?']);
  });

  it("explains what is active without an evaluation: by whom it was switched on", async () => {
    await created();
    await applied("r1", { plan: { activate: ["a"] }, effective_mode: "paper" });
    const { body } = await get("/worlds/w/explain?strategy_id=a");
    expect(body).toMatchObject({
      evaluation_id: null,
      explanation: null,
      decision: { effective_mode: "paper" },
      run: { run_id: "r1", stage: "completed", error: null },
      activation: [{ strategy_id: "a", side: "long", state: "active", weight: 1, by_run: "r1" }],
    });
  });

  it("is the same again for the same inputs (W-8)", async () => {
    await created();
    await post("/worlds/w/policies", { policy });
    const request = { metrics, as_of: "2026-01-01T00:00:00Z" };
    const first = (await post("/worlds/w/evaluate", request)).body;
    const rows = (await get("/worlds/w/audit")).body.length as number;
    expect((await post("/worlds/w/evaluate", request)).body).toEqual(first);
    expect((await get("/worlds/w/audit")).body).toHaveLength(rows);
    const row = await test.database.selectFrom("world_evaluations").selectAll().executeTakeFirstOrThrow();
    const { decide } = await import("@qmtl/policy/decide");
    const { parsePolicy } = await import("@qmtl/policy/document");
    const again = decide(parsePolicy(JSON.parse(row.policy)), JSON.parse(row.inputs));
    expect(JSON.parse(JSON.stringify(again))).toEqual(JSON.parse(row.decision));
  });

  it("counts evaluations in a row, and an apply carries out what one has said", async () => {
    await created();
    await post("/worlds/w/policies", { policy: "gates: [s > 0]\nhysteresis: {promote_after: 2, min_dwell: 1h}" });
    const good = { a: { s: 1 } };
    expect((await post("/worlds/w/evaluate", { metrics: good })).body.active).toEqual([]);
    await clock.advance(1_000);
    const second = (await post("/worlds/w/evaluate", { metrics: good })).body;
    expect(second.active).toEqual(["a"]);
    expect((await applied("r1", { evaluation_id: second.evaluation_id })).body.active).toEqual(["a"]);
    await clock.advance(1_000);
    // Out at once it may not go, for it has only just come in; an apply with metrics is an evaluation like any other.
    expect((await applied("r2", { metrics: { a: { s: 0 } } })).body.active).toEqual(["a"]);
    expect((await get("/worlds/w/explain")).body.explanation.strategies.a.decided_by).toBe("hysteresis.min_dwell");
    await clock.advance(3_600_000);
    expect((await applied("r3", { metrics: { a: { s: 0 } } })).body.active).toEqual([]);
  });

  it("takes pairs of correlations in either form", async () => {
    await created();
    const body = { policy: "top_k: {metric: sharpe, k: 5}\ncorrelation: {max: 0.5}", metrics };
    expect((await post("/worlds/w/evaluate", { ...body, correlations: { "a|b": 0.9 } })).body.active).toEqual([
      "b",
      "c",
    ]);
    expect((await post("/worlds/w/evaluate", { ...body, correlations: { a: { b: 0.9 } } })).body.active).toEqual([
      "b",
      "c",
    ]);
    expect((await post("/worlds/w/evaluate", { ...body, correlations: { "a|z": 0.9 } })).status).toBe(422);
  });

  it("can be replayed under another policy", async () => {
    await created();
    await post("/worlds/w/policies", { policy });
    await post("/worlds/w/evaluate", { metrics, as_of: "2026-01-01T00:00:00Z" });
    await post("/worlds/w/evaluate", { metrics: { a: { sharpe: 0.5 } }, as_of: "2026-01-02T00:00:00Z" });
    const before = (await get("/worlds/w")).body;
    const replay = (await post("/worlds/w/replay-policy", { policy: "gates: [sharpe >= 0.4]" })).body;
    expect(replay).toMatchObject({
      differing: 1,
      evaluations: [
        { recorded: ["b", "a"], added: [], removed: [] },
        { recorded: [], replayed: ["a"], added: ["a"], decided_by: { a: "policy" } },
      ],
    });
    const late = await post("/worlds/w/replay-policy", {
      policy: "gates: [sharpe >= 9]",
      from: "2026-01-02T00:00:00Z",
    });
    expect(late.body.evaluations).toHaveLength(1);
    expect((await get("/worlds/w")).body).toEqual(before);
  });
});

describe("apply", () => {
  it("takes a world from validation to paper", async () => {
    await created();
    await post("/worlds/w/bindings", { strategies: ["a", "b", "c"] });
    await post("/worlds/w/policies", { policy });
    const { status, body } = await applied("r1", { metrics });
    expect([status, body]).toEqual([200, { ok: true, run_id: "r1", active: ["b", "a"], phase: "completed" }]);
    expect((await get("/worlds/w/decide")).body).toMatchObject({
      effective_mode: "paper",
      reason: "policy_evaluated",
      execution_domain: "dryrun",
      policy_version: 1,
    });
    expect((await get("/worlds/w/activation?strategy_id=b&side=long")).body).toMatchObject({
      active: true,
      weight: 1,
      run_id: "r1",
    });
    await clock.advance(1_000);
    const stream = test.events.filter(({ topic }) => topic === "control.activation");
    expect(stream.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(
      stream.map(({ event }) => [event.data["world_phase"], event.data["strategy_id"] ?? event.data["phase"]]),
    ).toEqual([
      ["FREEZING", "freeze"],
      ["SWITCHED", "a"],
      ["SWITCHED", "b"],
      ["SWITCHED", "c"],
      ["SWITCHED", "d"],
      ["SWITCHED", undefined],
      ["ACTIVE", "unfreeze"],
    ]);
    const audit = (await get("/worlds/w/audit")).body as { event: string; details: { stage?: string } }[];
    expect(audit.filter(({ event }) => event === "apply_stage").map(({ details }) => details.stage)).toEqual([
      "freezing",
      "frozen",
      "switched",
      "completed",
    ]);
  });

  it("is one answer per run id, and one at a time (W-2)", async () => {
    await created();
    const request = { run_id: "r", plan: { activate: ["a"] }, expected_epoch: 1 };
    await test.call("POST", "/worlds/w/lease", lease({}));
    expect((await inTime(post("/worlds/w/apply", request))).body).toMatchObject({ ok: true, phase: "freeze" });
    expect((await inTime(post("/worlds/w/apply", request))).body.phase).toBe("freeze");
    expect((await post("/worlds/w/apply", { ...request, plan: {} })).body.detail.code).toBe("E_IDEMPOTENCY_CONFLICT");
    // Who asks again has perhaps read the world anew, and finds its run all the same.
    expect((await inTime(post("/worlds/w/apply", { ...request, expected_epoch: 2 }))).body.phase).toBe("freeze");
    const other = await post("/worlds/w/apply", { ...request, run_id: "r2", expected_epoch: 2 });
    expect([other.status, other.body.detail.code]).toEqual([409, "E_APPLY_IN_PROGRESS"]);
    await clock.advance(3_000);
    expect((await inTime(post("/worlds/w/apply?wait_ms=5000", request))).body).toMatchObject({
      active: ["a"],
      phase: "completed",
    });
  });

  it("says what it is based on (W-7)", async () => {
    await created();
    expect((await post("/worlds/w/apply", { run_id: "r", plan: {} })).status).toBe(428);
    expect((await post("/worlds/w/apply", { run_id: "r", plan: {} }, { "if-match": '"w:w:r99"' })).status).toBe(412);
    expect((await post("/worlds/w/apply", { run_id: "r", plan: {}, expected_epoch: 9 })).status).toBe(412);
  });

  it("waits for the acknowledgements of all who may send orders (OG-2)", async () => {
    await created();
    const holders = ["h", "i"];
    for (const holder of holders) expect((await post("/worlds/w/lease", lease({ holder }))).body.granted).toBe(true);
    const pending = post("/worlds/w/apply", { run_id: "r", plan: { activate: ["a"] }, expected_epoch: 1 });
    await vi.waitFor(async () => expect((await get("/worlds/w")).body.phase).toBe("FREEZING"));
    expect((await post("/worlds/w/lease", lease({ seen_epoch: 2 }))).body).toMatchObject({
      granted: false,
      reason: "not_active",
      phase: "FREEZING",
      epoch: 2,
    });
    const ack = (holder: string): object => ({ holder, incarnation: "1", closed_epoch: 2 });
    expect((await post("/worlds/w/acks", ack("h"))).status).toBe(204);
    await clock.advance(10);
    expect((await get("/worlds/w")).body.phase).toBe("FREEZING");
    expect((await get("/worlds/w/decide")).body).toMatchObject({ effective_mode: "compute-only", reason: "frozen" });
    await post("/worlds/w/acks", ack("i"));
    expect((await inTime(pending)).body.phase).toBe("completed");
    const answer = (await post("/worlds/w/lease", lease({ seen_epoch: 3, closed_epoch: 2 }))).body;
    expect(answer).toMatchObject({ granted: true, epoch: 3, phase: "ACTIVE", effective_mode: "paper", ttl_ms: 3_000 });
    expect(answer.state_hash).toBe((await get("/worlds/w/order-state")).body.state_hash);
  });

  it("refuses a gating policy that breaks its rules, before anything is frozen", async () => {
    await created();
    const refused = await applied("r", { plan: {}, gating_policy: { dataset_fingerprint: "x" } });
    expect([refused.status, refused.body.detail.message]).toEqual([
      422,
      'the gating policy: share_policy must be "feature-artifacts-only"',
    ]);
    expect((await get("/worlds/w")).body.epoch).toBe(1);
  });

  it("cuts edges before and joins them after, as the gating policy says", async () => {
    await created({ allow_live: true });
    const gating_policy = {
      dataset_fingerprint: "f",
      share_policy: "feature-artifacts-only",
      snapshot: { strategy_plane: "cow", feature_plane: "readonly" },
      edges: { pre_promotion: { disable_edges_to: "dryrun" }, post_promotion: { enable_edges_to: "live" } },
      observability: { slo: { cross_context_cache_hit: 0 } },
      domains: { from: "backtest", to: "live" },
    };
    expect((await applied("r", { plan: { activate: ["a"] }, gating_policy })).status).toBe(200);
    expect((await get("/worlds/w/decide")).body.effective_mode).toBe("live");
    const overrides = (await get("/worlds/w/edges/overrides")).body as { dst_node_id: string; active: boolean }[];
    expect(overrides.map(({ dst_node_id, active }) => [dst_node_id, active])).toEqual([
      ["domain:dryrun", false],
      ["domain:live", true],
    ]);
    // Taking the permission back works at once, and ends the leases (W-5).
    const { epoch } = (await get("/worlds/w")).body;
    await put("/worlds/w", { allow_live: false }, await etagOf());
    expect((await get("/worlds/w/decide")).body).toMatchObject({ effective_mode: "paper", reason: "live_not_allowed" });
    expect((await get("/worlds/w")).body.epoch).toBe(epoch + 1);
  });
});

describe("the kill switch (OG-7)", () => {
  it("closes at once and opens with a reason", async () => {
    await created();
    await applied("r", { plan: { activate: ["a"] } });
    const open = await get("/worlds/w/activation?strategy_id=a&side=long");
    expect(open.body.active).toBe(true);
    expect((await post("/worlds/w/kill", { reason: " " })).status).toBe(422);
    expect((await post("/worlds/w/kill", { reason: "odd fills" })).body.killed).toEqual({
      actor: "olive",
      reason: "odd fills",
    });
    expect((await post("/worlds/w/lease", lease({}))).body).toMatchObject({ granted: false, reason: "killed" });
    expect((await get("/worlds/w/decide")).body).toMatchObject({ effective_mode: "compute-only", reason: "killed" });
    const closed = await get("/worlds/w/activation?strategy_id=a&side=long", {
      "if-none-match": String(open.headers["etag"]),
    });
    expect(closed).toMatchObject({ status: 200, body: { active: false, freeze: true } });
    await post("/worlds/w/revive", { reason: "checked" });
    expect((await post("/worlds/w/lease", lease({}))).body.granted).toBe(true);
    expect((await post("/worlds/w/revive", { reason: "again" })).status).toBe(409);
  });
});

describe("decisions of other times", () => {
  it("are as they were then", async () => {
    await created();
    const before = new Date(clock.nowMs()).toISOString();
    await clock.advance(60_000);
    await applied("r", { plan: { activate: ["a"] } });
    expect((await get("/worlds/w/decide")).body.effective_mode).toBe("paper");
    expect((await get(`/worlds/w/decide?as_of=${before}`)).body).toMatchObject({
      effective_mode: "validate",
      reason: "no_bindings",
    });
    const early = await get("/worlds/w/decide?as_of=1999-01-01");
    expect([early.status, early.body.detail]).toMatchObject([
      404,
      { world_id: "w", as_of: "1999-01-01T00:00:00.000Z" },
    ]);
    expect((await get("/worlds/w/decide?as_of=soon")).status).toBe(422);
  });

  it("have an etag that stays while nothing changes", async () => {
    await created();
    const first = await get("/worlds/w/decide");
    await clock.advance(10_000);
    const again = await get("/worlds/w/decide", { "if-none-match": String(first.headers["etag"]) });
    expect([again.status, again.headers["cache-control"]]).toEqual([304, "max-age=300"]);
    await post("/worlds/w/kill", { reason: "r" });
    expect((await get("/worlds/w/decide", { "if-none-match": String(first.headers["etag"]) })).status).toBe(200);
  });
});

describe("the audit (W-6)", () => {
  it("verifies, and names the first row that was touched", async () => {
    await created();
    await post("/worlds/w/bindings", { strategies: ["a"] });
    await post("/worlds/w/kill", { reason: "r" });
    expect((await get("/worlds/w/audit/verify")).body).toMatchObject({ intact: true, rows: 3 });
    const rows = (await get("/worlds/w/audit")).body as { before_hash: string; after_hash: string }[];
    expect(rows[2]!.before_hash).toBe(rows[1]!.after_hash);
    await test.database.updateTable("store_audit").set({ actor: "somebody else" }).where("sequence", "=", 2).execute();
    expect((await get("/worlds/w/audit/verify")).body).toMatchObject({ intact: false, sequence: 2 });
  });

  it("proves nothing of a name that no world ever had", async () => {
    const { status, body } = await get("/worlds/nowhere/audit/verify");
    expect([status, body.detail.code]).toEqual([404, "E_WORLD_NOT_FOUND"]);
  });
});

describe("nodes, edges and validations", () => {
  it("keep one status per domain", async () => {
    await created();
    const node = "/worlds/w/nodes/blake3:1";
    expect((await put(node, { status: "running" })).body).toMatchObject({
      execution_domain: "backtest",
      status: "running",
    });
    await put(node, { status: "paused", execution_domain: "paper", annotations: { by: "me" } });
    expect((await get(`${node}?execution_domain=dryrun`)).body).toMatchObject({
      status: "paused",
      annotations: { by: "me" },
    });
    expect((await get("/worlds/w/nodes?execution_domain=*")).body).toHaveLength(2);
    expect((await get("/worlds/w/nodes?execution_domain=moon")).status).toBe(400);
    expect((await get(`${node}?execution_domain=live`)).status).toBe(404);
    expect((await put(node, { status: "dancing" })).status).toBe(422);
    expect((await test.call("DELETE", node)).status).toBe(204);
    expect((await get("/worlds/w/nodes")).body).toHaveLength(1);
  });

  it("keep the reason of an edge that is not given, and clear it with null", async () => {
    await created();
    const edge = "/worlds/w/edges/a/b";
    await put(edge, { active: false, reason: "why" });
    expect((await put(edge, { active: true })).body).toMatchObject({ active: true, reason: "why" });
    expect((await put(edge, { active: true, reason: null })).body.reason).toBeNull();
  });

  it("find a validation under its exact context only", async () => {
    await created();
    const context = {
      node_id: "n",
      execution_domain: "backtest",
      contract_id: "c",
      dataset_fingerprint: "f",
      code_version: "1",
      resource_policy: "p",
    };
    const lookup = (more: object = {}): Promise<Reply> =>
      post("/worlds/w/validations/cache/lookup", { ...context, ...more });
    expect((await lookup()).body).toEqual({ cached: false });
    const stored = (await post("/worlds/w/validations/cache", { ...context, result: "valid", metrics: { x: 1 } })).body;
    expect(stored.eval_key).toMatch(/^blake3:[0-9a-f]{64}$/);
    expect((await lookup()).body).toMatchObject({
      cached: true,
      result: "valid",
      metrics: { x: 1 },
      eval_key: stored.eval_key,
    });
    expect((await lookup({ code_version: "2" })).body).toEqual({ cached: false });
    expect((await lookup()).body).toEqual({ cached: false }); // thrown away
    await post("/worlds/w/validations/cache", { ...context, result: "valid", metrics: {} });
    await post("/worlds/w/policies", { policy: "gates: [s > 1]" });
    expect((await lookup()).body).toEqual({ cached: false });
  });

  it("take a decision about one node", async () => {
    await created();
    const event = {
      event_id: "e",
      node_id: "blake3:9",
      decision: "quarantine",
      reason_code: "r",
      timestamp: "2026-01-01T00:00:00Z",
    };
    expect((await post("/worlds/w/decisions", event)).status).toBe(200);
    expect((await get("/worlds/w/nodes/blake3:9")).body.status).toBe("invalid");
    expect((await post("/worlds/w/decisions", { ...event, scope: "global" })).status).toBe(422);
  });
});

describe("allocations", () => {
  it("are set once per run id, and go stale", async () => {
    await created();
    const body = { run_id: "r", total_equity: 1_000, world_allocations: { w: 0.4 }, positions: [] };
    const first = (await post("/allocations", body)).body;
    expect(first).toMatchObject({ run_id: "r", executed: false });
    expect((await post("/allocations", body)).body).toEqual(first);
    expect((await post("/allocations", { ...body, total_equity: 1 })).status).toBe(409);
    expect((await post("/allocations", { ...body, run_id: "s", world_allocations: { w: 1.1 } })).status).toBe(422);
    expect((await post("/allocations", { ...body, run_id: "s", world_allocations: { v: 0.1 } })).status).toBe(404);
    expect((await post("/allocations", { ...body, run_id: "s", execute: true })).status).toBe(503);
    expect((await get("/allocations?world_id=w")).body.allocations.w).toMatchObject({
      allocation: 0.4,
      etag: first.etag,
      stale: false,
    });
    await clock.advance(300_001);
    expect((await get("/allocations")).body.allocations.w.stale).toBe(true);
    expect((await get("/allocations?world_id=v")).status).toBe(404);
  });
});

it("stops while an apply is under way, without waiting for its end", async () => {
  await created();
  await post("/worlds/w/lease", lease({}));
  const waiting = post("/worlds/w/apply?wait_ms=10000", { run_id: "r", plan: {}, expected_epoch: 1 });
  while ((await get("/worlds/w")).body.phase !== "FREEZING");
  await test.world.stop();
  expect((await waiting).body).toMatchObject({ ok: true, phase: "freeze" });
  await test.database.destroy();
  test = await openWorld({ clock });
});

function lease(more: object): object {
  return { holder: "h", incarnation: "1", strategy_id: "a", seen_epoch: 1, sequence: 0, ...more };
}
