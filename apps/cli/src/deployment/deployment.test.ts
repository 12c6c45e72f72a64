// What deploy/ holds, against the services as they are: names of metrics, commands, ports, settings.

import { settings } from "@qmtl/service/config";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { runCli } from "../testing/run-cli.ts";
import { startCli, type RunningCli } from "../testing/start-cli.ts";

const root = new URL("../../../../", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), "utf8");
const yaml = (path: string) => parse(read(`deploy/${path}`), { merge: true });
const anyPort = Object.fromEntries(
  ["GATEWAY__PORT", "DAGMANAGER__GRPC_PORT", "DAGMANAGER__HTTP_PORT", "WORLDSERVICE__BIND__PORT"].map((name) => [
    `QMTL__${name}`,
    "0",
  ]),
);

let folder: string;
const running: RunningCli[] = [];
const start = async (words: readonly string[], environment: Readonly<Record<string, string>>): Promise<RunningCli> => {
  const service = await startCli(words, { folder, environment });
  running.push(service);
  return service;
};
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "qmtl-deploy-"));
});
afterAll(async () => {
  await Promise.all(running.map((service) => service.stop("SIGINT")));
  rmSync(folder, { recursive: true });
});

// As the files are meant to be used: each service in a process of its own, on one state folder.
describe("services with deploy/qmtl.yml", () => {
  let gateway: RunningCli;
  let dagManager: RunningCli;
  let world: RunningCli;
  let environment: Readonly<Record<string, string>>;
  beforeAll(async () => {
    const stateFolder = join(folder, "state");
    environment = {
      ...anyPort,
      QMTL_CONFIG_FILE: new URL("deploy/qmtl.yml", root).pathname,
      QMTL__PROJECT__STATE_PATH: stateFolder,
      QMTL__DAGMANAGER__GC_ARCHIVE_BUCKET: join(stateFolder, "archive"),
    };
    dagManager = await start(["service", "dagmanager", "server"], environment);
    world = await start(["service", "world"], environment);
    gateway = await start(["service", "gateway"], {
      ...environment,
      QMTL__GATEWAY__DAGMANAGER_URL: `http://${dagManager.addresses["DAG Manager (gRPC)"]}`,
      QMTL__GATEWAY__WORLDSERVICE_URL: world.addresses["WorldService"]!,
    });
  });

  it("let in who has a token, and nobody else", async () => {
    const words = ["service", "token", "--subject", "me", "--grant", "*=owner"];
    const token = (await runCli(words, { folder, environment })).stdout.trim();
    const ask = (headers: Record<string, string>): Promise<Response> =>
      fetch(`${gateway.addresses["Gateway"]}/worlds`, { headers });
    expect((await ask({})).status).toBe(401);
    expect((await ask({ authorization: `Bearer ${token}` })).status).toBe(200);
    const status = await fetch(`${gateway.addresses["Gateway"]}/status`);
    expect(await status.json()).toMatchObject({ status: "ok", dagmanager: "ok", worldservice: "ok" });
  });

  it("have the metrics that docs/services.md lists, and those of rules and dashboard are among them", async () => {
    const metricsOf = async (address: string): Promise<readonly string[]> => {
      const text = await (await fetch(`${address}/metrics`)).text();
      return [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name!);
    };
    const addresses = [
      gateway.addresses["Gateway"],
      dagManager.addresses["DAG Manager"],
      world.addresses["WorldService"],
    ];
    const served = new Set((await Promise.all(addresses.map((address) => metricsOf(address!)))).flat());
    const listed = [...read("docs/services.md").matchAll(/^\| `(\w+)` \| (?:gauge|counter|histogram) \|/gm)];
    expect(listed.map(([, name]) => name!).toSorted()).toEqual([...served].toSorted());
    const used = expressions().flatMap(({ expression }) => metricNames(expression));
    expect(used.length).toBeGreaterThan(40);
    expect([...new Set(used)].filter((name) => !served.has(name))).toEqual([]);
  });
});

