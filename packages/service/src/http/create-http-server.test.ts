import { Type } from "typebox";
import { gzipSync } from "node:zlib";
import { QmtlError } from "@qmtl/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Authenticator, LocalKeySet, type Principal } from "../auth/index.ts";
import { systemClock, systemIds } from "../edge/index.ts";
import { createLogger, silentLogger } from "../logging/index.ts";
import { createMetrics } from "../metrics/index.ts";
import { createHttpServer, type HttpServer, type HttpServerOptions } from "./index.ts";

const keys = await LocalKeySet.inMemory();
const auth = new Authenticator({ clock: systemClock, ids: systemIds, keys, loopback: false });
const owner: Principal = { subject: "olive", kind: "user", grants: { "*": "owner" } };
const readerOfW1: Principal = { subject: "rea", kind: "user", grants: { w1: "reader" } };

let server: HttpServer;
beforeEach(async () => {
  server = await openServer();
});
afterEach(() => server.close());

async function openServer(changed: Partial<HttpServerOptions> = {}): Promise<HttpServer> {
  const made = await createHttpServer({
    name: "probe",
    auth,
    logger: silentLogger,
    metrics: createMetrics("probe"),
    clock: systemClock,
    ids: systemIds,
    limits: { bodyBytesMax: 100_000 },
    ...changed,
  });
  const body = Type.Object({ count: Type.Integer() }, { additionalProperties: true });
  made.post("/echo", { config: { access: { role: "authenticated" } }, schema: { body } }, async ({ body }) => body);
  made.post("/bodies", { config: { access: { role: "public" } } }, async ({ body }) => ({ body }));
  made.post(
    "/strict",
    {
      config: { access: { role: "public" } },
      schema: { body: Type.Object({ id: Type.String() }, { additionalProperties: false }) },
    },
    async () => "ok",
  );
  made.get("/fails", { config: { access: { role: "public" } } }, async () => {
    throw new Error("the database password is hunter2");
  });
  made.get("/whoami", { config: { access: { role: "authenticated" } } }, async ({ principal, headers }) => ({
    principal,
    headers,
  }));
  made.get("/worlds/:id", { config: { access: { role: "reader", world: "params.id" } } }, async () => "ok");
  made.put("/worlds/:id", { config: { access: { role: "operator", world: "params.id" } } }, async () => "ok");
  made.post("/worlds", { config: { access: { role: "owner", world: "*" } } }, async () => "ok");
  made.post(
    "/strategies",
    { config: { access: { role: "operator", world: ["body.world_id", "body.world_ids"] } } },
    async () => "ok",
  );
  made.get("/inner", { config: { access: { role: "service" } } }, async () => "ok");
  made.get(
    "/page",
    {
      config: { access: { role: "public" } },
      schema: { querystring: Type.Object({ limit: Type.Optional(Type.Integer({ maximum: 10 })) }) },
    },
    async ({ query }) => query,
  );
  return made;
}

async function call(who: Principal | undefined, method: "GET" | "POST" | "PUT", url: string, payload?: object) {
  const headers = who === undefined ? {} : { authorization: `Bearer ${await auth.issueToken(who, 60_000)}` };
  return server.inject({ method, url, headers, ...(payload !== undefined && { payload }) });
}

describe("a body with a property that nobody knows", () => {
  it("is refused, and the property is named", async () => {
    const reply = await call(undefined, "POST", "/strict", { id: "w", nmae: "x" });
    expect(reply.statusCode).toBe(422);
    expect(reply.json().detail).toMatchObject({
      code: "E_REQUEST_INVALID",
      errors: [{ path: [], message: 'must not have "nmae"; found an object' }],
    });
  });
});

