import {
  activationUpdated,
  cloudEvent,
  eventSources,
  queueUpdated,
  sentinelWeightUpdated,
} from "@qmtl/contracts/events";
import type { EventSubscription, StrategyAck } from "@qmtl/contracts/gateway";
import { systemIds } from "@qmtl/service/edge";
import { createConnection } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { FakeDagManager } from "../testing/fake-dag-manager.ts";
import { runGateway, type RunningGateway } from "../testing/run-gateway.ts";
import { openStream, type StreamClient } from "../testing/stream-client.ts";
import { chainOf, submissionOf } from "../testing/submissions.ts";
import type { GatewayDeps } from "../create-gateway.ts";

const open: RunningGateway[] = [];
afterEach(async () => {
  for (const gateway of open.splice(0)) await gateway.end();
});

async function gatewayAt(part: Parameters<typeof runGateway>[0] = {}) {
  const gateway = await runGateway(part);
  open.push(gateway);
  const url = await gateway.listen({ host: "127.0.0.1", port: 0 });
  const call = async (path: string, body: unknown) => {
    const headers = { "content-type": "application/json" };
    return fetch(`${url}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  };
  const subscribe = async (world_id: string, topics: string[], strategy_id = "s1") =>
    (await (await call("/events/subscribe", { world_id, strategy_id, topics })).json()) as EventSubscription;
  const stream = async (world: string, topics: string[], strategyId?: string, query = ""): Promise<StreamClient> => {
    const { stream_url, token } = await subscribe(world, topics, strategyId);
    const client = await openStream(`${stream_url}${query}`, { protocol: token });
    return client;
  };
  const { bus } = gateway.deps as Required<GatewayDeps>;
  const publish = async (
    topic: Parameters<typeof bus.publish>[0],
    type: string,
    key: string,
    sequence: number,
    data: object,
  ) => {
    const fields = { id: systemIds.next(), source: eventSources.worldService, type, correlationId: "c" };
    const event = cloudEvent({ ...fields, timeMs: Date.now(), data: data as Record<string, unknown> });
    await bus.publish(topic, [{ key, sequence, event }]);
  };
  const activate = async (world_id: string, sequence: number, more: object = {}): Promise<void> => {
    const data = activationUpdated({
      world_id,
      epoch: 1,
      sequence,
      etag: `e${sequence}`,
      run_id: "",
      state_hash: "h",
      tsMs: Date.now(),
      ...more,
    });
    return publish("control.activation", "activation_updated", world_id, sequence, data);
  };
  return { gateway, url, call, subscribe, stream, publish, activate };
}

const dataOf = (frames: readonly Readonly<Record<string, unknown>>[]) =>
  frames.map(({ data }) => data as Record<string, unknown>);

describe("an event stream", () => {
  it("brings the events of its world and topics, in order, those of other strategies too: they count with its own", async () => {
    const { stream, activate, publish } = await gatewayAt();
    const mine = await stream("w1", ["activation"]);
    const other = await stream("w2", ["activation", "queue"]);
    await Promise.all([mine.frames(1), other.frames(2)]);
    await activate("w1", 1, { strategy_id: "s1", side: "long", active: true, weight: 0.5 });
    await activate("w1", 2, { strategy_id: "s2" });
    await activate("w1", 3, { freeze: true });
    const queue = queueUpdated({
      tags: ["b", "a"],
      interval: 60,
      queues: [{ queue: "q", global: false }],
      match_mode: "any",
      sequence: 1,
      tsMs: Date.now(),
    });
    await publish("control.queues", "queue_updated", "k", 1, queue);
    const [first, second, third] = await mine.frames(3);
    expect(first).toMatchObject({
      type: "activation_updated",
      sequence: 1,
      key: "w1",
      data: { strategy_id: "s1", weight: 0.5 },
    });
    expect(second).toMatchObject({ sequence: 2, data: { strategy_id: "s2" } });
    expect(third).toMatchObject({ sequence: 3, data: { freeze: true } });
    const told = await other.frames(2);
    await publish("control.queues", "queue_updated", "k", 2, queue);
    told.push(...(await other.frames(1)));
    expect(told.map(({ type, sequence }) => [type, sequence])).toEqual([
      ["tagquery.upsert", 1],
      ["queue_update", 1],
      ["queue_update", 2],
    ]);
    expect(told[2]).toMatchObject({ data: { tags: ["a", "b"], queues: [{ queue: "q", global: false }] } });
    expect([mine.pending(), other.pending()]).toEqual([[], []]);
  });

  it("brings many events that lie ready to a client that reads", async () => {
    const { stream, gateway } = await gatewayAt();
    const client = await stream("w1", ["activation"]);
    await client.frames(1);
    const padding = "x".repeat(1_000);
    const events = Array.from({ length: 3_000 }, (_, index) => {
      const sequence = index + 1;
      const fields = { epoch: 1, sequence, etag: `e${sequence}`, run_id: "", state_hash: "h", tsMs: Date.now() };
      const data = { ...activationUpdated({ world_id: "w1", ...fields }), compute_context: { padding } };
      const envelope = { id: systemIds.next(), source: eventSources.worldService, type: "activation_updated" };
      return { key: "w1", sequence, event: cloudEvent({ ...envelope, timeMs: Date.now(), data, correlationId: "c" }) };
    });
    await gateway.deps.bus!.publish("control.activation", events);
    const sequences = (await client.frames(3_000)).map(({ sequence }) => sequence);
    expect(sequences).toEqual(events.map(({ sequence }) => sequence));
  });

  it("tells the weights of versions", async () => {
    const { stream, publish, gateway } = await gatewayAt();
    const client = await stream("w1", ["activation"]);
    await client.frames(1);
    const data = sentinelWeightUpdated({ sentinel_id: "s-sentinel", weight: 0.25, world_id: "w1", tsMs: Date.now() });
    await publish("control.sentinel", "sentinel_weight_updated", "s-sentinel", 1, data);
    expect(await client.frames(1)).toMatchObject([{ type: "sentinel_weight", data: { weight: 0.25 } }]);
    expect(await gateway.deps.metrics.text()).toContain(
      'gateway_sentinel_traffic_ratio{sentinel_id="s-sentinel"} 0.25',
    );
  });

  it("tells a submission's progress to its strategy alone", async () => {
    const dagManager = new FakeDagManager();
    const gate = Promise.withResolvers<void>();
    dagManager.pause = gate.promise;
    const { stream, call } = await gatewayAt({ dagManager, settings: { queueMapWaitMs: 0 } });
    const nodes = chainOf(2);
    const ack = (await (await call("/strategies", submissionOf(nodes, { world_id: "w1" }))).json()) as StrategyAck;
    const mine = await stream("w1", ["policy"], ack.strategy_id);
    const other = await stream("w1", ["policy"], "another");
    const elsewhere = await stream("w2", ["policy"], ack.strategy_id);
    await Promise.all([mine.frames(1), other.frames(1), elsewhere.frames(1)]);
    gate.resolve();
    const told: Record<string, unknown>[] = [];
    while (told.at(-1)?.["queue_map"] === undefined) told.push(...dataOf(await mine.frames(1)));
    const [progress, map] = told.slice(-2);
    expect(progress).toMatchObject({ strategy_id: ack.strategy_id, status: "completed" });
    expect(Object.keys(map!["queue_map"] as object)).toEqual(nodes.map((node) => node["node_id"]));
    expect([other.pending(), elsewhere.pending()]).toEqual([[], []]);
  });

  it("starts with the queues a client asks about", async () => {
    const dagManager = new FakeDagManager();
    dagManager.queues = [{ queue: "w1.live.q", global: false }];
    const { stream } = await gatewayAt({ dagManager });
    const known = await stream("w1", ["queue"], "s1", "?tags=a,b&interval=60&match_mode=all");
    expect(dataOf(await known.frames(1))).toMatchObject([
      { source: "live", items: [{ tags: ["a", "b"], interval: 60, match_mode: "all", queues: dagManager.queues }] },
    ]);
    dagManager.failure = new Error("down");
    const lost = await stream("w1", ["queue"], "s1", "?tags=a&interval=60");
    expect(dataOf(await lost.frames(1))).toMatchObject([{ source: "stale", items: [] }]);
  });

  it("replays after a position, and sends a snapshot where it cannot", async () => {
    const { stream, activate } = await gatewayAt();
    const first = await stream("w1", ["activation"]);
    await first.frames(1);
    for (const sequence of [5, 6, 7]) await activate("w1", sequence);
    await first.frames(3);
    const second = await stream("w1", ["activation"]);
    await second.frames(1);
    const resume = (sequence: number) =>
      second.send({ type: "resume", from: [{ topic: "activation", key: "w1", sequence }] });
    resume(5);
    const frames = await second.frames(3);
    expect(frames.map(({ sequence }) => sequence)).toEqual([6, 7, undefined]);
    expect(frames[2]).toEqual({ type: "resume_ack", replayed: 2, snapshots: [] });
    resume(2);
    expect(await second.frames(2)).toMatchObject([
      { type: "resume_ack", replayed: 0, snapshots: ["activation"] },
      { type: "snapshot" },
    ]);
  });

  it("sends a snapshot after a gap on the bus", async () => {
    const { stream, activate } = await gatewayAt();
    const client = await stream("w1", ["activation"]);
    await client.frames(1);
    await activate("w1", 1);
    await activate("w1", 3);
    expect((await client.frames(3)).map(({ type, sequence }) => [type, sequence])).toEqual([
      ["activation_updated", 1],
      ["activation_updated", 3],
      ["snapshot", 0],
    ]);
  });

  it("answers heartbeats, acknowledgements in both spellings, and nothing else", async () => {
    const { stream, gateway } = await gatewayAt();
    const client = await stream("w1", []);
    client.send({ op: "heartbeat" });
    client.send({ type: "ack", last_id: "e7" });
    client.send({ event: "ack", last_id: "e8" });
    for (const noise of ["no json", "[]", "null", '{"type":"dance"}', '{"type":"refresh"}']) client.send(noise);
    client.send({ op: "heartbeat" });
    expect(await client.frames(4)).toEqual([
      { op: "ack" },
      { type: "ack", ts: expect.any(String) as string, last_id: "e7" },
      { type: "ack", ts: expect.any(String) as string, last_id: "e8" },
      { op: "ack" },
    ]);
    const metrics = await gateway.deps.metrics.text();
    expect(metrics).toMatch(/^ws_heartbeats_total 7$/m);
    expect(metrics).toMatch(/^ws_acks_total 2$/m);
  });

  it("follows a refreshed token, with snapshots of what it sees for the first time", async () => {
    const { stream, subscribe, activate } = await gatewayAt();
    const client = await stream("w1", ["policy"]);
    await client.frames(1);
    client.send({ type: "refresh", token: (await subscribe("w2", ["activation", "policy"])).token });
    const [ack, ...snapshots] = await client.frames(3);
    expect(ack).toMatchObject({ type: "refresh_ack" });
    expect(dataOf(snapshots).map(({ topic, world_id }) => [topic, world_id])).toEqual([
      ["activation", "w2"],
      ["policy", "w2"],
    ]);
    await activate("w1", 1);
    await activate("w2", 1);
    expect(await client.frames(1)).toMatchObject([{ key: "w2" }]);
  });
});

describe("an event stream is closed", () => {
  it("1008 without a token, with a wrong one, with a token in the address, and when a ticket is used twice", async () => {
    const { url, subscribe, gateway } = await gatewayAt();
    const { stream_url, token, ticket } = await subscribe("w1", []);
    const address = `${url.replace("http", "ws")}/ws/evt`;
    const once = await openStream(stream_url, { ticket });
    for (const [target, how] of [
      [address, {}],
      [address, { header: `${token}x` }],
      [`${address}?token=${token}`, {}],
      [address, { ticket }],
      [address.replace("/ws/evt", "/ws"), {}],
    ] as const) {
      expect(await (await openStream(target, how)).ended).toMatchObject({ code: 1008 });
    }
    once.send({ op: "heartbeat" });
    expect(await once.frames(1)).toEqual([{ op: "ack" }]);
    expect(await gateway.deps.metrics.text()).toMatch(/^ws_auth_failures_total 5$/m);
  });

  it("1008 when its token ends, unless it was refreshed (fault 2)", async () => {
    const { stream, subscribe } = await gatewayAt({ settings: { eventTokenMs: 2_000 } });
    const [left, refreshed] = [await stream("w1", []), await stream("w1", [])];
    const refresh = async () => refreshed.send({ type: "refresh", token: (await subscribe("w1", [])).token });
    let over = false;
    const ended = left.ended.finally(() => (over = true));
    while (!over) await Promise.all([refresh(), new Promise((resolve) => setTimeout(resolve, 200))]);
    expect(await ended).toEqual({ code: 1008, reason: "the token has expired" });
    refreshed.pending().forEach((frame) => expect(frame).toMatchObject({ type: "refresh_ack" }));
    refreshed.send({ op: "heartbeat" });
    await expect.poll(() => refreshed.pending().at(-1)).toEqual({ op: "ack" });
  });

  it("1008 for a refresh that does not hold", async () => {
    const { stream } = await gatewayAt();
    const client = await stream("w1", []);
    client.send({ type: "refresh", token: "e30.e30.e30" });
    expect(await client.ended).toMatchObject({ code: 1008 });
  });

  it("1008 for a flood, 1009 for a frame that is too long", async () => {
    const { stream } = await gatewayAt();
    const [flood, long] = [await stream("w1", []), await stream("w1", [])];
    for (let count = 0; count < 60; count++) flood.send({ op: "heartbeat" });
    long.send("x".repeat(20_000));
    expect(await flood.ended).toMatchObject({ code: 1008 });
    expect(await long.ended).toMatchObject({ code: 1009 });
  });

  it("1008 for more than the settings allow", async () => {
    const { stream } = await gatewayAt({ settings: { messagesPerSecondMax: 2 } });
    const client = await stream("w1", []);
    for (let count = 0; count < 3; count++) client.send({ op: "heartbeat" });
    expect(await client.ended).toMatchObject({ code: 1008, reason: "more than 2 messages a second" });
  });

  it("1011 when what its world may do cannot be told: an activation of another schema, or none at all", async () => {
    const { stream, publish } = await gatewayAt();
    const [first, second, other] = [
      await stream("w1", ["activation"]),
      await stream("w2", ["activation"]),
      await stream("w3", ["activation"]),
    ];
    await publish("control.activation", "activation_updated", "w1", 1, { version: 2, world_id: "w1" });
    await publish("control.activation", "activation_updated", "w2", 1, { version: 1, world_id: "w2" });
    await publish("control.policy", "policy_updated", "w3", 1, { version: 9, world_id: "w3" });
    expect(await first.ended).toMatchObject({ code: 1011 });
    expect(await second.ended).toMatchObject({ code: 1011 });
    other.send({ op: "heartbeat" });
    expect(await other.frames(2)).toMatchObject([{ type: "snapshot" }, { op: "ack" }]);
  });

  it("when it does not read: at 1 MB, while others notice nothing", async () => {
    const { stream, subscribe, activate, gateway, url } = await gatewayAt();
    const healthy = await stream("w1", ["activation"]);
    const { token } = await subscribe("w1", ["activation"], "s2");
    // A client that opens a stream and never reads from it.
    const { port } = new URL(url);
    const stuck = createConnection({ host: "127.0.0.1", port: Number(port) });
    stuck.write(
      `GET /ws/evt HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n` +
        `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer ${token}\r\n\r\n`,
    );
    await new Promise((resolve) => stuck.once("data", resolve));
    stuck.pause();
    await expect.poll(() => gateway.hub.size).toBe(2);
    let sequence = 0;
    let seen = 0;
    while (gateway.hub.size > 1) {
      expect(sequence).toBeLessThan(20_000);
      for (let count = 0; count < 50; count++)
        await activate("w1", ++sequence, { compute_context: { padding: "x".repeat(4_000) } });
      seen += (await healthy.frames(50 + (seen === 0 ? 1 : 0))).length;
    }
    expect(seen).toBe(sequence + 1);
    expect(await gateway.deps.metrics.text()).toMatch(/^ws_dropped_subscribers_total 1$/m);
    stuck.destroy();
  });
});
