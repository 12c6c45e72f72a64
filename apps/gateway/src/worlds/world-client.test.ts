import { seededRandom } from "@qmtl/core";
import { Authenticator, LocalKeySet } from "@qmtl/service/auth";
import { VirtualClock } from "@qmtl/testkit/clock";
import { beforeAll, describe, expect, it } from "vitest";
import { WorldClient, type WorldRequest, type WorldResponse } from "./world-client.ts";

let keys: LocalKeySet;
beforeAll(async () => {
  keys = await LocalKeySet.inMemory();
});

const asking = { principal: undefined, correlationId: "c" };
const json = (status: number, body: object, headers = {}): WorldResponse => ({
  status,
  headers,
  body: JSON.stringify(body),
});

function world(answer: (request: WorldRequest) => WorldResponse | Error | Promise<WorldResponse>) {
  const clock = new VirtualClock();
  const requests: WorldRequest[] = [];
  const breaker: string[] = [];
  const counts = { stale: 0, hits: 0 };
  const client = new WorldClient({
    transport: async (request) => {
      requests.push(request);
      const answered = await answer(request);
      if (answered instanceof Error) throw answered;
      return answered;
    },
    auth: new Authenticator({ clock, ids: { next: () => "id" }, keys, loopback: true }),
    clock,
    random: seededRandom(1),
    retries: 2,
    retryFirstMs: 10,
    breakerOpenMs: 2_000,
    observer: {
      request: () => {},
      cache: (hit) => void (counts.hits += hit ? 1 : 0),
      stale: () => void counts.stale++,
      breaker: (state) => void breaker.push(state),
    },
  });
  const settle = async <Result>(run: Promise<Result>): Promise<Result> => {
    let ended = false;
    const mark = () => void (ended = true);
    run.then(mark, mark);
    // Signing tokens takes real time, which the clock here knows nothing of.
    while (!ended) await clock.advance(20);
    return run;
  };
  return { client, clock, requests, breaker, counts, settle };
}

const decision = { world_id: "w", effective_mode: "live", ttl: "300s" };

describe("decisions", () => {
  it("are asked once within their time, and again after an event of their world", async () => {
    const { client, requests, clock, counts } = world(() => json(200, decision, { "cache-control": "max-age=10" }));
    await Promise.all([client.decide("w", "", asking), client.decide("w", "", asking)]);
    await client.decide("w", "", asking);
    expect(requests).toHaveLength(1);
    expect(counts.hits).toBe(1);
    await clock.advance(6_500);
    // Who keeps it in turn keeps it no longer than it may be kept here.
    expect((await client.decide("w", "", asking)).cacheControl).toBe("max-age=3");
    await clock.advance(3_500);
    await client.decide("w", "", asking);
    client.invalidate("w");
    await client.decide("w", "", asking);
    await client.decide("w", "2025-01-01", asking);
    expect(requests.map(({ path }) => path)).toEqual([
      ...Array.from({ length: 3 }, () => "/worlds/w/decide"),
      "/worlds/w/decide?as_of=2025-01-01",
    ]);
  });

  it("are shown compute-only and stale when WorldService is lost, and not at all when never known", async () => {
    let down = false;
    const { client, settle, counts } = world(() => (down ? new Error("refused") : json(200, decision)));
    await client.decide("w", "", asking);
    client.invalidate("w");
    down = true;
    const stale = await settle(client.decide("w", "", asking));
    expect(stale).toMatchObject({
      stale: true,
      status: 200,
      body: { effective_mode: "compute-only", reason: "stale_decision" },
    });
    expect(counts.stale).toBe(1);
    await expect(settle(client.decide("w2", "", asking))).rejects.toMatchObject({ code: "DEPENDENCY_UNAVAILABLE" });
    expect(await settle(client.decisionReading("w2", undefined, "c"))).toEqual({ kind: "unavailable" });
    expect(await settle(client.decisionReading("w", undefined, "c"))).toEqual({
      kind: "stale",
      effectiveMode: "compute-only",
    });
  });

  it("keep their etag: 304 renews what is known", async () => {
    const { client, requests } = world((request) =>
      request.headers["if-none-match"] === "e1"
        ? { status: 304, headers: {}, body: "" }
        : json(200, decision, { etag: "e1" }),
    );
    await client.decide("w", "", asking);
    client.invalidate("w");
    expect(await client.decide("w", "", asking)).toMatchObject({ body: decision, etag: "e1", stale: false });
    await client.decide("w", "", asking);
    expect(requests).toHaveLength(2);
  });

  it("of a world that is gone are forgotten", async () => {
    let status = 200;
    const { client, settle } = world(() => json(status, decision));
    await client.decide("w", "", asking);
    client.invalidate("w");
    status = 404;
    expect((await client.decide("w", "", asking)).status).toBe(404);
    status = 500;
    await expect(settle(client.decide("w", "", asking))).rejects.toMatchObject({ code: "DEPENDENCY_UNAVAILABLE" });
  });
});

