import type { StrategyAck } from "@qmtl/contracts/gateway";
import { crc32OfNodeIds } from "@qmtl/core";
import { Authenticator, LocalKeySet, type Principal } from "@qmtl/service/auth";
import { systemClock, systemIds } from "@qmtl/service/edge";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import type { GatewayDeps } from "../create-gateway.ts";
import { fillSignature } from "../fills/fill-signature.ts";
import { dagManagerDown, FakeDagManager } from "../testing/fake-dag-manager.ts";
import { runGateway, type RunningGateway } from "../testing/run-gateway.ts";
import { chainOf, submissionOf } from "../testing/submissions.ts";
import type { WorldRequest, WorldResponse } from "../worlds/world-client.ts";

const open: RunningGateway[] = [];
afterEach(async () => {
  for (const gateway of open.splice(0)) await gateway.end();
});

async function gatewayWith(part: Parameters<typeof runGateway>[0] = {}) {
  const gateway = await runGateway(part);
  open.push(gateway);
  const { server } = gateway;
  const post = (url: string, body: unknown, headers = {}) =>
    server.inject({
      method: "POST",
      url,
      headers: { "content-type": "application/json", ...headers },
      payload: typeof body === "string" ? body : JSON.stringify(body),
    });
  const get = (url: string, headers = {}) => server.inject({ method: "GET", url, headers });
  return { gateway, server, post, get };
}

const codeOf = (response: { body: string }) => (JSON.parse(response.body) as { detail: { code: string } }).detail.code;

describe("POST /strategies", () => {
  it("answers 202; packed with gzip too; the same again is 409 with the id", async () => {
    const { post, get, server } = await gatewayWith({ dagManager: new FakeDagManager() });
    const body = submissionOf(chainOf(4), { world_ids: ["w1"] });
    const packed = await server.inject({
      method: "POST",
      url: "/strategies",
      headers: { "content-type": "application/json", "content-encoding": "gzip" },
      payload: gzipSync(JSON.stringify(body)),
    });
    expect(packed.statusCode).toBe(202);
    const ack = packed.json<StrategyAck>();
    expect(Object.keys(ack.queue_map)).toHaveLength(4);
    const again = await post("/strategies", body);
    expect([again.statusCode, codeOf(again)]).toEqual([409, "E_DUPLICATE"]);
    expect(again.json()).toMatchObject({ detail: { strategy_id: ack.strategy_id } });
    expect((await get(`/strategies/${ack.strategy_id}/status`)).json()).toMatchObject({ status: "completed" });
    expect((await get(`/strategies/${ack.strategy_id}/history`)).json<{ events: unknown[] }>().events).toHaveLength(3);
    expect((await get("/metrics")).body).toMatch(/^gateway_e2e_latency_p95 [0-9.]*[1-9]/m);
    const report = { node_id: "blake3:a", interval: 60, rows: 5, coverage_bounds: [0, 300] };
    expect((await post(`/strategies/${ack.strategy_id}/history`, report)).statusCode).toBe(204);
    expect((await post("/strategies/none/history", report)).statusCode).toBe(404);
  });

  it.each<[string, unknown, number, string]>([
    ["no body", "", 422, "E_REQUEST_INVALID"],
    ["no JSON", "{", 400, "E_INVALID_JSON"],
    ["no checksum", { dag_json: "{}" }, 422, "E_REQUEST_INVALID"],
    ["a checksum that is text", { dag_json: "{}", node_ids_crc32: "0" }, 422, "E_REQUEST_INVALID"],
    ["an unknown field", { dag_json: '{"nodes":[]}', node_ids_crc32: 0, worlds: [] }, 422, "E_REQUEST_INVALID"],
    [
      "a world with a slash",
      { dag_json: '{"nodes":[]}', node_ids_crc32: 0, world_id: "a/b" },
      422,
      "E_REQUEST_INVALID",
    ],
    [
      "an unknown schema",
      { dag_json: '{"nodes":[],"schema_version":"v2"}', node_ids_crc32: 0 },
      400,
      "E_SCHEMA_INVALID",
    ],
    ["a wrong checksum", { dag_json: '{"nodes":[]}', node_ids_crc32: 1 }, 400, "E_CHECKSUM_MISMATCH"],
    [
      "a node without fields",
      { dag_json: '{"nodes":[{"node_id":"x"}]}', node_ids_crc32: crc32OfNodeIds(["x"]) },
      400,
      "E_NODE_ID_FIELDS",
    ],
    ["a key twice", '{"dag_json":"{}","dag_json":"{}","node_ids_crc32":0}', 400, "E_INVALID_JSON"],
  ])("refuses %s", async (_, body, status, code) => {
    const { post } = await gatewayWith();
    for (const path of ["/strategies", "/strategies/dry-run"]) {
      const response = await post(path, body);
      expect([response.statusCode, codeOf(response)]).toEqual([status, code]);
    }
  });

  it("answers an idempotency key the same, and another body under it with 409", async () => {
    const { post } = await gatewayWith({ dagManager: new FakeDagManager() });
    const body = submissionOf(chainOf(2));
    const first = await post("/strategies", body, { "idempotency-key": "k" });
    expect((await post("/strategies", body, { "idempotency-key": "k" })).body).toBe(first.body);
    const other = await post("/strategies", submissionOf(chainOf(3)), { "idempotency-key": "k" });
    expect([other.statusCode, codeOf(other)]).toEqual([409, "E_IDEMPOTENCY_CONFLICT"]);
    expect((await post("/strategies", body, { "idempotency-key": "" })).statusCode).toBe(422);
  });

  it("counts what cannot be stored, and does not answer 202 for it (S-1)", async () => {
    const { post, get, gateway } = await gatewayWith();
    await gateway.deps.database.schema.dropTable("submissions").execute();
    expect((await post("/strategies", submissionOf(chainOf(1)))).statusCode).toBeGreaterThanOrEqual(500);
    expect((await get("/metrics")).body).toMatch(/^lost_requests_total 1$/m);
    const status = await get("/status");
    expect(status.statusCode).toBe(200);
  });
});

