import * as grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { QmtlError } from "@qmtl/core";
import { localOperator, silentLogger, type Principal } from "@qmtl/service";
import { systemClock } from "@qmtl/service/edge";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { countingIds, openManager, type ManagerBench } from "../fixtures/open-manager.ts";
import { dagText, priceAndMean, type NodeSketch } from "../fixtures/dag-text.ts";
import { GrpcServer } from "./index.ts";

// A client that shares nothing with the server but the .proto file.
const proto = fileURLToPath(new URL("../../../../packages/contracts/proto/dagmanager.proto", import.meta.url));
const definition = loadSync(proto, { keepCase: true, longs: Number, defaults: true });
type Client = grpc.Client & Record<string, (...call: unknown[]) => grpc.ClientReadableStream<Chunk>>;
type Service = new (address: string, credentials: grpc.ChannelCredentials) => Client;
const { qmtl } = grpc.loadPackageDefinition(definition) as unknown as {
  qmtl: { services: { dagmanager: Record<"DiffService" | "TagQuery" | "AdminService" | "HealthCheck", Service> } };
};

interface Chunk {
  readonly queue_map: Record<string, string>;
  readonly sentinel_id: string;
  readonly buffer_nodes: readonly { node_id: string; lag: number; interval: number; schema_compat_id: string }[];
  readonly version: string;
  readonly crc32: number;
}

let bench: ManagerBench;
let server: GrpcServer;
let address: string;
let clients: Client[];
let principal: () => Principal;

beforeEach(async () => {
  bench = await openManager();
  await bench.manager.start();
  principal = () => localOperator;
  server = new GrpcServer({
    manager: bench.manager,
    auth: { authenticate: async () => principal() },
    logger: silentLogger,
    clock: systemClock,
    ids: countingIds(),
  });
  address = await server.listen({ host: "127.0.0.1", port: 0 });
  clients = [];
});

afterEach(async () => {
  for (const client of clients) client.close();
  await server.close();
  await bench.close();
});

function client(service: keyof (typeof qmtl)["services"]["dagmanager"]): Client {
  const made = new qmtl.services.dagmanager[service](address, grpc.credentials.createInsecure());
  clients.push(made);
  return made;
}

function metadataOf(entries: Readonly<Record<string, string>> = {}): grpc.Metadata {
  const metadata = new grpc.Metadata();
  for (const [name, value] of Object.entries(entries)) metadata.set(name, value);
  return metadata;
}

function unary<Answer>(of: Client, method: string, request: object, metadata = metadataOf()): Promise<Answer> {
  return new Promise((resolve, reject) => {
    of[method]!(request, metadata, (error: Error | null, answer: Answer) => (error ? reject(error) : resolve(answer)));
  });
}

interface Received {
  readonly chunks: Chunk[];
  readonly streamId: string;
}

/** Reads a diff to its end, acknowledging each chunk; `stopAfter` breaks the connection after that many. */
async function diff(
  request: object,
  { metadata = metadataOf(), stopAfter = Infinity, acknowledge = true } = {},
): Promise<Received> {
  const diffs = client("DiffService");
  const chunks: Chunk[] = [];
  const acknowledged: Promise<unknown>[] = [];
  let streamId = "";
  const stream = diffs["Diff"]!(request, metadata);
  stream.on("metadata", (headers: grpc.Metadata) => (streamId = String(headers.get("x-qmtl-stream-id")[0])));
  await new Promise<void>((resolve, reject) => {
    stream.on("data", (chunk: Chunk) => {
      const chunk_id = chunks.push(chunk) - 1;
      if (chunks.length === stopAfter) stream.cancel();
      else if (acknowledge) {
        const named = metadataOf({ "x-qmtl-stream-id": streamId });
        acknowledged.push(unary(diffs, "AckChunk", { sentinel_id: chunk.sentinel_id, chunk_id }, named));
      }
    });
    stream.on("error", (error: grpc.ServiceError) => (chunks.length >= stopAfter ? resolve() : reject(error)));
    stream.on("end", resolve);
  });
  await Promise.all(acknowledged);
  return { chunks, streamId };
}