describe("activations", () => {
  it("are confirmed by etag each time, and closed when they cannot be (fault 20)", async () => {
    let answer: WorldResponse | Error = json(
      200,
      { active: true, weight: 0.5, effective_mode: "live" },
      { etag: "a1" },
    );
    const { client, settle, requests, clock } = world(() => answer);
    const ask = () => settle(client.activation("w", "s", "long", asking));
    expect(await ask()).toMatchObject({ stale: false, body: { active: true } });
    answer = { status: 304, headers: {}, body: "" };
    expect(await ask()).toMatchObject({ stale: false, body: { active: true }, etag: "a1" });
    expect(requests[1]!.headers["if-none-match"]).toBe("a1");
    answer = json(502, {});
    expect(await ask()).toMatchObject({
      stale: true,
      body: { active: false, weight: 0, effective_mode: "compute-only" },
    });
    await clock.advance(2_000); // the breaker tries again
    answer = json(404, { detail: "activation not found" });
    expect(await ask()).toMatchObject({ status: 404 });
  });
});

describe("calls", () => {
  it("carry a service's token and the correlation id, not what the caller sent for one", async () => {
    const { client, requests } = world(() => json(201, {}));
    const request = { method: "POST", path: "/worlds", headers: { authorization: "Bearer forged" }, body: "{}" };
    expect((await client.forward(request, asking)).status).toBe(201);
    expect(requests[0]!.headers).toMatchObject({ "x-correlation-id": "c" });
    expect(requests[0]!.headers["authorization"]).toMatch(/^Bearer eyJ/);
  });

  it("that change something are made once; those that read, three times", async () => {
    const { client, requests, settle, clock } = world(() => json(503, { detail: "busy" }));
    expect((await settle(client.forward({ method: "POST", path: "/x", headers: {} }, asking))).status).toBe(503);
    expect(requests).toHaveLength(1);
    await clock.advance(10_000);
    expect((await settle(client.forward({ method: "GET", path: "/x", headers: {} }, asking))).status).toBe(503);
    expect(requests).toHaveLength(3); // the breaker opens at three failures
  });

  it("fail at once while the breaker is open, and one tries it again after a while (fault 14)", async () => {
    let down = true;
    const { client, requests, breaker, settle, clock } = world(() => (down ? new Error("refused") : json(200, {})));
    const get = () => settle(client.forward({ method: "GET", path: "/x", headers: {} }, asking));
    await expect(get()).rejects.toMatchObject({ code: "DEPENDENCY_UNAVAILABLE", message: "WorldService unavailable" });
    const made = requests.length;
    await expect(get()).rejects.toMatchObject({ code: "DEPENDENCY_UNAVAILABLE" });
    expect(requests).toHaveLength(made);
    expect(client.breaker).toBe("open");
    down = false;
    await clock.advance(2_000);
    expect((await get()).status).toBe(200);
    expect(breaker).toEqual(["open", "closed"]);
  });

  it("are no breaker's business when the caller is wrong", async () => {
    const { client } = world(() => json(422, {}));
    for (let call = 0; call < 5; call++) await client.forward({ method: "POST", path: "/x", headers: {} }, asking);
    expect(client.breaker).toBe("closed");
  });
});