describe("degraded", () => {
  const worldDown = async (): Promise<WorldResponse> => {
    throw new Error("refused");
  };
  it("takes submissions with one dependency down, none with two, and always says how it is (fault 28)", async () => {
    const dagManager = new FakeDagManager();
    dagManager.failure = dagManagerDown;
    const settings = { probeEveryMs: 20, worldRetries: 0, breakerOpenMs: 60_000, queueMapWaitMs: 0 };
    const { post, get } = await gatewayWith({ dagManager, world: worldDown, settings });
    const level = async () => (await get("/status")).json<{ degrade_level: string }>().degrade_level;
    expect(await level()).toBe("PARTIAL");
    const taken = await post("/strategies", submissionOf(chainOf(1)));
    expect(taken.statusCode).toBe(202);
    expect((await get(`/strategies/${taken.json<StrategyAck>().strategy_id}/status`)).json()).toMatchObject({
      status: "queued",
    });
    for (let call = 0; call < 3; call++) expect((await get("/worlds/w/decide")).statusCode).toBe(503);
    await expect.poll(level, { timeout: 5_000 }).toBe("MINIMAL");
    const refused = await post("/strategies", submissionOf(chainOf(2)));
    expect([refused.statusCode, refused.headers["retry-after"]]).toEqual([503, "5"]);
    expect((await get("/health")).json()).toMatchObject({
      status: "degraded",
      dagmanager: "error",
      worldservice: "open",
    });
  });
});

