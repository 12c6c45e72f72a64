import { Config, loadConfig, settings, variableOf } from "@qmtl/service/config";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { inRepository } from "../../../../scripts/build/repository.ts";
import { projectKeys, sectionNames } from "../project/project-config.ts";
import { runCli, type CliOutcome } from "../testing/run-cli.ts";
import { assignment, checkConfig, configTemplate, settingsWithoutEffect } from "./index.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "qmtl-config-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const config = (words: string, environment: Record<string, string> = {}): Promise<CliOutcome> =>
  runCli(["config", ...words.split(" ")], { folder, environment });
const write = (text: string): void => writeFileSync(join(folder, "qmtl.yml"), text);

it("keeps the offline commands' idea of the file up to date", () => {
  expect(sectionNames).toEqual(Object.keys(Config.properties));
  expect(projectKeys).toEqual(Object.keys(Config.properties.project.properties));
});

describe("config generate", () => {
  it("writes a file that says the defaults, and explains each setting", async () => {
    const { exitCode, stdout } = await config("generate --out qmtl.yml");
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "wrote qmtl.yml\n" });
    expect(readFileSync(join(folder, "qmtl.yml"), "utf8")).toBe(configTemplate());
    const other = mkdtempSync(join(tmpdir(), "qmtl-config-"));
    const defaults = loadConfig({ folder: other, environment: {} }).config;
    expect(loadConfig({ folder, environment: {} }).config).toEqual(defaults);
    rmSync(other, { recursive: true });
    const comments = configTemplate().match(/^ +# .+$/gm);
    expect(comments).toHaveLength(settings.length);
  });

  it("replaces no file unless told to", async () => {
    write("gateway: {}");
    const refused = await config("generate --out qmtl.yml");
    expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("qmtl.yml is there already") });
    expect(readFileSync(join(folder, "qmtl.yml"), "utf8")).toBe("gateway: {}");
    expect((await config("generate --out qmtl.yml --force")).exitCode).toBe(0);
  });
});

