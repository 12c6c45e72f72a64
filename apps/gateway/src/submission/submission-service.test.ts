import { QmtlError, seededRandom, type Ids } from "@qmtl/core";
import { silentLogger } from "@qmtl/service/logging";
import { syncAtOnce, VirtualClock } from "@qmtl/testkit/clock";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { Submissions } from "../store/submissions.ts";
import { openGatewayDatabase } from "../store/tables.ts";
import { dagManagerDown, FakeDagManager } from "../testing/fake-dag-manager.ts";
import { chainOf, submissionOf } from "../testing/submissions.ts";
import { retryLimits } from "./life-cycle.ts";
import { SubmissionService } from "./submission-service.ts";
import { SubmissionWorker, workerLimits } from "./worker.ts";

const opened: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0)) await close();
});

function countingIds(prefix: string): Ids {
  let count = 0;
  return { next: () => `${prefix}-${++count}` };
}

async function gateway(
  options: { path?: string; holder?: string; dagManager?: FakeDagManager | null; waitMs?: number } = {},
) {
  const { path = ":memory:", holder = "a", waitMs = 100 } = options;
  const dagManager = options.dagManager === null ? undefined : (options.dagManager ?? new FakeDagManager());
  const clock = new VirtualClock();
  const database = await openGatewayDatabase({ path, clock, syncFile: syncAtOnce });
  const submissions = new Submissions({ database, clock, limits: retryLimits, changed: () => worker?.wake() });
  const service = new SubmissionService({
    submissions,
    dagManager,
    decisions: async () => ({ kind: "unavailable" }),
    clock,
    ids: countingIds(holder),
    logger: silentLogger,
    reserve: () => worker?.reserve(),
    insertSentinel: true,
    queueMapWaitMs: waitMs,
    dryRunMs: 500,
    waitersMax: 64,
  });
  const worker =
    dagManager &&
    new SubmissionWorker({
      submissions,
      dagManager,
      clock,
      random: seededRandom(1),
      logger: silentLogger,
      holder,
      onFinal: (row) => service.settled(row),
    });
  opened.push(async () => {
    await worker?.stop();
    await database.destroy();
  });
  const submit = (body = submissionOf(chainOf(3)), key?: string) =>
    service.submit({ body, subject: "me", correlationId: "corr", idempotencyKey: key });
  return { clock, database, submissions, service, worker, dagManager: dagManager!, submit };
}

const codeOf = async (run: Promise<unknown>): Promise<string> =>
  run.then(
    () => "accepted",
    (error: unknown) => (error instanceof QmtlError ? error.code : String(error)),
  );