describe("a busy machine", () => {
  it.each([
    [80, "NORMAL", 202],
    [90, "MINIMAL", 503],
    [96, "STATIC", 503],
  ])("of %d percent leaves the level %s, and answers a submission with %d", async (percent, level, status) => {
    const { post, get } = await gatewayWith({ cpuPercent: () => percent });
    expect((await get("/status")).json()).toMatchObject({ degrade_level: level });
    expect((await post("/strategies", submissionOf(chainOf(1)))).statusCode).toBe(status);
  });
});

describe("queues", () => {
  it("are found by tag; without a DAG Manager there are none, and the answer says so", async () => {
    const dagManager = new FakeDagManager();
    dagManager.queues = [{ queue: "q", global: true }];
    const { get } = await gatewayWith({ dagManager });
    const found = await get("/queues/by_tag?tags=a,%20b,,a&interval=60&match_mode=all&world_id=w");
    expect([found.statusCode, found.json()]).toEqual([200, { queues: dagManager.queues }]);
    dagManager.failure = dagManagerDown;
    const none = await get("/queues/by_tag?tags=a&interval=60");
    expect([none.statusCode, none.json(), none.headers["x-stale"]]).toEqual([200, { queues: [] }, "true"]);
    for (const query of [
      "tags=a",
      "interval=60",
      "tags=,&interval=60",
      "tags=a&interval=1m",
      "tags=a&interval=60&match_mode=some",
    ]) {
      expect((await get(`/queues/by_tag?${query}`)).statusCode).toBe(422);
    }
  });

  it("are written by the holder of a node's lease alone, and read by everybody, waiting for more (X-1, X-2)", async () => {
    const { post, get, gateway } = await gatewayWith();
    await gateway.deps.dataLog!.ensureTopic("w.live.t", { partitions: 1, retentionMs: 60_000 });
    const lease = async (holder: string, action = "acquire", token?: number) =>
      (
        await post("/leases/nodes", {
          action,
          compute_key: "blake3:k",
          holder,
          ttl_ms: 5_000,
          ...(token !== undefined && { token }),
        })
      ).json<{ granted: boolean; token: number | null; held_by: string | null }>();
    const first = await lease("a");
    expect(first).toMatchObject({ granted: true, token: 1 });
    expect(await lease("b")).toMatchObject({ granted: false, held_by: "local/a" });
    expect(await lease("a", "renew", 1)).toMatchObject({ granted: true, token: 1 });
    const record = (bucket_ms: number, token: number) => ({
      key: "blake3:k",
      bucket_ms,
      input_hash: `h${bucket_ms}`,
      token,
      payload: { v: bucket_ms },
    });
    const waiting = get("/queues/w.live.t/records?from=0&wait_ms=5000");
    const appended = await post("/queues/w.live.t/records", { records: [record(0, 1), record(60, 1)] });
    expect(appended.json()).toEqual({ offsets: [0, 1] });
    expect((await waiting).json<{ records: unknown[]; next_offset: number }>()).toMatchObject({
      next_offset: 2,
      records: [{ offset: 0, payload: { v: 0 } }, { bucket_ms: 60 }],
    });
    await lease("a", "release", 1);
    expect(await lease("b")).toMatchObject({ granted: true, token: 2 });
    await post("/queues/w.live.t/records", { records: [record(120, 2)] });
    const fenced = await post("/queues/w.live.t/records", { records: [record(180, 1)] });
    expect([fenced.statusCode, codeOf(fenced)]).toEqual([409, "E_FENCED"]);
    expect((await post("/queues/none/records", { records: [record(0, 1)] })).statusCode).toBe(404);
    expect((await get("/queues/w.live.t/records?from=3&wait_ms=20")).json()).toEqual({ records: [], next_offset: 3 });
    expect(
      (await post("/leases/nodes", { action: "renew", compute_key: "k", holder: "a", ttl_ms: 500 })).statusCode,
    ).toBe(422);
  });

  it("belong to their world: who may act in another one reads and writes none of it", async () => {
    const { gateway } = await gatewayWith();
    await gateway.deps.dataLog!.ensureTopic("w-1.live.t", { partitions: 1, retentionMs: 60_000 });
    const { auth } = gateway.deps;
    const asked = async (grants: Principal["grants"], method: "GET" | "POST", url: string, payload?: object) => {
      const token = await auth.issueToken({ subject: "r", kind: "runner", grants }, 60_000);
      const headers = { authorization: `Bearer ${token}` };
      return (await gateway.server.inject({ method, url, headers, ...(payload && { payload }) })).statusCode;
    };
    const records = [{ key: "k", bucket_ms: 0, input_hash: "h", token: 1, payload: null }];
    const lease = { action: "acquire", compute_key: "k", holder: "a", ttl_ms: 500 };
    // The world's name stands in topics in their own spelling.
    expect(await asked({ "W.1": "operator" }, "POST", "/queues/w-1.live.t/records", { records })).toBe(200);
    expect(await asked({ "W.1": "reader" }, "GET", "/queues/w-1.live.t/records")).toBe(200);
    expect(await asked({ "W.1": "operator" }, "POST", "/leases/nodes", { ...lease, world_id: "W.1" })).toBe(200);
    expect(await asked({ w2: "owner" }, "POST", "/queues/w-1.live.t/records", { records })).toBe(403);
    expect(await asked({ w2: "owner" }, "GET", "/queues/w-1.live.t/records")).toBe(403);
    expect(await asked({ w2: "owner" }, "POST", "/leases/nodes", { ...lease, world_id: "W.1" })).toBe(403);
    expect(await asked({ w2: "owner" }, "POST", "/leases/nodes", lease)).toBe(403);
    expect(await asked({ "W.1": "reader" }, "POST", "/queues/w-1.live.t/records", { records })).toBe(403);
  });
});

