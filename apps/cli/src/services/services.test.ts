import { createColors } from "picocolors";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runCli } from "../testing/run-cli.ts";
import { startCli, type RunningCli } from "../testing/start-cli.ts";
import { forPeople } from "./log-destination.ts";

let folder: string;
let running: RunningCli[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "qmtl-up-"));
  running = [];
  const anyPort = [
    "gateway: { port: 0 }",
    "dagmanager: { grpc_port: 0, http_port: 0 }",
    "worldservice: { bind: { port: 0 } }",
  ];
  writeFileSync(join(folder, "qmtl.yml"), anyPort.join("\n"));
});
afterEach(async () => {
  await Promise.all(running.map((service) => service.stop("SIGKILL")));
  rmSync(folder, { recursive: true });
});

async function start(...words: string[]): Promise<RunningCli> {
  const service = await startCli(words, { folder });
  running.push(service);
  return service;
}

describe("qmtl service", () => {
  it("says where it listens, keeps its state to its owner, and stops in order", async () => {
    const service = await start("service", "dagmanager", "server");
    expect(Object.keys(service.addresses)).toEqual(["DAG Manager (gRPC)", "DAG Manager"]);
    const status = await fetch(`${service.addresses["DAG Manager"]}/status`);
    expect(await status.json()).toMatchObject({ status: "ok" });
    expect(statSync(join(folder, ".qmtl")).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(join(folder, ".qmtl"))) {
      expect(statSync(join(folder, ".qmtl", name)).mode & 0o077, name).toBe(0);
    }
    const { exitCode, stderr } = await service.stop("SIGINT");
    expect(exitCode).toBe(0);
    expect(stderr).toContain("stopping");
    expect(stderr).not.toMatch(/"level":"(warn|error)"/);
  });

  it("runs each service in a process of its own, and all of them together", async () => {
    const world = await start("service", "world");
    const manager = await start("service", "dagmanager", "server");
    const urls = [
      `worldservice_url: ${world.addresses["WorldService"]}`,
      `dagmanager_url: http://${manager.addresses["DAG Manager (gRPC)"]}`,
    ];
    writeFileSync(join(folder, "gateway.yml"), `gateway: { port: 0, ${urls.join(", ")} }`);
    const gateway = await start("service", "gateway", "--config", "gateway.yml");
    const url = gateway.addresses["Gateway"]!;
    await expect
      .poll(async () => (await fetch(`${url}/health`)).json())
      .toMatchObject({ dagmanager: "ok", worldservice: "ok" });
    const created = await fetch(`${url}/worlds`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ id: "momentum", name: "Momentum" }),
    });
    expect(created.status).toBe(201);
    for (const service of [gateway, manager, world]) expect((await service.stop("SIGTERM")).exitCode).toBe(0);

    // What they kept is there for the next ones, in whatever processes those are.
    const all = await start("up");
    const worlds = await fetch(`${all.addresses["Gateway"]}/worlds`);
    expect(await worlds.json()).toMatchObject([{ id: "momentum" }]);
    expect((await all.stop("SIGINT")).exitCode).toBe(0);
  });

  it("runs once in a folder, and again after it was killed", async () => {
    const first = await start("service", "dagmanager", "server");
    const second = await runCli(["service", "dagmanager", "server"], { folder });
    expect(second.exitCode).toBe(1);
    expect(second.stderr).toContain("another process runs the dagmanager service");
    await first.stop("SIGKILL");
    const third = await start("service", "dagmanager", "server");
    expect((await third.stop("SIGTERM")).exitCode).toBe(0);
  });

  it("says in one sentence that a port is taken", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => taken.once("listening", resolve));
    const { port } = taken.address() as AddressInfo;
    const environment = { QMTL__DAGMANAGER__HTTP_PORT: String(port) };
    const { exitCode, stdout, stderr } = await runCli(["service", "dagmanager", "server"], { folder, environment });
    taken.close();
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toContain(`error: port ${port} of 127.0.0.1 is in use by another program\nhint: `);
    expect(stderr).not.toContain("    at ");
  });

  it("refuses to be reachable by others without keys, and backends it does not have", async () => {
    const open = await runCli(["service", "dagmanager", "server"], {
      folder,
      environment: { QMTL__DAGMANAGER__GRPC_HOST: "0.0.0.0" },
    });
    expect(open.exitCode).toBe(2);
    expect(open.stderr).toContain("dagmanager.grpc_host is 0.0.0.0, which other machines can reach");
    const kafka = await runCli(["service", "dagmanager", "server"], {
      folder,
      environment: { QMTL__DAGMANAGER__KAFKA_DSN: "kafka:9092" },
    });
    expect(kafka.exitCode).toBe(2);
    expect(kafka.stderr).toContain("dagmanager.kafka_dsn names a backend this version does not have");
    const group = await runCli(["up"], { folder, environment: { QMTL__GATEWAY__CONTROLBUS_GROUP: "readers" } });
    expect([group.exitCode, group.stdout]).toEqual([2, ""]);
    expect(group.stderr).toMatch(
      /^error: gateway.controlbus_group is for a log or bus on Kafka.*\nhint: leave it out\n$/,
    );
  });

  it("serves the DAG Manager's metrics on a port of their own", async () => {
    const manager = await start("service", "dagmanager", "server");
    const { port } = new URL(manager.addresses["DAG Manager"]!);
    writeFileSync(join(folder, "qmtl.yml"), `dagmanager: { http_port: ${port} }`);
    const relay = await start("service", "dagmanager", "metrics", "--port", "0");
    const url = relay.addresses["DAG Manager metrics"]!;
    expect(await (await fetch(url)).text()).toContain('service_up{service="dagmanager"} 1');
    await manager.stop("SIGTERM");
    expect((await fetch(url)).status).toBe(503);
  });

  it.each([
    [["dagmanager-metrics"], "service dagmanager metrics"],
    [["dagmanager-server"], "service dagmanager server"],
    [["dagmanager", "server"], "service dagmanager"],
    [["gw"], "service gateway"],
    [["gateway"], "service gateway"],
  ])("is still called %j, with a line that names the new words", async (words, now) => {
    const { exitCode, stdout, stderr } = await runCli([...words, "--help"], { folder });
    expect(exitCode).toBe(0);
    expect(stderr).toBe(`"qmtl ${words[0]}" is the older spelling of "qmtl ${now}" and will go\n`);
    expect(stdout).toContain(`Usage: qmtl ${now}`);
  });

  it("makes tokens that its services take when they ask for them", async () => {
    writeFileSync(join(folder, "qmtl.yml"), "auth: { mode: local }\ndagmanager: { grpc_port: 0, http_port: 0 }");
    const service = await start("service", "dagmanager", "server");
    const trigger = (token?: string): Promise<Response> =>
      fetch(`${service.addresses["DAG Manager"]}/admin/gc-trigger`, {
        method: "POST",
        body: "{}",
        headers: { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) },
      });
    const tokenFor = async (grant: string): Promise<string> =>
      (await runCli(["service", "token", "--subject", "rea", "--grant", grant], { folder })).stdout.trim();
    expect((await trigger()).status).toBe(401);
    expect((await trigger(await tokenFor("w1=owner"))).status).toBe(403);
    expect((await trigger(await tokenFor("*=operator"))).status).toBe(202);
    expect((await runCli(["service", "token", "--subject", "x", "--grant", "w=king"], { folder })).exitCode).toBe(2);
  });
});

it("shows log lines to people as one short line each", () => {
  const line = JSON.stringify({
    level: "warn",
    time: "2026-01-01T12:34:56.000Z",
    service: "gateway",
    world_id: "w1",
    error: { message: "no route", stack: "…" },
    message: "WorldService does not answer",
  });
  expect(forPeople(line, createColors(false))).toBe(
    '12:34:56 gateway    WorldService does not answer world_id=w1 error="no route"',
  );
});