describe("a submission", () => {
  it("is answered with its queue map, and the worker has diffed it with the sentinel", async () => {
    const { submit, worker, dagManager, service } = await gateway();
    worker!.start();
    const nodes = chainOf(3);
    const ack = await submit(submissionOf(nodes, { meta: { version: "2.1" } }));
    expect(ack).toMatchObject({ strategy_id: "a-1", sentinel_id: "a-1-sentinel", downgraded: true, safe_mode: true });
    expect(Object.keys(ack.queue_map)).toEqual(nodes.map((node) => node["node_id"]));
    expect(dagManager.calls[0]!.dagJson).toContain(
      '"node_id": "a-1-sentinel", "node_type": "VersionSentinel", "version": "2.1"',
    );
    expect(await service.status("a-1")).toMatchObject({ status: "completed", queue_map: ack.queue_map, reason: null });
    const { events } = await service.history("a-1");
    expect(events.map(({ event }) => event)).toEqual(["INIT", "PROCESS", "COMPLETE"]);
  });

  it("stays queued, and durable, without a DAG Manager", async () => {
    const { submit, service } = await gateway({ dagManager: null });
    const ack = await submit();
    expect(ack.queue_map).toEqual({});
    expect(await service.status(ack.strategy_id)).toMatchObject({ status: "queued", attempts: 0 });
  });

  it("says queued while the DAG Manager is down, and completes when it is back", async () => {
    const { submit, worker, dagManager, service, clock } = await gateway();
    dagManager.failure = dagManagerDown;
    worker!.start();
    const pending = submit();
    await clock.advance(100);
    const { strategy_id } = await pending;
    await clock.advance(60_000);
    expect(await service.status(strategy_id)).toMatchObject({ status: "queued", reason: "connection refused" });
    expect(dagManager.calls.length).toBeLessThan(15); // it backs off
    dagManager.failure = undefined;
    await clock.advance(31_000);
    expect(await service.status(strategy_id)).toMatchObject({ status: "completed", attempts: 0 });
  });

  it("fails with the DAG Manager's reason, and may then be submitted again", async () => {
    const { submit, worker, dagManager, service } = await gateway();
    dagManager.failure = new QmtlError("GRAPH_CYCLE", "n1 needs itself");
    worker!.start();
    const { strategy_id } = await submit();
    expect(await service.status(strategy_id)).toMatchObject({
      status: "failed",
      reason: "GRAPH_CYCLE: n1 needs itself",
    });
    dagManager.failure = undefined;
    expect((await submit()).strategy_id).not.toBe(strategy_id);
  });

  it("ends in a dead letter when the DAG Manager keeps failing, or reads other nodes than were sent", async () => {
    const { submit, worker, dagManager, service, clock } = await gateway({ waitMs: 0 });
    dagManager.crc32 = 7;
    worker!.start();
    const pending = submit();
    await clock.advance(200_000);
    const { strategy_id } = await pending;
    expect(await service.status(strategy_id)).toMatchObject({ status: "dead-lettered", attempts: 8 });
    expect(dagManager.calls).toHaveLength(8);
  });

  it("is known again by DAG and worlds, not by DAG alone", async () => {
    const { submit, service } = await gateway({ dagManager: null });
    const body = (world_ids: string[], meta = {}) => submissionOf(chainOf(2), { world_ids, meta });
    const first = await submit(body(["w1", "w2"]));
    await expect(submit(body(["w2", "w1"]))).rejects.toMatchObject({
      code: "SUBMISSION_DUPLICATE",
      details: { strategy_id: first.strategy_id },
    });
    const others = [
      body(["w1"]),
      body([]),
      body(["w1", "w2"], { as_of: "2025-01-01" }),
      submissionOf(chainOf(3), { world_id: "w1" }),
    ];
    for (const other of others) expect(await codeOf(submit(other))).toBe("accepted");
    expect((await service.status(first.strategy_id)).world_ids).toEqual(["w1", "w2"]);
  });

  it("gives an idempotency key one answer for a day (S-4)", async () => {
    const { submit, service, worker, clock } = await gateway();
    worker!.start();
    const first = await submit(undefined, "k1");
    expect(await submit(undefined, "k1")).toEqual(first);
    expect(await codeOf(submit(submissionOf(chainOf(4)), "k1"))).toBe("IDEMPOTENCY_CONFLICT");
    expect(await codeOf(submit(undefined, "k2"))).toBe("SUBMISSION_DUPLICATE");
    expect(await service.dryRun(submissionOf(chainOf(4)), "c")).toMatchObject({ strategy_id: "dryrun" });
    clock.jumpWall(24 * 3_600_000 + 1);
    expect((await submit(submissionOf(chainOf(4)), "k1")).strategy_id).not.toBe(first.strategy_id);
  });

  it("answers a key the same also when the first answer did not have the queue map yet", async () => {
    const { submit, worker, dagManager, clock } = await gateway();
    const gate = Promise.withResolvers<void>();
    dagManager.pause = gate.promise;
    worker!.start();
    const pending = submit(undefined, "k");
    await clock.advance(150);
    const first = await pending;
    expect(first.queue_map).toEqual({});
    gate.resolve();
    await clock.advance(10);
    expect(await submit(undefined, "k")).toEqual(first);
  });

  it("of many at once with one key or one DAG makes one", async () => {
    const { submit, submissions } = await gateway({ dagManager: null });
    const keyed = await Promise.all(Array.from({ length: 20 }, () => submit(undefined, "k")));
    expect(new Set(keyed.map((ack) => ack.strategy_id)).size).toBe(1);
    const codes = await Promise.all(Array.from({ length: 20 }, () => codeOf(submit(submissionOf(chainOf(5))))));
    expect(codes.filter((code) => code === "accepted")).toHaveLength(1);
    expect(await submissions.openCounts()).toEqual({ queued: 2 });
  });
});

describe("checks", () => {
  const nodes = chainOf(2);
  const wrong = { ...nodes[1]!, params: { index: 9 } };
  const fieldless = { ...nodes[1]!, code_hash: "" };
  it.each<[string, ReturnType<typeof submissionOf>, string]>([
    ["fields before the checksum", { ...submissionOf([nodes[0]!, fieldless]), node_ids_crc32: 1 }, "NODE_ID_FIELDS"],
    ["the checksum before ids", { ...submissionOf([nodes[0]!, wrong]), node_ids_crc32: 1 }, "CHECKSUM_MISMATCH"],
    ["ids", submissionOf([nodes[0]!, wrong]), "NODE_ID_MISMATCH"],
    ["a sentinel of the client's", submissionOf([{ node_id: "x", node_type: "VersionSentinel" }]), "NODE_ID_FIELDS"],
    ["no JSON", { dag_json: "%%%", node_ids_crc32: 0 }, "JSON_INVALID"],
    ["base64 of no JSON", { dag_json: "aGVsbG8=", node_ids_crc32: 0 }, "JSON_INVALID"],
    ["base64 of no text", { dag_json: "/////w==", node_ids_crc32: 0 }, "JSON_INVALID"],
    ["no object", { dag_json: Buffer.from("[]").toString("base64"), node_ids_crc32: 0 }, "SCHEMA_INVALID"],
    ["another schema version", { dag_json: '{"nodes":[],"schema_version":"v9"}', node_ids_crc32: 0 }, "SCHEMA_INVALID"],
  ])("%s", async (_, body, code) => {
    const { submit, service, submissions } = await gateway({ dagManager: null });
    expect(await codeOf(submit(body))).toBe(code);
    expect(await codeOf(service.dryRun(body, "c"))).toBe(code);
    expect(await submissions.openCounts()).toEqual({});
  });

  it("take the document as base64 or as text, and none at all with checksum 0", async () => {
    const { submit } = await gateway({ dagManager: null });
    await submit({ dag_json: ' {"nodes":[]}', node_ids_crc32: 0 });
    expect(await codeOf(submit({ dag_json: Buffer.from('{"nodes": []}').toString("base64"), node_ids_crc32: 0 }))).toBe(
      "SUBMISSION_DUPLICATE",
    );
  });
});