describe("fills", () => {
  const fill = {
    order_id: "o1",
    symbol: "BTC",
    side: "BUY",
    quantity: 2,
    price: "100.5",
    seq: 1,
    fill_time: 1_000,
    world_id: "w1",
    strategy_id: "s1",
    venue_note: "kept",
  };
  const event = (data: object, id = "e1") => ({ specversion: "1.0", id, type: "trade.fill", source: "venue", data });

  it("are kept once, whatever envelope they come in, and read back", async () => {
    const { post, get } = await gatewayWith();
    expect((await post("/fills", event(fill))).statusCode).toBe(202);
    expect((await post("/fills", fill)).statusCode).toBe(202);
    const changed = await post("/fills", { ...fill, price: "101" });
    expect([changed.statusCode, codeOf(changed)]).toEqual([409, "E_IDEMPOTENCY_CONFLICT"]);
    for (const seq of [2, 3]) await post("/fills", { ...fill, seq, fill_time: seq * 1_000 });
    await post("/fills", { ...fill, world_id: "w2" });
    const page = (await get("/fills/replay?world_id=w1&start=1000&end=2500")).json<{ fills: { data: object }[] }>();
    expect(page.fills.map(({ data }) => data)).toEqual([fill, { ...fill, seq: 2, fill_time: 2_000 }]);
    const first = (await post("/fills/replay", { world_id: "w1", limit: 1 })).json<{ next_offset: number }>();
    const rest = (await get(`/fills/replay?world_id=w1&from_offset=${first.next_offset}`)).json<{
      fills: unknown[];
      next_offset: null;
    }>();
    expect([rest.fills.length, rest.next_offset]).toEqual([2, null]);
    expect((await get("/metrics")).body).toContain('fills_accepted_total{world_id="w1",strategy_id="s1"} 4');
  });

  it("are told on trade.fills, each once and those of an order in their order, over an outage of the bus", async () => {
    const { post, gateway } = await gatewayWith();
    const { bus } = gateway.deps as Required<GatewayDeps>;
    const publish = bus.publish.bind(bus);
    let down = true;
    bus.publish = async (...said: Parameters<typeof publish>) => {
      if (down) throw new Error("the bus is down");
      return publish(...said);
    };
    for (const seq of [1, 2]) await post("/fills", event({ ...fill, seq }, `e${seq}`));
    await post("/fills", { ...fill, order_id: "o2", world_id: "w2", correlation_id: "c" });
    await post("/fills", event(fill, "e1")); // known
    expect(await bus.read("trade.fills", 0, 10)).toEqual([]);
    down = false;
    await expect.poll(async () => (await bus.read("trade.fills", 0, 10)).length, { timeout: 10_000 }).toBe(3);
    expect(await bus.read("trade.fills", 0, 10)).toMatchObject([
      { key: "w1|s1|BTC|o1", sequence: 1, event: { id: "e1", type: "trade.fill", data: fill } },
      { key: "w1|s1|BTC|o1", sequence: 2, event: { id: "e2", data: { ...fill, seq: 2 } } },
      { key: "w2|s1|BTC|o2", sequence: 1, event: { correlation_id: "c", data: { world_id: "w2", order_id: "o2" } } },
    ]);
  });

  it("that no event could hold are refused, and are in nobody's way", async () => {
    const { post, gateway } = await gatewayWith();
    const deep = (depth: number): object => (depth === 0 ? {} : { in: deep(depth - 1) });
    const refused = await post("/fills", { ...fill, note: deep(62) });
    expect(refused.statusCode).toBe(400);
    expect((await post("/fills", { ...fill, seq: 9, note: deep(10) })).statusCode).toBe(202);
    const { bus } = gateway.deps as Required<GatewayDeps>;
    await expect.poll(async () => (await bus.read("trade.fills", 0, 10)).length).toBe(1);
  });

  it.each<[string, unknown, number, string]>([
    ["no JSON", "{", 400, "E_INVALID_JSON"],
    ["no object", "[]", 400, "E_CE_REQUIRED"],
    ["an envelope without data", { specversion: "1.0" }, 400, "E_CE_REQUIRED"],
    ["no world", { ...fill, world_id: undefined }, 400, "E_MISSING_IDS"],
    ["a blank strategy", { ...fill, strategy_id: " " }, 400, "E_MISSING_IDS"],
    ["no quantity", { ...fill, quantity: 0 }, 400, "E_SCHEMA_INVALID"],
    ["a side nobody knows", { ...fill, side: "HOLD" }, 400, "E_SCHEMA_INVALID"],
  ])("are refused with %s", async (_, body, status, code) => {
    const { post } = await gatewayWith();
    const response = await post("/fills", body);
    expect([response.statusCode, codeOf(response)]).toEqual([status, code]);
  });

  it("need a token of their world or a signature of this hour (fault 25)", async () => {
    const keys = await LocalKeySet.inMemory();
    const auth = new Authenticator({ clock: systemClock, ids: systemIds, keys, loopback: false });
    const { post, get } = await gatewayWith({ auth, settings: { fillSecret: "s3cret" } });
    const runner = (grants: Principal["grants"]) => auth.issueToken({ subject: "r", kind: "runner", grants }, 60_000);
    const bearer = async (grants: Principal["grants"]) => ({ authorization: `Bearer ${await runner(grants)}` });
    const body = JSON.stringify(fill);
    const now = String(Math.floor(Date.now() / 1_000));
    const signed = (timestamp: string, secret = "s3cret") => ({
      "x-signature": fillSignature(secret, timestamp, body),
      "x-signature-timestamp": timestamp,
    });
    const status = async (headers: object) => (await post("/fills", body, headers)).statusCode;
    expect(await status({})).toBe(401);
    expect(await status(await bearer({ w2: "operator" }))).toBe(403);
    expect(await status(await bearer({ w1: "reader" }))).toBe(403);
    expect(await status(await bearer({ w1: "operator" }))).toBe(202);
    expect(await status(signed(now))).toBe(202);
    expect(await status({ ...signed(now), "x-world-id": "w2" })).toBe(400);
    expect(await status(signed(now, "other"))).toBe(401);
    expect(await status(signed(String(Number(now) - 301)))).toBe(401);
    expect(await status({ "x-signature": fillSignature("s3cret", now, body) })).toBe(401);
    expect((await get("/fills/replay?world_id=w1", await bearer({ w2: "owner" }))).statusCode).toBe(403);
    expect((await get("/fills/replay", await bearer({ w1: "owner" }))).statusCode).toBe(422);
  });
});