describe("config validate", () => {
  it("ends with 2 without a configuration, 1 with a wrong one, 0 with a good one", async () => {
    const missing = await config("validate --json");
    expect(missing.exitCode).toBe(2);
    expect(JSON.parse(missing.stdout)).toMatchObject({ ok: false, file: null });
    expect((await config("validate --config gone.yml")).exitCode).toBe(2);

    write("gateway: { prot: 1 }");
    const wrong = await config("validate --json");
    expect(wrong.exitCode).toBe(1);
    const [finding] = JSON.parse(wrong.stdout).findings;
    expect(finding).toMatchObject({ severity: "error", message: expect.stringContaining('did you mean "port"?') });

    write("gateway: { port: 8100, redis_url: null }");
    const good = await config("validate --offline --json");
    expect(good.exitCode).toBe(0);
    const { ok, warnings, findings } = JSON.parse(good.stdout);
    expect(ok).toBe(true);
    expect(warnings).toEqual(["gateway.redis_url is the older name of gateway.redis_dsn"]);
    expect(findings).toContainEqual({
      target: "gateway",
      part: "dagmanager",
      severity: "warning",
      message: "http://127.0.0.1:50051 was not asked",
    });
  });

  it("prints a row for each part", async () => {
    write("{}");
    const { exitCode, stdout } = await config("validate --offline --target dagmanager");
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/dagmanager +kafka +ok +embedded/);
    expect(stdout).not.toMatch(/gateway +database/);
  });

  it("asks the services it names, names backends that are not there, and open doors", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as AddressInfo;
    write(`
gateway:
  host: 0.0.0.0
  worldservice_url: http://127.0.0.1:${port}
  dagmanager_url: http://127.0.0.1:1
  redis_dsn: redis://localhost
dagmanager: { kafka_dsn: "localhost:9092" }
`);
    const { config: loaded } = loadConfig({ folder, environment: {} });
    const findings = await checkConfig(loaded, { target: "all", offline: false });
    server.close();
    const of = (target: string, part: string): string[] =>
      findings.filter((f) => f.target === target && f.part === part).map((f) => `${f.severity}: ${f.message}`);
    expect(of("gateway", "worldservice")).toEqual([`ok: http://127.0.0.1:${port} answers`]);
    expect(of("gateway", "dagmanager")).toEqual(["error: http://127.0.0.1:1 does not answer: ECONNREFUSED"]);
    expect(of("gateway", "redis")).toEqual(["error: gateway.redis_dsn names a backend this version does not have"]);
    expect(of("dagmanager", "kafka")).toEqual([
      "error: dagmanager.kafka_dsn names a backend this version does not have",
    ]);
    expect(of("gateway", "address")[0]).toMatch(/^error: gateway.host is 0.0.0.0/);
    expect(of("worldservice", "address")).toEqual(["ok: worldservice.bind.host is 127.0.0.1"]);
  });

  it.each([
    ["gateway", "database", "gateway.database_dsn", "names a backend"],
    ["gateway", "controlbus", "gateway.controlbus_topics", "fixed names"],
    ["gateway", "controlbus", "gateway.controlbus_group", "Kafka"],
    ["gateway", "controlbus", "gateway.controlbus_ack_topic", "fixed names"],
    ["gateway", "commitlog", "gateway.commitlog_topic", "Kafka"],
    ["gateway", "commitlog", "gateway.commitlog_group", "Kafka"],
    ["gateway", "commitlog", "gateway.commitlog_transactional_id", "Kafka"],
    ["dagmanager", "neo4j", "dagmanager.neo4j_user", "Neo4j"],
    ["dagmanager", "neo4j", "dagmanager.neo4j_password", "Neo4j"],
    ["dagmanager", "neo4j", "dagmanager.memory_repo_path", "names a backend"],
    ["dagmanager", "kafka", "dagmanager.kafka_metrics_url", "names a backend"],
    ["dagmanager", "controlbus", "dagmanager.controlbus_queue_topic", "fixed names"],
    ["worldservice", "database", "worldservice.dsn", "names a backend"],
    ["worldservice", "controlbus", "worldservice.controlbus_topic", "fixed names"],
    ["gateway", "domain", "connectors.execution_domain", "what its world decides"],
    ["gateway", "auth", "auth.issuer", "while auth.mode is loopback"],
    ["gateway", "auth", "auth.audience", "while auth.mode is loopback"],
  ])("of %s refuses for its %s what nothing would follow: %s", async (target, part, path, why) => {
    const [section, key] = path.split(".");
    write(`${section}: { ${key}: ${key === "controlbus_topics" ? "[elsewhere]" : "elsewhere"} }`);
    const { config: loaded } = loadConfig({ folder, environment: {} });
    const findings = await checkConfig(loaded, { target: "all", offline: true });
    const message = expect.stringMatching(new RegExp(`^${path} .*${why}`));
    expect(findings.filter(({ severity }) => severity === "error")).toEqual([
      { target, part, severity: "error", message },
    ]);
    expect(findings.filter((finding) => finding.part === part && finding.target === target)).toHaveLength(1);
  });

  it("finds nothing against a file of defaults, as config generate writes it", () => {
    expect(settingsWithoutEffect(loadConfig({ folder, environment: {} }).config)).toEqual([]);
  });

  it("refuses every setting that no source reads, once it says something else than its default", () => {
    const sources = sourcesOfServices();
    const unread = settings.filter(({ path }) => !sources.some((text) => text.includes(path.at(-1)!)));
    expect(unread.length).toBeGreaterThan(0);
    const defaults = loadConfig({ folder, environment: {} }).config;
    for (const { path, schema } of unread) {
      const [section, key] = path as [keyof typeof defaults, string];
      const value = schema.type === "array" ? ["elsewhere"] : "elsewhere";
      const changed = { ...defaults, [section]: { ...defaults[section], [key]: value } };
      expect(settingsWithoutEffect(changed)).toEqual([expect.objectContaining({ setting: path.join(".") })]);
    }
  });
});