describe("deploy/qmtl.yml", () => {
  it("is valid, and names settings that exist in its comments too", async () => {
    const words = ["config", "validate", "--offline", "--config", new URL("deploy/qmtl.yml", root).pathname];
    const { exitCode, stdout, stderr } = await runCli(words, { folder });
    expect(exitCode, `${stdout}${stderr}`).toBe(0);
    const names = new Set(settings.flatMap(({ path }) => path));
    const commented = [...read("deploy/qmtl.yml").matchAll(/^ +# (\w+): /gm)].map(([, name]) => name!);
    expect(commented.length).toBeGreaterThan(5);
    expect(commented.filter((name) => !names.has(name))).toEqual([]);
  });
});

describe("docker-compose.yml", () => {
  const { services, volumes } = yaml("docker-compose.yml");

  it("runs the services by their commands, on the ports of the configuration, on one volume", () => {
    const { gateway, dagmanager, worldservice, project } = yaml("qmtl.yml");
    const ports = Object.entries<{ ports?: string[]; expose?: string[] }>(services).map(
      ([name, service]) => [name, [...(service.ports ?? []), ...(service.expose ?? [])]] as const,
    );
    expect(Object.fromEntries(ports)).toEqual({
      gateway: [`127.0.0.1:${gateway.port}:${gateway.port}`],
      dagmanager: [String(dagmanager.grpc_port), String(dagmanager.http_port)],
      world: [String(worldservice.bind.port)],
    });
    expect(services.gateway.command).toEqual(["service", "gateway"]);
    expect(services.dagmanager.command).toEqual(["service", "dagmanager", "server"]);
    expect(services.world.command).toEqual(["service", "world"]);
    for (const service of Object.values<{ volumes: string[]; environment: Record<string, string> }>(services)) {
      expect(service.volumes).toContain(`state:${project.state_path}`);
      expect(service.volumes).toContain(`./qmtl.yml:${service.environment["QMTL_CONFIG_FILE"]}:ro`);
    }
    expect(Object.keys(volumes)).toEqual(["state"]);
    expect(gateway.dagmanager_url).toBe(`http://dagmanager:${dagmanager.grpc_port}`);
    expect(gateway.worldservice_url).toBe(`http://world:${worldservice.bind.port}`);
  });

  it("is scraped where it listens", () => {
    const { scrape_configs: jobs } = yaml("prometheus/prometheus.yml");
    const targets = jobs.flatMap((job: { static_configs: { targets: string[] }[] }) => job.static_configs[0]!.targets);
    expect(targets).toEqual(["gateway:8000", "dagmanager:8001", "world:8080"]);
    const mounted = JSON.stringify(yaml("docker-compose.monitoring.yml"));
    for (const path of [
      "prometheus/prometheus.yml",
      "prometheus/alerts.yml",
      "grafana/provisioning",
      "grafana/qmtl.json",
    ])
      expect(mounted).toContain(`./${path}:`);
    expect(yaml("grafana/provisioning/dashboards/qmtl.yml").providers[0].options.path).toBe(
      "/var/lib/grafana/dashboards",
    );
    expect(yaml("grafana/provisioning/datasources/prometheus.yml").datasources[0].uid).toBe("prometheus");
  });

  it("gives a stopping service the time it takes", () => {
    expect(Number.parseInt(services.gateway.stop_grace_period)).toBeGreaterThan(15);
  });
});

describe("the Dockerfile", () => {
  it("runs the published command, on a Node that is new enough, as a user without rights", () => {
    const { bin, engines } = JSON.parse(read("package.json")) as { bin: object; engines: { node: string } };
    const lines = read("deploy/Dockerfile").split("\n");
    expect(lines).toContain(`ENTRYPOINT ${JSON.stringify(Object.keys(bin))}`);
    const major = /(\d+)/.exec(engines.node)![1]!;
    expect(
      lines.filter((line) => line.startsWith("FROM node:")).every((line) => line.includes(`node:${major}-slim`)),
    ).toBe(true);
    expect(lines.findLast((line) => line.startsWith("USER "))).toBe("USER node");
    expect(lines.find((line) => line.startsWith("EXPOSE "))).toBe("EXPOSE 8000 8001 8080 50051");
  });
});

describe("alert rules", () => {
  const rules = expressions().filter(({ rule }) => rule !== undefined);

  it("have names of their own, a severity and a sentence", () => {
    expect(new Set(rules.map(({ rule }) => rule!.alert)).size).toBe(rules.length);
    for (const { rule } of rules) {
      expect(["warning", "critical"], rule!.alert).toContain(rule!.labels.severity);
      expect(rule!.annotations.summary.length, rule!.alert).toBeGreaterThan(10);
    }
  });

  it("ask counters for their growth, so that they end by themselves", () => {
    const stuck = rules.filter(({ expression }) => /(?<!(rate|increase)\()\b\w+_total(\{[^}]*\})? >/.test(expression));
    expect(stuck.map(({ rule }) => rule!.alert)).toEqual(["ComputeNodeCountHigh", "QueueCountHigh"]); // these are gauges
  });
});

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string };
}

/** Every query of the alert rules and of the dashboard. */
function expressions(): readonly { readonly expression: string; readonly rule?: Rule }[] {
  const groups = yaml("prometheus/alerts.yml").groups as readonly { readonly rules: readonly Rule[] }[];
  const rules = groups.flatMap(({ rules: some }) => some.map((rule) => ({ expression: rule.expr, rule })));
  const { panels } = JSON.parse(read("deploy/grafana/qmtl.json")) as { panels: { targets?: { expr: string }[] }[] };
  const shown = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => ({ expression: expr })));
  return [...rules, ...shown];
}

/** Names of the metrics in a query: what is left without labels, ranges, functions and PromQL's words. */
function metricNames(expression: string): readonly string[] {
  const bare = expression
    .replaceAll(/\{[^}]*\}|\[[^\]]*\]/g, "")
    .replaceAll(/\b(by|on|without|ignoring) *\([^)]*\)/g, "");
  const words = [...bare.matchAll(/\b[a-zA-Z_]\w*\b(?! *\()/g)].map(([word]) => word);
  const known = new Set(["and", "or", "unless", "by", "on", "e", "up"]); // `up` is Prometheus' own
  return words.filter((word) => !known.has(word)).map((word) => word.replace(/_bucket$/, ""));
}