describe("worlds", () => {
  function world(answer: (request: WorldRequest) => Partial<WorldResponse>) {
    const requests: WorldRequest[] = [];
    const transport = async (request: WorldRequest): Promise<WorldResponse> => {
      requests.push(request);
      return { status: 200, headers: { "content-type": "application/json" }, body: "{}", ...answer(request) };
    };
    return { requests, transport };
  }

  it("are disabled without a WorldService", async () => {
    const { get, post } = await gatewayWith();
    for (const response of [
      await get("/worlds"),
      await get("/worlds/w/decide"),
      await post("/worlds/w/apply", {}, { "x-allow-live": "true" }),
    ]) {
      expect([response.statusCode, response.json<{ detail: { message: string } }>().detail.message]).toEqual([
        503,
        "WorldService disabled",
      ]);
    }
  });

  it("are answered by WorldService: status, body, etag; asked with our token, never the caller's word (fault 19)", async () => {
    const { transport, requests } = world(({ method }) =>
      method === "POST"
        ? { status: 201, body: '{"id":"w"}', headers: { etag: '"1"', location: "/worlds/w" } }
        : { status: 412, body: '{"detail":{"code":"E_PRECONDITION_FAILED"}}' },
    );
    const { post, server } = await gatewayWith({ world: transport });
    const made = await post("/worlds", '{"id":"w","x":1.0}', {
      "x-caller-sub": "root",
      "x-world-roles": "owner",

      "x-correlation-id": "abc",
    });
    expect([made.statusCode, made.body, made.headers["etag"], made.headers["x-correlation-id"]]).toEqual([
      201,
      '{"id":"w"}',
      '"1"',
      "abc",
    ]);
    expect(requests[0]).toMatchObject({
      path: "/worlds",
      body: '{"id":"w","x":1.0}',
      headers: { "x-correlation-id": "abc" },
    });
    expect(
      Object.keys(requests[0]!.headers).filter((name) => name.startsWith("x-caller") || name.includes("roles")),
    ).toEqual([]);
    const put = await server.inject({
      method: "PUT",
      url: "/worlds/w?a=1",
      headers: { "content-type": "application/json", "if-match": '"0"' },
      payload: "{}",
    });
    expect([put.statusCode, codeOf(put)]).toEqual([412, "E_PRECONDITION_FAILED"]);
    expect(requests[1]).toMatchObject({ path: "/worlds/w?a=1", headers: { "if-match": '"0"' } });
    expect((await server.inject({ method: "DELETE", url: "/worlds/w" })).statusCode).toBe(412);
  });

  it("ask for a confirmation where live trading may start, which grants nothing", async () => {
    const { transport, requests } = world(() => ({ status: 403, body: '{"detail":{"code":"E_PERMISSION_DENIED"}}' }));
    const guarded = await gatewayWith({ world: transport });
    const refused = await guarded.post("/worlds/w/apply", { run_id: "r" });
    expect([refused.statusCode, codeOf(refused), requests.length]).toEqual([403, "E_PERMISSION_DENIED", 0]);
    await guarded.post("/worlds/w/apply", { run_id: "r" }, { "x-allow-live": "true" });
    expect(requests).toHaveLength(1);
    const open = await gatewayWith({ world: transport, settings: { enforceLiveGuard: false } });
    await open.post("/worlds/w/apply", { run_id: "r" });
    expect(requests).toHaveLength(2);
  });

  it("have decisions with a context, asked anew after an event of theirs, stale when WorldService is lost", async () => {
    let down = false;
    const { transport, requests } = world(() => {
      if (down) throw new Error("refused");
      return {
        body: '{"world_id":"w","effective_mode":"paper","ttl":"300s"}',
        headers: { etag: "e1", "cache-control": "max-age=300" },
      };
    });
    const settings = { worldRetries: 0, breakerOpenMs: 1 };
    const { get, post, gateway } = await gatewayWith({ world: transport, settings });
    const fresh = await get("/worlds/w/decide?as_of=2025-01-01");
    expect(fresh.json()).toMatchObject({
      effective_mode: "paper",
      execution_domain: "dryrun",
      compute_context: { world_id: "w", as_of: "2025-01-01" },
    });
    expect((await get("/worlds/w/decide?as_of=2025-01-01", { "if-none-match": "e1" })).statusCode).toBe(304);
    expect((await get("/worlds/w/decide")).json()).toMatchObject({
      execution_domain: "backtest",
      compute_context: { safe_mode: true, downgrade_reason: "missing_as_of" },
    });
    const asked = requests.length;
    await get("/worlds/w/decide");
    expect(requests).toHaveLength(asked);
    await post("/worlds/w/decisions", { strategies: [] });
    await get("/worlds/w/decide");
    expect(requests.length).toBe(asked + 2);
    down = true;
    await post("/worlds/w/decisions", { strategies: [] }).catch(() => {});
    await gateway.deps.bus!.publish("control.policy", [
      {
        key: "w",
        sequence: 1,
        event: {
          specversion: "1.0",
          id: "1",
          source: "x",
          type: "policy_updated",
          time: "2026-01-01T00:00:00Z",
          datacontenttype: "application/json",
          data: {
            version: 1,
            world_id: "w",
            policy_version: 2,
            checksum: "c",
            status: "ACTIVE",
            ts: "2026-01-01T00:00:00Z",
            idempotency_key: "i",
          },
        },
      },
    ]);
    await expect.poll(async () => (await get("/worlds/w/decide")).headers["x-stale"]).toBe("true");
    const stale = await get("/worlds/w/decide");
    expect(stale.headers["warning"]).toBe("110 - Response is stale");
    expect(stale.json()).toMatchObject({
      effective_mode: "compute-only",
      execution_domain: "backtest",
      compute_context: { downgrade_reason: "stale_decision" },
    });
  });

  it("that are not there are counted by a word of the list, like every other refusal", async () => {
    const { transport } = world(() => ({ status: 404, body: '{"detail":{"code":"E_WORLD_NOT_FOUND"}}' }));
    const { post, get } = await gatewayWith({ world: transport });
    await post("/worlds/nowhere/lease", {});
    expect((await get("/status")).json<{ pretrade: object }>().pretrade).toMatchObject({
      rejections: { activation_unknown: 1 },
    });
  });

  it("are asked for order leases, which are counted", async () => {
    let answer = '{"granted":true}';
    const { transport } = world(() => ({ body: answer }));
    const { post, get } = await gatewayWith({ world: transport });
    await post("/worlds/w/lease", {});
    answer = '{"granted":false,"reason":"frozen"}';
    await post("/worlds/w/lease", {});
    await post("/worlds/w/acks", {});
    expect((await get("/allocations?world_id=w")).json()).toEqual({ granted: false, reason: "frozen" });
    const { pretrade } = (await get("/status")).json<{ pretrade: unknown }>();
    expect(pretrade).toEqual({ attempts: 2, rejections: { frozen: 1 }, ratio: 0.5 });
    expect((await get("/metrics")).body).toContain('gw_pretrade_rejections_total{world_id="w",reason="frozen"} 1');
  });

  it("learn which strategies were submitted for them, however long that takes", async () => {
    let taken = false;
    const { transport, requests } = world(({ method }) => (method === "POST" && !taken ? { status: 404 } : {}));
    const { post } = await gatewayWith({ world: transport, settings: { probeEveryMs: 20, worldRetries: 0 } });
    const ack = (await post("/strategies", submissionOf(chainOf(1), { world_ids: ["w1", "w2"] }))).json<StrategyAck>();
    const bindings = () => requests.filter(({ path }) => path.endsWith("/bindings"));
    await expect.poll(() => bindings().length).toBeGreaterThan(3);
    taken = true;
    const before = bindings().length;
    await expect.poll(() => bindings().length).toBeGreaterThanOrEqual(before + 2);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(bindings().length).toBeLessThanOrEqual(before + 4);
    expect(bindings().at(-1)!.body).toBe(JSON.stringify({ strategies: [ack.strategy_id] }));
  });
});

