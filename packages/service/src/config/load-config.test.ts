import type { QmtlError } from "@qmtl/core";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { budgets, loadConfig, settings, variableOf, type Environment } from "./index.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "qmtl-config-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

function load(environment: Environment = {}, path?: string) {
  return loadConfig({ folder, environment, path });
}

function failure(read: () => unknown): QmtlError {
  try {
    read();
  } catch (error) {
    return error as QmtlError;
  }
  throw new Error("expected a refusal");
}

describe("where the configuration comes from", () => {
  it("has a default for everything, and listens to this machine alone", () => {
    const { config, source, warnings } = load();
    expect(source).toEqual({ kind: "defaults", path: undefined });
    expect(warnings).toEqual([]);
    expect(config.gateway).toMatchObject({ host: "127.0.0.1", port: 8000, worldservice_timeout: 0.3 });
    expect(config.dagmanager).toMatchObject({ grpc_host: "127.0.0.1", grpc_port: 50051, http_port: 8001 });
    expect(config.worldservice.bind).toEqual({ host: "127.0.0.1", port: 8080 });
    expect(config.auth.mode).toBe("loopback");
  });

  it("takes --config before QMTL_CONFIG_FILE before the folder's file", () => {
    write("qmtl.yml", "gateway: { port: 1 }");
    write("env.yml", "gateway: { port: 2 }");
    write("option.yml", "gateway: { port: 3 }");
    const environment = { QMTL_CONFIG_FILE: "env.yml" };
    expect(load().config.gateway.port).toBe(1);
    expect(load(environment).config.gateway.port).toBe(2);
    expect(load(environment, "option.yml").config.gateway.port).toBe(3);
    expect(load(environment, "option.yml").source).toEqual({ kind: "option", path: join(folder, "option.yml") });
  });

  it.each([
    ["qmtl.yaml", "gateway:\n  port: 4"],
    ["qmtl.json", '{"gateway":{"port":4}}'],
  ])("reads %s", (name, text) => {
    write(name, text);
    expect(load().config.gateway.port).toBe(4);
  });

  it("warns of a QMTL_CONFIG_FILE that is not there, and fails on a --config that is not", () => {
    const { config, warnings } = load({ QMTL_CONFIG_FILE: "gone.yml" });
    expect(config.gateway.port).toBe(8000);
    expect(warnings).toEqual(["QMTL_CONFIG_FILE names gone.yml, which is not there; built-in defaults are used"]);
    expect(failure(() => load({}, "gone.yml")).code).toBe("FILE_NOT_FOUND");
    expect(failure(() => load({}, ".")).code).toBe("FILE_UNREADABLE");
  });

  it("lets variables win over the file", () => {
    write("qmtl.yml", "gateway: { port: 1, host: localhost }");
    const { config, variables } = load({
      QMTL__GATEWAY__PORT: "8100",
      QMTL__GATEWAY__EVENTS__TTL: "60",
      QMTL__GATEWAY__ENFORCE_LIVE_GUARD: "off",
      QMTL__GATEWAY__CONTROLBUS_TOPICS: "a, b",
      QMTL__GATEWAY__WORLDSERVICE_URL: "null",
      QMTL__TELEMETRY__LOG_LEVEL: "",
    });
    expect(config.gateway).toMatchObject({
      port: 8100,
      host: "localhost",
      events: { ttl: 60 },
      enforce_live_guard: false,
      controlbus_topics: ["a", "b"],
      worldservice_url: null,
    });
    expect(variables).toHaveLength(5);
  });

  it("reads the older single variables", () => {
    const { config } = load({
      QMTL_TEST_MODE: "1",
      QMTL_WS_RATE_LIMIT: "20",
      QMTL_ENABLE_TOPIC_NAMESPACE: "disabled",
      QMTL_OTEL_EXPORTER_ENDPOINT: "console",
      QMTL__TELEMETRY__OTEL_EXPORTER_ENDPOINT: "http://127.0.0.1:4318",
    });
    expect(config.test.test_mode).toBe(true);
    expect(config.gateway.websocket.rate_limit_per_sec).toBe(20);
    expect(config.dagmanager.enable_topic_namespace).toBe(false);
    expect(config.telemetry.otel_exporter_endpoint).toBe("http://127.0.0.1:4318");
  });

  it("gives every setting a variable of its own, a default and a line of explanation", () => {
    const names = settings.map(variableOf);
    expect(new Set(names).size).toBe(names.length);
    for (const { path, schema } of settings) {
      expect(schema.default, path.join(".")).not.toBeUndefined();
      expect(schema.description, path.join(".")).toMatch(/^.{8,}[^.]$/);
    }
  });
});