describe("a dry run", () => {
  it("answers what a submission would be answered, and leaves nothing behind", async () => {
    const { submit, service, worker, dagManager, submissions } = await gateway();
    const body = submissionOf(chainOf(3), { world_ids: ["w1", "w2"] });
    const dry = await service.dryRun(body, "c");
    expect(dagManager.calls.every(({ dryRun }) => dryRun)).toBe(true);
    expect(dagManager.topics.size).toBe(0);
    expect(await submissions.lastEventId()).toBe(0);
    expect(dry.sentinel_id).toMatch(/^dryrun:[0-9a-f]{8}$/);
    worker!.start();
    const ack = await submit(body);
    expect({ ...dry, strategy_id: ack.strategy_id, sentinel_id: ack.sentinel_id }).toEqual(ack);
    expect(Object.values(ack.queue_map)[0]!.map(({ queue }) => queue.split(".", 1)[0])).toEqual(["w1", "w2"]);
  });

  it("has the checksum's sentinel and no queues when the DAG Manager is away or slow", async () => {
    const { service, dagManager, clock } = await gateway();
    dagManager.failure = dagManagerDown;
    const body = submissionOf(chainOf(1));
    const away = await service.dryRun(body, "c");
    dagManager.failure = undefined;
    dagManager.pause = new Promise(() => {});
    const slow = service.dryRun(body, "c");
    await clock.advance(500);
    expect(away).toEqual(await slow);
    expect(away).toMatchObject({ queue_map: {}, sentinel_id: expect.stringMatching(/^dryrun:/) as string });
  });
});

describe("a crash", () => {
  it("at any time leaves each submission queued or done, and the next worker ends it (S-1, S-3)", async () => {
    const folder = mkdtempSync(join(tmpdir(), "qmtl-gateway-"));
    opened.push(async () => rmSync(folder, { recursive: true }));
    const path = join(folder, "gateway.db");
    const first = await gateway({ path, holder: "a", waitMs: 0 });
    first.dagManager.pause = new Promise(() => {}); // it dies with these in hand
    first.worker!.start();
    const accepted = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        const pending = first.submit(submissionOf(chainOf(1, String(index))));
        await first.clock.advance(1);
        return (await pending).strategy_id;
      }),
    );
    await first.clock.advance(100);
    const statuses = await Promise.all(accepted.map(async (id) => (await first.service.status(id)).status));
    expect(new Set(statuses)).toEqual(new Set(["queued", "processing"]));
    // Nothing more is heard of the first process; its claims have to run out.
    opened.splice(opened.length - 1, 1, () => first.database.destroy());

    const second = await gateway({ path, holder: "b" });
    second.clock.jumpWall(workerLimits.claimMs);
    second.worker!.start();
    await second.clock.advance(5_000);
    for (const id of accepted) expect((await second.service.status(id)).status).toBe("completed");
    expect(second.dagManager.calls).toHaveLength(accepted.length);
  });

  it("leaves no claim that others wait for, where the next process knows that it is alone", async () => {
    const folder = mkdtempSync(join(tmpdir(), "qmtl-gateway-"));
    opened.push(async () => rmSync(folder, { recursive: true }));
    const path = join(folder, "gateway.db");
    const first = await gateway({ path, holder: "a", waitMs: 0 });
    first.dagManager.pause = new Promise(() => {}); // it dies with this in hand
    first.worker!.start();
    const pending = first.submit(submissionOf(chainOf(1)));
    await first.clock.advance(1);
    const { strategy_id: id } = await pending;
    opened.splice(opened.length - 1, 1, () => first.database.destroy());

    const second = await gateway({ path, holder: "b" });
    await second.submissions.endOtherClaims("b");
    second.worker!.start();
    await second.clock.advance(100); // a claim holds for 30 s
    expect(await second.service.status(id)).toMatchObject({ status: "completed", attempts: 1 });
  });
});
