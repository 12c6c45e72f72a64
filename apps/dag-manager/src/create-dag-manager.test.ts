import { Authenticator, createMetrics, LocalKeySet, silentLogger } from "@qmtl/service";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createDagManager, type DagManagerApp, type DagManagerAppDeps } from "./create-dag-manager.ts";
import { dagText, priceAndMean } from "./fixtures/dag-text.ts";
import { countingIds, openManager, type ManagerBench } from "./fixtures/open-manager.ts";

let bench: ManagerBench;
let app: DagManagerApp;

async function open(rest: Partial<DagManagerAppDeps> = {}, loopback = true): Promise<DagManagerApp> {
  const { database, bus, dataLog, clock } = bench;
  const ids = countingIds();
  const auth = new Authenticator({ clock, ids, keys: await LocalKeySet.inMemory(), loopback });
  const metrics = createMetrics("dag-manager");
  return createDagManager({ database, bus, dataLog, clock, ids, auth, metrics, logger: silentLogger, ...rest });
}

beforeEach(async () => {
  bench = await openManager();
  app = await open();
  await app.start();
});
afterEach(async () => {
  await app.stop();
  await bench.close();
});

describe("HTTP", () => {
  it("says how it is", async () => {
    const status = await app.http.inject("/status");
    expect([status.statusCode, status.json()]).toEqual([200, { status: "ok", neo4j: "ok", dagmanager: "running" }]);
    expect((await app.http.inject("/health")).statusCode).toBe(200);
    expect(await app.ready()).toBe(true);
  });

  it("says so when it stopped", async () => {
    await app.manager.stop();
    expect((await app.http.inject("/health")).statusCode).toBe(503);
    expect(await app.ready()).toBe(false);
  });

  it("shows its metrics by the names operators know", async () => {
    await app.manager.diff({ strategyId: "s", dagJson: dagText(priceAndMean) });
    const text = (await app.http.inject("/metrics")).body;
    for (const line of [
      /^diff_requests_total 1$/m,
      /^diff_failures_total 0$/m,
      /^diff_duration_ms_p95 \d/m,
      /^queue_create_error_total 0$/m,
      /^sentinel_gap_count 0$/m,
      /^compute_nodes_total 2$/m,
      /^queues_total 2$/m,
      /^orphan_queue_total 0$/m,
      /^gc_last_run_timestamp 0$/m,
      /^kafka_breaker_open_total 0$/m,
      /^# TYPE cross_context_cache_hit_total counter$/m,
      /^# TYPE cross_context_cache_violation_total counter$/m,
      /^# TYPE dagmanager_active_version_weight gauge$/m,
    ]) {
      expect(text).toMatch(line);
    }
    expect(text).not.toContain("queue_lag"); // a metric nobody sets says that all is well
  });

  it("collects garbage when told to, and reports", async () => {
    await app.manager.diff({ strategyId: "s", dagJson: dagText(priceAndMean) });
    await app.manager.cleanup("s");
    const answer = await app.http.inject({ method: "POST", url: "/admin/gc-trigger", payload: { id: "s-sentinel" } });
    expect(answer.statusCode).toBe(202);
    expect(answer.json()).toMatchObject({
      processed: [],
      report: { observed: 2, candidates: 2, skipped: 2, actions: { too_young: 2 }, by_tag: {} },
    });
    expect((await app.http.inject({ method: "POST", url: "/admin/gc-trigger", payload: {} })).statusCode).toBe(202);
  });

  it.each([
    [{ id: "nobody" }, 404],
    [{ id: 3 }, 422],
    [{ sentinel: "x" }, 422],
  ])("refuses %j with %d", async (payload, statusCode) => {
    expect((await app.http.inject({ method: "POST", url: "/admin/gc-trigger", payload })).statusCode).toBe(statusCode);
  });

  it("asks for credentials where this machine's callers are not trusted", async () => {
    const guarded = await open({}, false);
    expect((await guarded.http.inject({ method: "POST", url: "/admin/gc-trigger", payload: {} })).statusCode).toBe(401);
    expect((await guarded.http.inject("/status")).statusCode).toBe(200);
    await guarded.stop();
  });
});

describe("listening", () => {
  const anyPort = { host: "127.0.0.1", port: 0 };

  it("opens both servers on free ports and says where", async () => {
    const listening = await open({ listenOn: { grpc: anyPort, http: anyPort } });
    await listening.start();
    expect(listening.addresses!.grpc).toMatch(/^127\.0\.0\.1:\d+$/);
    expect((await fetch(`${listening.addresses!.http}/status`)).status).toBe(200);
    await listening.stop();
  });

  it("refuses an address others reach while nobody needs keys", async () => {
    const open_ = { host: "0.0.0.0", port: 0 };
    const reachable = await open({ listenOn: { grpc: open_, http: anyPort } });
    await expect(reachable.start()).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    await reachable.stop();
  });

  it("says which port is taken", async () => {
    const first = await open({ listenOn: { grpc: anyPort, http: anyPort } });
    await first.start();
    const port = Number(first.addresses!.grpc.split(":")[1]);
    const second = await open({ listenOn: { grpc: { host: "127.0.0.1", port }, http: anyPort } });
    await expect(second.start()).rejects.toMatchObject({ code: "PORT_TAKEN", details: { port } });
    await second.stop();
    await first.stop();
  });
});