const live = { world_id: "w1", execution_domain: "live" };
const many: readonly NodeSketch[] = Array.from({ length: 1_550 }, (_, index) => ({ name: `n${index}` }));

describe("Diff, from a client of another make", () => {
  it("answers a small DAG in one chunk", async () => {
    const { chunks, streamId } = await diff({ strategy_id: "s", dag_json: dagText(priceAndMean), ...live });
    const expected = await bench.manager.diff({
      strategyId: "s",
      dagJson: dagText(priceAndMean),
      worldId: "w1",
      executionDomain: "live",
    });
    expect(chunks).toMatchObject([
      {
        queue_map: Object.fromEntries(expected.queueMap),
        sentinel_id: "s-sentinel",
        version: "v1",
        crc32: expected.crc32,
        buffer_nodes: [],
      },
    ]);
    expect(streamId).not.toBe("");
  });

  it("answers a DAG without nodes with one empty chunk", async () => {
    const { chunks } = await diff({ strategy_id: "s", dag_json: '{"nodes":[]}' });
    expect(chunks).toMatchObject([{ queue_map: {}, sentinel_id: "s-sentinel", crc32: 0 }]);
  });

  it("sends a hundred items per chunk, each once, and the same checksum with all", async () => {
    const { chunks } = await diff({ strategy_id: "s", dag_json: dagText(many), ...live });
    expect(chunks.map(({ queue_map }) => Object.keys(queue_map).length)).toEqual([
      ...Array.from({ length: 15 }, () => 100),
      50,
    ]);
    expect(new Set(chunks.flatMap(({ queue_map }) => Object.values(queue_map))).size).toBe(1_550);
    expect(new Set(chunks.map(({ crc32 }) => crc32)).size).toBe(1);
  });

  it("waits after ten chunks without an acknowledgement, and goes on where it stood for who comes back", async () => {
    const request = { strategy_id: "s", dag_json: dagText(many), ...live };
    const first = await diff(request, { stopAfter: 10, acknowledge: false });
    const diffs = client("DiffService");
    const named = metadataOf({ "x-qmtl-stream-id": first.streamId });
    for (const chunk_id of [0, 1, 2, 3]) await unary(diffs, "AckChunk", { sentinel_id: "s-sentinel", chunk_id }, named);
    const rest = await diff(request, { metadata: named });
    expect(rest.streamId).toBe(first.streamId);
    expect(rest.chunks).toHaveLength(12);
    expect(rest.chunks[0]!.queue_map).toEqual(first.chunks[4]!.queue_map);
    const all = [...first.chunks.slice(0, 4), ...rest.chunks].flatMap(({ queue_map }) => Object.keys(queue_map));
    expect(new Set(all).size).toBe(1_550);
  });

  it("keeps streams of one strategy apart, also for acknowledgements that name none", async () => {
    const request = { strategy_id: "same", dag_json: dagText(many), ...live };
    const received = await Promise.all([diff(request), diff(request), diff(request)]);
    expect(new Set(received.map(({ streamId }) => streamId)).size).toBe(3);
    for (const { chunks } of received) expect(chunks).toHaveLength(16);
  });

  it("changes nothing in a dry run", async () => {
    const { chunks } = await diff(
      { strategy_id: "dryrun", dag_json: dagText(priceAndMean), ...live },
      { metadata: metadataOf({ "x-qmtl-dry-run": "1" }) },
    );
    expect(chunks[0]!.sentinel_id).toMatch(/^dryrun:/);
    expect(await bench.dataLog.topics()).toEqual([]);
  });

  it("says which nodes to buffer", async () => {
    await diff({ strategy_id: "s1", dag_json: dagText(priceAndMean), ...live });
    const changed = priceAndMean.map((node) => ({ ...node, schemaHash: "h1" }));
    const { chunks } = await diff({ strategy_id: "s2", dag_json: dagText(changed), ...live });
    expect(chunks[0]!.buffer_nodes).toMatchObject([
      { lag: 10, interval: 60, schema_compat_id: "bar-v1" },
      { lag: 20, interval: 60, schema_compat_id: "bar-v1" },
    ]);
  });

  it.each([
    ["{", grpc.status.INVALID_ARGUMENT, "JSON_INVALID"],
    ['{"nodes":[{"node_type":"N"}]}', grpc.status.INVALID_ARGUMENT, "NODE_ID_FIELDS"],
  ])("refuses %s with a status and the code of the catalog", async (dag_json, code, name) => {
    const error = await diff({ strategy_id: "s", dag_json }).catch((caught: grpc.ServiceError) => caught);
    expect(error).toMatchObject({ code });
    expect((error as grpc.ServiceError).metadata.get("x-qmtl-error-code")).toEqual([name]);
  });
});