describe("a dependency that is away", () => {
  it("is one line a minute for each kind of refusal, in words and without a stack", async () => {
    let nowMs = 0;
    const lines: string[] = [];
    const logger = createLogger({
      service: "probe",
      clock: systemClock,
      destination: { write: (line) => void lines.push(line) },
    });
    const made = await openServer({ logger, clock: { ...systemClock, monotonicMs: () => nowMs } });
    made.get("/away", { config: { access: { role: "public" } } }, async () => {
      const cause = new Error("fetch failed", { cause: new Error("connect ECONNREFUSED 127.0.0.1:8080") });
      throw new QmtlError("DEPENDENCY_UNAVAILABLE", "WorldService unavailable", { cause });
    });
    for (let second = 0; second <= 60; second++) {
      nowMs = second * 1_000;
      expect((await made.inject("/away")).statusCode).toBe(503);
    }
    await made.close();
    const said = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(said).toMatchObject([
      { level: "warn", message: "WorldService unavailable", cause: "connect ECONNREFUSED 127.0.0.1:8080", status: 503 },
      { level: "warn", suppressed: 59 },
    ]);
    expect(lines.join("")).not.toContain("    at ");
  });
});

describe("access", () => {
  it("adds no route without a rule", async () => {
    const other = await openServer();
    expect(() => other.get("/open", async () => "")).toThrow("no access rule");
    await other.close();
  });

  it("asks for credentials, and says how", async () => {
    const reply = await call(undefined, "GET", "/whoami");
    expect(reply.statusCode).toBe(401);
    expect(reply.headers["www-authenticate"]).toBe("Bearer");
    expect(reply.json().detail).toMatchObject({ code: "E_AUTH", hint: expect.stringContaining("Bearer") });
  });

  const nobody: Principal = { subject: "nil", kind: "user", grants: {} };
  const operatorOfW1: Principal = { subject: "opa", kind: "user", grants: { w1: "operator" } };
  const service: Principal = { subject: "service:gateway", kind: "service", grants: {} };
  it.each([
    [nobody, "GET", "/worlds/w1", undefined, 403],
    [readerOfW1, "GET", "/worlds/w1", undefined, 200],
    [readerOfW1, "GET", "/worlds/w2", undefined, 403],
    [readerOfW1, "GET", "/worlds/constructor", undefined, 403],
    [readerOfW1, "PUT", "/worlds/w1", undefined, 403],
    [operatorOfW1, "PUT", "/worlds/w1", undefined, 200],
    [operatorOfW1, "POST", "/worlds", undefined, 403],
    [{ ...nobody, grants: { w1: "owner" } }, "POST", "/worlds", undefined, 403],
    [owner, "POST", "/worlds", undefined, 200],
    [owner, "PUT", "/worlds/anything", undefined, 200],
    [operatorOfW1, "POST", "/strategies", { world_id: "w1" }, 200],
    [operatorOfW1, "POST", "/strategies", {}, 200],
    [operatorOfW1, "POST", "/strategies", { world_ids: ["w1", "w2"] }, 403],
    [operatorOfW1, "POST", "/strategies", { world_id: "w1", world_ids: ["w2"] }, 403],
    [owner, "GET", "/inner", undefined, 403],
    [service, "GET", "/inner", undefined, 200],
  ] as const)("%j %s %s %j -> %i", async (who, method, url, body, status) => {
    expect((await call(who, method, url, body)).statusCode).toBe(status);
  });

  it("believes no header about who asks", async () => {
    const reply = await server.inject({
      url: "/whoami",
      headers: {
        authorization: `Bearer ${await auth.issueToken(readerOfW1, 60_000)}`,
        "x-caller-sub": "olive",
        "X-Caller-Claims": '{"roles":["owner"]}',
        "x-world-roles": "w1=owner",
      },
    });
    expect(reply.json().principal).toEqual(readerOfW1);
    expect(Object.keys(reply.json().headers).filter((name) => /caller|roles/.test(name))).toEqual([]);
  });
});

