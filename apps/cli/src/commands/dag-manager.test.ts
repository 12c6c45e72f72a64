import { openEmbeddedControlBus, openEmbeddedQueues } from "@qmtl/bus";
import { nodeIdOf } from "@qmtl/core";
import { createDagManager, dagManagerMigrations, type DagManagerTables } from "@qmtl/dag-manager";
import { Authenticator, createMetrics, LocalKeySet, silentLogger } from "@qmtl/service";
import { systemClock as clock, systemIds as ids } from "@qmtl/service/edge";
import { openEmbeddedDatabase } from "@qmtl/store";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli, type CliOutcome } from "../testing/run-cli.ts";

const spec = { nodeType: "StreamInput", intervalMs: 60_000, period: 5, schemaCompatId: "bar-v1", codeHash: "c0" };
const node = {
  node_id: nodeIdOf(spec),
  node_type: "StreamInput",
  interval: 60,
  period: 5,
  tags: ["BTC", "price"],
  inputs: [],
  code_hash: "c0",
  config_hash: "f0",
  schema_hash: "h0",
  schema_compat_id: "bar-v1",
};

let folder: string;
let target: string;
let stop: () => Promise<void>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "qmtl-dag-cli-"));
  writeFileSync(join(folder, "dag.json"), JSON.stringify({ version: "1.0", nodes: [node], meta: { limit: 1 } }));
  const path = ":memory:";
  const database = await openEmbeddedDatabase<DagManagerTables>({ path, migrations: dagManagerMigrations, clock });
  const bus = await openEmbeddedControlBus({ path, clock, ids });
  const queues = await openEmbeddedQueues({ path, clock, ids });
  const app = await createDagManager({
    database,
    bus,
    dataLog: queues.dataLog,
    clock,
    ids,
    logger: silentLogger,
    metrics: createMetrics("dag-manager"),
    auth: new Authenticator({ clock, ids, keys: await LocalKeySet.inMemory(), loopback: true }),
    listenOn: { grpc: { host: "127.0.0.1", port: 0 }, http: { host: "127.0.0.1", port: 0 } },
  });
  await app.start();
  target = app.addresses!.grpc;
  stop = async () => {
    await app.stop();
    await bus.close();
    await queues.close();
    await database.destroy();
  };
});
afterAll(async () => {
  await stop();
  rmSync(folder, { recursive: true });
});

function dagManager(...words: string[]): Promise<CliOutcome> {
  return runCli(["service", "dagmanager", ...words], { folder });
}