describe("the other calls, from a client of another make", () => {
  it("find queues by tags in a world", async () => {
    const { chunks } = await diff({ strategy_id: "s", dag_json: dagText(priceAndMean), ...live });
    const topic = Object.values(chunks[0]!.queue_map).find((name) => name.includes("btc"))!;
    const ask = (world: Record<string, string>) =>
      unary(client("TagQuery"), "GetQueues", { tags: ["BTC"], interval: 60, match_mode: "any" }, metadataOf(world));
    const inWorld = { "x-qmtl-world-id": "w1", "x-qmtl-execution-domain": "live" };
    expect(await ask(inWorld)).toEqual({ queues: [{ queue: topic, global: false }] });
    expect(await ask({})).toEqual({ queues: [] });
  });

  it("give sizes, clean up, and redo a diff", async () => {
    const { chunks } = await diff({ strategy_id: "s", dag_json: dagText(priceAndMean), ...live });
    const admin = client("AdminService");
    const stats = await unary<{ sizes: Record<string, number> }>(admin, "GetQueueStats", { filter: "interval=60" });
    expect(Object.values(stats.sizes)).toEqual([0, 0]);
    const redone = await unary(admin, "RedoDiff", { sentinel_id: "s-sentinel", dag_json: dagText(priceAndMean) });
    expect(redone).toEqual({ queue_map: chunks[0]!.queue_map, sentinel_id: "s-sentinel", version: "v1" });
    expect(await unary(admin, "Cleanup", { strategy_id: "s" })).toEqual({});
    await expect(unary(admin, "RedoDiff", { sentinel_id: "x-sentinel" })).rejects.toMatchObject({
      code: grpc.status.NOT_FOUND,
    });
  });

  it("say that the embedded graph is well", async () => {
    expect(await unary(client("HealthCheck"), "Status", {})).toEqual({ neo4j: "ok", state: "running" });
  });
});

describe("who may call", () => {
  it.each<[string, Principal, number | undefined]>([
    ["a service", { subject: "service:gateway", kind: "service", grants: {} }, undefined],
    ["an operator of every world", { subject: "u", kind: "user", grants: { "*": "operator" } }, undefined],
    ["an owner of one world", { subject: "u", kind: "user", grants: { w1: "owner" } }, grpc.status.PERMISSION_DENIED],
    ["a reader", { subject: "u", kind: "user", grants: { "*": "reader" } }, grpc.status.PERMISSION_DENIED],
  ])("%s", async (_who, caller, code) => {
    principal = () => caller;
    const call = diff({ strategy_id: "s", dag_json: "" });
    if (code === undefined) expect((await call).chunks).toHaveLength(1);
    else await expect(call).rejects.toMatchObject({ code });
  });

  it("nobody without credentials, but health is for all", async () => {
    principal = () => {
      throw new QmtlError("UNAUTHENTICATED", "expected a bearer token; found none");
    };
    await expect(unary(client("AdminService"), "Cleanup", {})).rejects.toMatchObject({
      code: grpc.status.UNAUTHENTICATED,
    });
    expect(await unary(client("HealthCheck"), "Status", {})).toMatchObject({ state: "running" });
  });
});
