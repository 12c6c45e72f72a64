import { openEmbeddedControlBus, openEmbeddedQueues } from "@qmtl/bus";
import { seededRandom } from "@qmtl/core";
import { createDagManager, dagManagerMigrations, type DagManagerTables } from "@qmtl/dag-manager";
import { createGateway, openGatewayDatabase } from "@qmtl/gateway";
import { Authenticator, LocalKeySet, type Principal, type Role } from "@qmtl/service/auth";
import { loadConfig } from "@qmtl/service/config";
import { systemClock as clock, systemIds as ids } from "@qmtl/service/edge";
import type { HttpServer, RouteEntry } from "@qmtl/service/http";
import { silentLogger as logger } from "@qmtl/service/logging";
import { createMetrics } from "@qmtl/service/metrics";
import { openEmbeddedDatabase } from "@qmtl/store";
import { createWorld, worldMigrations, type WorldTables } from "@qmtl/world";
import { tmpdir } from "node:os";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

// Every route of every service, asked by everybody: with and without credentials, with each role, in the world the
// request names and in another one.

const servers = new Map<string, HttpServer>();
const stops: (() => Promise<unknown>)[] = [];
let auth: Authenticator;

beforeAll(async () => {
  auth = new Authenticator({ clock, ids, keys: await LocalKeySet.inMemory(), loopback: false });
  const bus = await openEmbeddedControlBus({ path: ":memory:", clock, ids });
  const queues = await openEmbeddedQueues({ path: ":memory:", clock, ids });
  const deps = { clock, ids, auth, logger, bus, random: seededRandom(1) };
  const gatewayDatabase = await openGatewayDatabase({ path: ":memory:", clock });
  const gateway = await createGateway({
    ...deps,
    metrics: createMetrics("gateway"),
    database: gatewayDatabase,
    dataLog: queues.dataLog,
    leases: queues.leases,
    world: async () => ({ status: 200, headers: { "content-type": "application/json" }, body: "{}" }),
  });
  const dagDatabase = await openEmbeddedDatabase<DagManagerTables>({
    path: ":memory:",
    migrations: dagManagerMigrations,
    clock,
  });
  const dagManager = await createDagManager({ ...deps, metrics: createMetrics("dagmanager"), database: dagDatabase });
  const worldDatabase = await openEmbeddedDatabase<WorldTables>({
    path: ":memory:",
    migrations: worldMigrations,
    clock,
  });
  const world = await createWorld({
    ...deps,
    config: loadConfig({ folder: tmpdir(), environment: {} }).config,
    metrics: createMetrics("worldservice"),
    database: worldDatabase,
  });
  await world.start({ listen: false });
  servers.set("gateway", gateway.server).set("dagmanager", dagManager.http).set("worldservice", world.http);
  stops.push(
    () => world.stop(),
    () => dagManager.stop(),
    () => gateway.server.close(),
  );
  stops.push(...[gatewayDatabase, dagDatabase, worldDatabase].map((database) => () => database.destroy()));
  stops.push(
    () => queues.close(),
    () => bus.close(),
  );
});
afterAll(async () => {
  for (const stop of stops) await stop();
});

const roles: readonly Role[] = ["reader", "operator", "owner"];
const user = (grants: Principal["grants"]): Principal => ({ subject: "u", kind: "user", grants });
const askers: readonly (Principal | undefined)[] = [
  undefined,
  user({}),
  ...roles.flatMap((role) => [user({ w1: role }), user({ w2: role }), user({ "*": role })]),
  { subject: "service:gateway", kind: "service", grants: { "*": "operator" } },
  { ...user({ w1: "reader" }), via: "service:gateway" },
];

/** What the rule says in plain words, apart from how the server comes to it. */
function mayCall({ url, access: { role, world } }: RouteEntry, { kind, via, grants }: Principal): boolean {
  if (role === "public" || role === "ticket" || role === "authenticated") return true;
  if (role === "service") return kind === "service" || via !== undefined;
  const held = (name: string): boolean => roles.indexOf(grants[name] ?? ("" as Role)) >= roles.indexOf(role);
  if (held("*")) return true;
  if (world === "*") return false;
  // A queue belongs to the world its name begins with, which the route itself finds out.
  if (url.startsWith("/queues/:topic/")) return held("w1");
  // Every request below names w1 wherever a rule may look for a world.
  return world === undefined ? ["w1", "w2"].some(held) : held("w1");
}