describe("bodies", () => {
  const jsonOf = (payload: string | Buffer, headers: Record<string, string> = {}) =>
    server.inject({
      method: "POST",
      url: "/bodies",
      payload,
      headers: { "content-type": "application/json", ...headers },
    });

  it.each([
    ["a key twice", '{"a":1,"a":2}'],
    ["a prototype", '{"__proto__":{"admin":true}}'],
    ["a prototype, escaped", '{"\\u005f_proto__":{"admin":true}}'],
    ["depth", "[".repeat(90_000)],
    ["depth of objects", '{"a":'.repeat(15_000)],
    ["NaN", "NaN"],
    ["a number past a double", "1e999"],
    ["an integer past 2^53", "9007199254740993"],
    ["a lone surrogate", '"\\ud800"'],
    ["half a text", '{"a":'],
    ["two values", "{} {}"],
    ["bytes that are not UTF-8", Buffer.from([0x22, 0xff, 0x22])],
  ])("refuses %s with 400", async (_what, payload) => {
    const startedMs = performance.now();
    const reply = await jsonOf(payload);
    expect(reply.statusCode).toBe(400);
    expect(reply.json().detail.code).toBe("E_INVALID_JSON");
    expect(performance.now() - startedMs).toBeLessThan(250);
  });

  it("refuses a body over the limit, whether it says so or not", async () => {
    const reply = await jsonOf(`"${"x".repeat(100_000)}"`);
    expect(reply.statusCode).toBe(413);
    expect(reply.json().detail.code).toBe("E_REQUEST_TOO_LARGE");
  });

  it("reads gzip, and stops a bomb at the limit", async () => {
    const good = await jsonOf(gzipSync('{"a":[1,2.5,"é"]}'), { "content-encoding": "gzip" });
    expect(good.json()).toEqual({ body: { a: [1, 2.5, "é"] } });
    const bomb = gzipSync(Buffer.alloc(60_000_000, 0x20));
    expect(bomb.length).toBeLessThan(100_000);
    const reply = await jsonOf(bomb, { "content-encoding": "gzip" });
    expect(reply.statusCode).toBe(413);
  });

  it.each([
    ["broken gzip", Buffer.from("not gzip"), { "content-encoding": "gzip" }, 400],
    ["cut gzip", gzipSync('{"a":1}').subarray(0, 12), { "content-encoding": "gzip" }, 400],
    ["an encoding nobody reads", Buffer.from("{}"), { "content-encoding": "br" }, 415],
    ["gzip in gzip", gzipSync(gzipSync("{}")), { "content-encoding": "gzip, gzip" }, 415],
    ["a form", Buffer.from("a=1"), { "content-type": "application/x-www-form-urlencoded" }, 415],
    ["text, which pages of other sites may send", Buffer.from("{}"), { "content-type": "text/plain" }, 415],
  ])("refuses %s", async (_what, payload, headers, status) => {
    const reply = await jsonOf(payload, headers as Record<string, string>);
    expect(reply.statusCode).toBe(status);
    expect(reply.json().detail.code).toMatch(/^E_/);
  });

  it("checks shapes without turning texts into numbers", async () => {
    const reply = await call(owner, "POST", "/echo", { count: "1" });
    expect(reply.statusCode).toBe(422);
    expect(reply.json().detail).toMatchObject({
      code: "E_REQUEST_INVALID",
      errors: [{ path: ["count"], message: 'must be integer; found "1"' }],
    });
  });

  it("turns the texts of a query into what the route declares", async () => {
    expect((await call(undefined, "GET", "/page?limit=7")).json()).toEqual({ limit: 7 });
    expect((await call(undefined, "GET", "/page?limit=70")).statusCode).toBe(422);
    expect((await call(undefined, "GET", "/page?limit=0x7")).statusCode).toBe(422);
    expect((await call(undefined, "GET", "/page?limit=")).statusCode).toBe(422);
  });
});