/** Texts of whatever might read a setting. */
function sourcesOfServices(): string[] {
  const aboutSettings = /schema\.ts$|unsupported\.ts$|\.test\.ts$/;
  return ["apps/cli/src", "apps/gateway/src", "apps/dag-manager/src", "apps/world/src", "packages/service/src"].flatMap(
    (sourceFolder) =>
      readdirSync(inRepository(sourceFolder), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".ts") && !aboutSettings.test(name))
        .map((name) => readFileSync(inRepository(sourceFolder, name), "utf8")),
  );
}

describe("config env", () => {
  it("exports variables that give the same configuration without the file", async () => {
    write("gateway: { port: 8100, controlbus_topics: [a, b] }\ndagmanager: { enable_topic_namespace: false }");
    const { exitCode, stdout } = await config("env export");
    expect(exitCode).toBe(0);
    // A shell reads it, as users would.
    const shown = execFileSync("sh", ["-c", `${stdout}\nenv -0`], { env: {}, encoding: "utf8" });
    const environment = Object.fromEntries(shown.split("\0").map((line) => line.split(/=(.*)/s).slice(0, 2)));
    const elsewhere = mkdtempSync(join(tmpdir(), "qmtl-config-"));
    const { config: read } = loadConfig({ folder: elsewhere, environment });
    rmSync(elsewhere, { recursive: true });
    expect(read).toEqual(loadConfig({ folder, environment: {} }).config);
    expect(environment["QMTL_CONFIG_SOURCE"]).toBe(join(folder, "qmtl.yml"));
    expect(JSON.parse(environment["QMTL_CONFIG_EXPORT"] as string)).toMatchObject({
      include_secret: false,
      shell: "posix",
      secrets_omitted: 0,
    });
  });

  it("leaves secrets out unless asked for, and keeps references", async () => {
    write("gateway: { fill_secret: hunter2, database_dsn: env:DATABASE }");
    const environment = { DATABASE: "hunter3" };
    const closed = await config("env export --json", environment);
    expect(closed.stdout).not.toMatch(/hunter/);
    expect(JSON.parse(closed.stdout).secrets_omitted).toBe(2);
    const { variables } = JSON.parse((await config("env export --json --include-secret", environment)).stdout);
    expect(variables).toMatchObject({
      QMTL__GATEWAY__FILL_SECRET: "hunter2",
      QMTL__GATEWAY__DATABASE_DSN: "env:DATABASE",
    });
  });

  it.each([
    ["posix", "it's $HOME", `export A='it'\\''s $HOME'`],
    ["powershell", "it's $HOME", "$env:A = 'it''s $HOME'"],
  ] as const)("quotes for %s", (shell, value, line) => {
    expect(assignment("A", value, shell)).toBe(line);
  });

  it("shows what is set, with secrets masked, and clears it", async () => {
    const environment = { QMTL__GATEWAY__PORT: "1", QMTL__GATEWAY__REDIS_DSN: "hunter2", QMTL_CONFIG_SOURCE: "x" };
    expect((await config("env show", environment)).stdout).toBe(
      "QMTL_CONFIG_SOURCE=x\nQMTL__GATEWAY__PORT=1\nQMTL__GATEWAY__REDIS_DSN=********\n",
    );
    expect((await config("env clear", environment)).stdout).toBe(
      "unset QMTL_CONFIG_SOURCE\nunset QMTL__GATEWAY__PORT\nunset QMTL__GATEWAY__REDIS_DSN\n",
    );
    expect((await config("env clear --shell powershell", environment)).stdout).toContain("Remove-Item Env:QMTL__");
    expect((await config("env show")).stdout).toBe("no variable of QMTL is set\n");
  });

  it("has a variable for each setting that shells take", () => {
    for (const setting of settings) expect(variableOf(setting)).toMatch(/^QMTL(__[A-Z0-9]+(_[A-Z0-9]+)*)+$/);
  });
});
