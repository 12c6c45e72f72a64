import { EventSubscription, GatewayStatus, StrategyAck } from "@qmtl/contracts/gateway";
import { decodeJwt } from "jose";
import { Value } from "typebox/value";
import { expect, it } from "vitest";
import { FakeDagManager } from "./testing/fake-dag-manager.ts";
import { runGateway } from "./testing/run-gateway.ts";
import { chainOf, submissionOf } from "./testing/submissions.ts";
import { openStream } from "./testing/stream-client.ts";

// Section 9.1 of the services' specification: Gateway and DAG Manager, no ControlBus, no WorldService.
it("the smoke scenario", async () => {
  const gateway = await runGateway({ dagManager: new FakeDagManager(), withoutBus: true });
  const url = await gateway.listen({ host: "127.0.0.1", port: 0 });
  const post = async (path: string, body: unknown) =>
    fetch(`${url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  try {
    // 1. GET /status: HTTP 200 and readable health object although WorldService is absent
    const status = await fetch(`${url}/status`);
    expect(status.status).toBe(200);
    const health: unknown = await status.json();
    expect(Value.Check(GatewayStatus, health)).toBe(true);
    expect(health).toMatchObject({
      status: "ok",
      worldservice: "none",
      degrade_level: "NORMAL",
      enforce_live_guard: true,
    });

    // 2. POST /events/subscribe for two different world_ids: each token's payload equals the request
    const worlds = ["world-a", "world-b"];
    const subscriptions = await Promise.all(
      worlds.map(async (world_id) => {
        const request = { world_id, strategy_id: `s-${world_id}`, topics: ["queues", "activation", "policy"] };
        const response = await post("/events/subscribe", request);
        expect(response.status).toBe(200);
        const subscription = (await response.json()) as EventSubscription;
        expect(Value.Check(EventSubscription, subscription)).toBe(true);
        const topics = ["queue", "activation", "policy"];
        const claims = decodeJwt(subscription.token);
        expect(claims).toMatchObject({ world_id, strategy_id: `s-${world_id}`, aud: "controlbus", topics });
        expect(claims.exp! - claims.iat!).toBeLessThanOrEqual(300);
        expect(Date.parse(subscription.expires_at)).toBe(claims.exp! * 1_000);
        return subscription;
      }),
    );

    // 3. open WebSocket /ws/evt with each token: accepted, and the first frame comes within the budget
    for (const [index, { stream_url, token, ticket }] of subscriptions.entries()) {
      for (const how of [{ header: token }, { protocol: token }, { ticket }]) {
        const stream = await openStream(stream_url, how);
        const first = await stream.frames(3);
        const data = first.map((frame) => frame["data"] as { topic: string; world_id: string });
        expect(first.map(({ type }) => type)).toEqual(["snapshot", "snapshot", "snapshot"]);
        expect(data.map(({ topic }) => topic)).toEqual(["queue", "activation", "policy"]);
        expect(data.every(({ world_id }) => world_id === worlds[index])).toBe(true);
        expect(data[1]).toMatchObject({
          source: "none",
          items: [],
          state_hash: expect.stringMatching(/^blake3:/) as string,
        });
        stream.send({ op: "heartbeat" });
        expect(await stream.frames(1)).toEqual([{ op: "ack" }]);
        stream.close();
      }
    }

    // 4. POST /strategies once per world: both 202 with distinct strategy ids
    for (const nodes of [[], chainOf(3)]) {
      const ids = await Promise.all(
        worlds.map(async (world_id) => {
          const response = await post("/strategies", submissionOf(nodes, { world_id }));
          expect(response.status).toBe(202);
          const ack = (await response.json()) as StrategyAck;
          expect(Value.Check(StrategyAck, ack)).toBe(true);
          expect(ack).toMatchObject({ world_ids: [world_id], safe_mode: true });
          return ack.strategy_id;
        }),
      );
      expect(new Set(ids).size).toBe(2);
    }
  } finally {
    await gateway.end();
  }
});