describe("replies", () => {
  it("keeps a caller's correlation id, makes one otherwise, and takes no text that could break a log", async () => {
    const given = await server.inject({ url: "/metrics", headers: { "x-correlation-id": "abc-123" } });
    expect(given.headers["x-correlation-id"]).toBe("abc-123");
    for (const bad of ["", "a b", "x".repeat(65), "a\tb"]) {
      const made = await server.inject({ url: "/metrics", headers: { "x-correlation-id": bad } });
      expect(made.headers["x-correlation-id"]).toMatch(/^[0-9a-f]{32}$/);
    }
  });

  it("says nothing of its own failures but where to look", async () => {
    const reply = await call(undefined, "GET", "/fails");
    expect(reply.statusCode).toBe(500);
    expect(reply.json()).toEqual({
      detail: { code: "E_INTERNAL", message: "the service failed", correlation_id: reply.headers["x-correlation-id"] },
    });
  });

  it("logs what failed with the world and strategy it was about, and never a secret", async () => {
    let text = "";
    const logger = createLogger({
      service: "probe",
      clock: systemClock,
      level: "debug",
      destination: { write: (line) => void (text += line) },
    });
    const logged = await openServer({ logger });
    logged.post("/worlds/:id/apply", { config: { access: { role: "public" } } }, async ({ headers, body }) => {
      throw new Error(`failed for ${headers.authorization} and ${JSON.stringify(body)}`);
    });
    const token = await auth.issueToken(owner, 60_000);
    await logged.inject({
      method: "POST",
      url: "/worlds/w1/apply?ticket=abc123abc123",
      headers: { authorization: `Bearer ${token}`, "x-correlation-id": "c1" },
      payload: { strategy_id: "s1", url: "postgres://qmtl:hunter2@db" },
    });
    await logged.close();
    const lines = text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const about = { correlation_id: "c1", world_id: "w1", strategy_id: "s1", route: "/worlds/:id/apply" };
    expect(lines).toMatchObject([
      { level: "error", ...about, error: { message: expect.stringContaining("failed for") } },
      { level: "debug", ...about, status: 500 },
    ]);
    for (const secret of ["hunter2", "abc123abc123", token.split(".")[1]!]) expect(text).not.toContain(secret);
  });

  it("answers 404 in the same shape", async () => {
    const reply = await call(undefined, "GET", "/nowhere?token=x");
    expect(reply.statusCode).toBe(404);
    expect(reply.json().detail).toMatchObject({ code: "E_ROUTE_UNKNOWN", message: "there is no GET /nowhere" });
  });

  it("answers 405 with the methods a path has", async () => {
    const reply = await call(undefined, "PUT", "/bodies");
    expect(reply.statusCode).toBe(405);
    expect(reply.headers.allow).toBe("POST");
    const ofWorld = await server.inject({ method: "DELETE", url: "/worlds/w1" });
    expect(ofWorld.headers.allow).toBe("GET, HEAD, PUT");
    expect(ofWorld.json().detail).toMatchObject({ code: "E_METHOD_NOT_ALLOWED", allowed: ["GET", "HEAD", "PUT"] });
    expect((await server.inject({ method: "DELETE", url: "/worlds/" })).statusCode).toBe(404);
  });

  it("counts requests by route, not by URL", async () => {
    await call(owner, "GET", "/worlds/w1");
    await call(owner, "GET", "/worlds/w2");
    const text = (await server.inject("/metrics")).body;
    expect(text).toContain('http_requests_total{method="GET",route="/worlds/:id",status="200"} 2');
  });

  it("limits how often one caller asks, apart from the reserved routes", async () => {
    const limited = await openServer({ limits: { requestsPerSecond: 1, requestsAtOnce: 2 } });
    limited.post("/kill", { config: { access: { role: "authenticated" }, rate: "reserved" } }, async () => "ok");
    const headers = { authorization: `Bearer ${await auth.issueToken(owner, 60_000)}` };
    const statuses = [];
    for (let count = 0; count < 3; count++)
      statuses.push((await limited.inject({ url: "/whoami", headers })).statusCode);
    expect(statuses).toEqual([200, 200, 429]);
    const refused = await limited.inject({ url: "/whoami", headers });
    expect(refused.headers["retry-after"]).toBe("1");
    expect(refused.json().detail.code).toBe("E_RATE_LIMITED");
    expect((await limited.inject({ method: "POST", url: "/kill", headers })).statusCode).toBe(200);
    await limited.close();
  });
});