describe("qmtl service dagmanager, and qmtl queues", () => {
  it("compare a DAG without any service", async () => {
    const { exitCode, stdout } = await dagManager("diff", "--file", "dag.json", "--dry-run");
    expect([exitCode, Object.values(JSON.parse(stdout) as object)]).toEqual([
      0,
      [`btc_streaminput_${node.node_id.slice(7, 15)}_1.0`],
    ]);
  });

  it("make queues, find them by tags, count them, compare again, and look for what can go", async () => {
    const at = ["--target", target];
    const made = await dagManager("diff", "--file", "dag.json", "--world-id", "w", "--domain", "live", "--json", ...at);
    const topic = `w.live.btc_streaminput_${node.node_id.slice(7, 15)}_1.0`;
    expect(JSON.parse(made.stdout)).toMatchObject({ sentinel_id: "cli-sentinel", version: "1.0" });
    const words = ["queues", "--tags", "BTC,price", "--interval", "1m", "--match", "all", "--world-id", "w"];
    const found = await runCli([...words, "--domain", "live", ...at], { folder });
    expect(found.stdout).toBe(`${topic}\n`);
    const stats = await dagManager("queue-stats", "--tag", "BTC", "--interval", "1m", ...at);
    expect(JSON.parse(stats.stdout)).toEqual({ [topic]: 0 });
    const redone = await dagManager("redo-diff", "--sentinel", "cli-sentinel", "--file", "dag.json", ...at);
    expect(Object.values((JSON.parse(redone.stdout) as { queue_map: object }).queue_map)).toEqual([topic]);
    const older = await runCli(["dagmanager", ...at, "gc", "--sentinel", "cli-sentinel"], { folder });
    expect(older).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("older spelling") });
  });

  it("ask a Gateway for queues where one is named, and say how to be let in", async () => {
    const asked: string[] = [];
    const gateway = createServer(({ url, headers }, response) => {
      asked.push(url!);
      const isKnown = headers.authorization === "Bearer t";
      const detail = { code: "E_AUTH", message: "expected a bearer token; found none" };
      response.writeHead(isKnown ? 200 : 401, { "content-type": "application/json" });
      response.end(JSON.stringify(isKnown ? { queues: [{ queue: "w.live.q", global: false }] } : { detail }));
    }).listen(0, "127.0.0.1");
    await once(gateway, "listening");
    const url = `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`;
    const words = ["queues", "--tags", "BTC,price", "--interval", "1m", "--world-id", "w", "--domain", "live"];
    const environment = { QMTL_GATEWAY_URL: url, QMTL_TOKEN: "t" };
    expect(await runCli(words, { folder, environment })).toMatchObject({ exitCode: 0, stdout: "w.live.q\n" });
    expect(asked).toEqual([
      "/queues/by_tag?tags=BTC%2Cprice&interval=60&match_mode=any&world_id=w&execution_domain=live",
    ]);
    const refused = await runCli(["world", "list", "--gateway-url", url], { folder });
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain("hint: give a token with --token or QMTL_TOKEN");
    gateway.close();
  });

  it("print, freeze and verify a DAG's hash", async () => {
    const hash = (await dagManager("snapshot", "--file", "dag.json")).stdout.trim();
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect((await dagManager("snapshot", "--file", "dag.json", "--freeze")).exitCode).toBe(0);
    const frozen = readFileSync(join(folder, "dag.snapshot.json"), "utf8");
    expect(JSON.parse(frozen)).toMatchObject({ dag_hash: hash, dag: { nodes: [node] } });
    expect(frozen.split("\n").slice(0, 4)).toEqual(["{", '  "dag": {', '    "meta": {', '      "limit": 1']);
    expect(await dagManager("snapshot", "--file", "dag.json", "--verify")).toMatchObject({
      exitCode: 0,
      stdout: "Snapshot OK\n",
    });
    writeFileSync(join(folder, "other.json"), '{"nodes":[]}');
    expect((await dagManager("snapshot", "--file", "other.json", "--verify")).exitCode).toBe(1);
    expect((await dagManager("snapshot", "--file", "other.json", "--verify", "--freeze")).exitCode).toBe(2);
  });

  it("print what Neo4j is set up with, in order", async () => {
    const lines = (await dagManager("export-schema")).stdout.trim().split("\n");
    expect(lines).toHaveLength(5);
    expect(lines).toEqual(lines.toSorted((a, b) => (a < b ? -1 : 1)));
  });

  it("name the file, or the service, that is not there, on standard error", async () => {
    const noFile = await dagManager("diff", "--file", "nothing.json", "--target", target);
    expect(noFile).toMatchObject({ exitCode: 1, stdout: "" });
    expect(noFile.stderr).toContain("there is no file nothing.json");
    const nobody = await dagManager("queue-stats", "--target", "127.0.0.1:9");
    expect(nobody).toMatchObject({ exitCode: 1, stdout: "" });
    expect(nobody.stderr).toContain("the DAG Manager does not answer at 127.0.0.1:9");
    const unknown = await dagManager("redo-diff", "--sentinel", "x", "--file", "dag.json", "--target", target);
    expect(unknown.exitCode).toBe(1);
    expect(unknown.stderr).toContain('there is no version sentinel "x"');
  });
});