describe("what it refuses", () => {
  it.each([
    ["gatway: {}", 'qmtl.yml has the unknown key "gatway"', 'did you mean "gateway"?'],
    ["gateway: { prot: 1 }", 'gateway in qmtl.yml has the unknown key "prot"', 'did you mean "port"?'],
    ["gateway: { events: { tll: 1 } }", 'gateway.events in qmtl.yml has the unknown key "tll"', 'did you mean "ttl"?'],
    ["gateway: 3", "gateway in qmtl.yml must hold keys and values; found 3", undefined],
    ["gateway: []", "gateway in qmtl.yml must hold keys and values", undefined],
    ["[]", "qmtl.yml must hold keys and values", undefined],
    ["gateway: { port: '8000' }", 'gateway.port in qmtl.yml must be integer; found "8000"', undefined],
    ["gateway: { port: 70000 }", "gateway.port in qmtl.yml must be <= 65535; found 70000", undefined],
    ["auth: { mode: none }", "auth.mode in qmtl.yml must be one of loopback, local, oidc", undefined],
    ["a: 1\na: 2", "qmtl.yml is no YAML: Map keys must be unique", undefined],
    ["a: &x 1\nb: *x", "anchors and aliases are not read", undefined],
    ["a: !!js/function 'f'", "qmtl.yml is no YAML", undefined],
    ["__proto__: { gateway: 1 }", "__proto__", undefined],
    ["gateway: [", "qmtl.yml is no YAML", undefined],
    [`a: ${"[".repeat(5_000)}`, "more than 32 levels", undefined],
    [`a: ${"{b: ".repeat(40)}1${"}".repeat(40)}`, "at most 32 levels", undefined],
    ["#".repeat(300_000), "must be at most 262144 characters", undefined],
  ])("%#: %.40s", (text, message, hint) => {
    write("qmtl.yml", text);
    const error = failure(load);
    expect(error.code).toBe("CONFIG_INVALID");
    expect(error.message).toContain(message);
    if (hint !== undefined) expect(error.hint).toBe(hint);
  });

  it.each([
    [{ QMTL__GATEWAY__PROT: "1" }, "names no setting", "did you mean QMTL__GATEWAY__PORT?"],
    [{ QMTL__GATEWAY__PORT: "x" }, "must be a number", undefined],
    [{ QMTL__TEST__TEST_MODE: "maybe" }, "must be true or false", undefined],
    [{ QMTL__GATEWAY__PORT: "70000" }, "gateway.port in the built-in defaults and the environment", undefined],
  ])("a variable: %j", (environment, message, hint) => {
    const error = failure(() => load(environment));
    expect(error.code).toBe("CONFIG_INVALID");
    expect(error.message).toContain(message);
    if (hint !== undefined) expect(error.hint).toBe(hint);
  });
});

describe("older names", () => {
  it("takes redis_url for redis_dsn, says so, and prefers the newer", () => {
    write("qmtl.yml", "gateway: { redis_url: 'redis://a', database_uri: 'x', database_dsn: 'y' }");
    const { config, warnings } = load();
    expect(config.gateway.redis_dsn?.reveal()).toBe("redis://a");
    expect(config.gateway.database_dsn?.reveal()).toBe("y");
    expect(warnings).toEqual([
      "gateway.redis_url is the older name of gateway.redis_dsn",
      "gateway.database_uri is the older name of gateway.database_dsn",
    ]);
  });
});

describe("secrets", () => {
  it("come from the environment or a file, and print as nothing", () => {
    write("password", "hunter2\n");
    write("qmtl.yml", "gateway: { redis_dsn: env:REDIS }\ndagmanager: { neo4j_password: file:password }");
    const { config } = load({ REDIS: "redis://:hunter3@host" });
    expect(config.gateway.redis_dsn?.reveal()).toBe("redis://:hunter3@host");
    expect(config.dagmanager.neo4j_password?.reveal()).toBe("hunter2");
    const shown = [JSON.stringify(config), inspect(config, { depth: null }), `${String(config.gateway.redis_dsn)}`];
    for (const text of shown) {
      expect(text).toContain("[secret]");
      expect(text).not.toMatch(/hunter/);
    }
  });

  it("are not repeated in a refusal", () => {
    write("qmtl.yml", "gateway: { redis_dsn: [hunter4] }");
    expect(failure(load).message).not.toContain("hunter4");
    write("qmtl.yml", "gateway: { redis_dsn: env:NOT_SET }");
    expect(failure(load).message).toBe(
      'gateway.redis_dsn refers to the environment variable "NOT_SET", which is not set',
    );
  });
});

it("shortens every budget in test mode", () => {
  const { config } = load();
  const usual = budgets(config);
  const short = budgets({ ...config, test: { test_mode: true } });
  for (const name of Object.keys(usual) as (keyof typeof usual)[]) {
    expect(short[name]).toBeGreaterThan(0);
    if (name !== "worldServiceCallMs") expect(short[name]).toBeLessThan(usual[name]);
  }
  expect(usual.worldServiceCallMs).toBe(300);
});