function call(server: HttpServer, { method, url }: RouteEntry, authorization: string | undefined) {
  const path = url
    .replaceAll(":id", "w1")
    .replaceAll(":topic", "w1.live.t")
    .replaceAll(/:\w+/g, "x")
    .replace("*", "policies");
  return server.inject({
    method: method as "GET",
    url: path,
    query: { world_id: "w1" },
    headers: authorization === undefined ? {} : { authorization },
    ...(method !== "GET" && { payload: bodies[url] ?? {} }),
  });
}

/** Bodies that hold, so that the question of the world is reached. */
const bodies: Readonly<Record<string, object>> = {
  "/strategies": { dag_json: '{"nodes":[]}', node_ids_crc32: 0, world_ids: ["w1"] },
  "/strategies/dry-run": { dag_json: '{"nodes":[]}', node_ids_crc32: 0, world_id: "w1" },
  "/events/subscribe": { world_id: "w1", strategy_id: "s", topics: [] },
  "/fills/replay": { world_id: "w1", from_ts: 0, to_ts: 1 },
  "/leases/nodes": { action: "acquire", compute_key: "k", world_id: "w1", holder: "h", ttl_ms: 1_000 },
  "/queues/:topic/records": { records: [{ key: "k", bucket_ms: 0, input_hash: "h", token: 1, payload: null }] },
  "/strategies/:id/history": { world_id: "w1", node_id: "n", interval: 60 },
};

describe.each(["gateway", "dagmanager", "worldservice"])("%s", (name) => {
  it("lets in who may, and nobody else", async () => {
    const server = servers.get(name)!;
    const wrong: string[] = [];
    let asked = 0;
    for (const asker of askers) {
      const authorization = asker && `Bearer ${await tokenOf(asker)}`;
      for (const route of server.routeTable) {
        if (route.access.role === "ticket" || route.method === "HEAD") continue;
        const { statusCode, body } = await call(server, route, authorization);
        const open = route.access.role === "public";
        const refusal = asker === undefined ? 401 : 403;
        const expected = open || (asker !== undefined && mayCall(route, asker));
        asked++;
        if (expected ? statusCode === 401 || statusCode === 403 : statusCode !== refusal) {
          const who = asker === undefined ? "nobody" : JSON.stringify(asker.grants);
          wrong.push(`${who} ${route.method} ${route.url}: ${statusCode} ${body.slice(0, 120)}`);
        }
      }
    }
    expect(wrong).toEqual([]);
    expect(asked).toBeGreaterThan(50);
  });
});

async function tokenOf(asker: Principal): Promise<string> {
  return asker.via === undefined ? auth.issueToken(asker, 60_000) : auth.serviceToken("gateway", asker);
}

it("is open to everybody only where that was meant", () => {
  const open = [...servers].flatMap(([name, { routeTable }]) =>
    routeTable
      .filter(({ access: { role }, method }) => (role === "public" || role === "ticket") && method !== "HEAD")
      .map(({ method, url, access: { role } }) => `${name} ${method} ${url}${role === "ticket" ? " (ticket)" : ""}`),
  );
  const everywhere = ["/docs", "/docs/style.css", "/health", "/metrics", "/openapi.json"];
  expect(open.toSorted()).toEqual(
    [
      ...[...servers.keys()].flatMap((name) => everywhere.map((url) => `${name} GET ${url}`)),
      "gateway GET /status",
      "dagmanager GET /status",
      "gateway GET /events/jwks",
      "gateway GET /events/schema",
      "gateway GET /ws (ticket)",
      "gateway GET /ws/evt (ticket)",
      "gateway POST /fills (ticket)",
    ].toSorted(),
  );
});

it("keeps a budget of its own for what takes risk away", () => {
  for (const [name, url] of [
    ["gateway", "/worlds/:id/kill"],
    ["gateway", "/worlds/:id/acks"],
    ["gateway", "/worlds/:id/lease"],
    ["worldservice", "/worlds/:id/kill"],
    ["worldservice", "/worlds/:id/acks"],
    ["worldservice", "/worlds/:id/lease"],
  ]) {
    const route = servers.get(name!)!.routeTable.find((entry) => entry.url === url && entry.method === "POST");
    expect(route?.rate, `${name} ${url}`).toBe("reserved");
  }
});