describe("who may do what", () => {
  it("needs a token where the machine is not alone, of the world that is named", async () => {
    const keys = await LocalKeySet.inMemory();
    const auth = new Authenticator({ clock: systemClock, ids: systemIds, keys, loopback: false });
    const { server, get, post } = await gatewayWith({ auth });
    const open = server.routeTable
      .filter(({ access }) => access.role === "public" || access.role === "ticket")
      .map(({ url }) => url);
    expect(new Set(open)).toEqual(
      new Set([
        "/metrics",
        "/status",
        "/health",
        "/events/jwks",
        "/events/schema",
        "/ws",
        "/ws/evt",
        "/fills",
        ...open.filter((url) => url.startsWith("/docs") || url.startsWith("/openapi")),
      ]),
    );
    for (const { method, url, access } of server.routeTable) {
      if (access.role === "public" || access.role === "ticket" || method === "HEAD" || method === "OPTIONS") continue;
      const path = url.replace(":id", "w1").replace(":topic", "t").replace("*", "x");
      expect([method, url, (await server.inject({ method: method as "GET", url: path })).statusCode]).toEqual([
        method,
        url,
        401,
      ]);
    }
    const token = await auth.issueToken({ subject: "u", kind: "user", grants: { w1: "reader" } }, 60_000);
    const headers = { authorization: `Bearer ${token}` };
    const subscribe = (world_id: string) =>
      post("/events/subscribe", { world_id, strategy_id: "s", topics: [] }, headers);
    expect([(await subscribe("w1")).statusCode, (await subscribe("w2")).statusCode]).toEqual([200, 403]);
    const submit = (world_id: string) => post("/strategies", submissionOf(chainOf(1), { world_id }), headers);
    expect((await submit("w1")).statusCode).toBe(403);
    const operator = {
      authorization: `Bearer ${await auth.issueToken({ subject: "o", kind: "user", grants: { w1: "operator", w2: "operator" } }, 60_000)}`,
    };
    const ids = await Promise.all(
      ["w1", "w2"].map(
        async (world_id) =>
          (await post("/strategies", submissionOf(chainOf(1), { world_id }), operator)).json<StrategyAck>().strategy_id,
      ),
    );
    const seen = await Promise.all(
      ids.flatMap((id) => [get(`/strategies/${id}/status`, headers), get(`/strategies/${id}/history`, headers)]),
    );
    expect(seen.map(({ statusCode }) => statusCode)).toEqual([200, 200, 403, 403]);
    expect((await get("/events/jwks")).json()).toMatchObject({ keys: [{ kty: "OKP", crv: "Ed25519" }] });
    expect((await get("/events/jwks")).body).not.toContain('"d"');
  });

  it("has an API document, and schemas of its events", async () => {
    const { get } = await gatewayWith();
    const schemas = (await get("/events/schema")).json<Record<string, unknown>>();
    expect(Object.keys(schemas)).toEqual(
      expect.arrayContaining([
        "tagquery.upsert",
        "queue_update",
        "sentinel_weight",
        "activation_updated",
        "policy_updated",
      ]),
    );
    expect((await get("/ws/evt")).statusCode).toBe(426);
    expect((await get("/nowhere")).statusCode).toBe(404);
  });
});
