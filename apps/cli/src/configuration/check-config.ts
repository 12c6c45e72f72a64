import { checkBinding } from "@qmtl/service/auth";
import type { Config } from "@qmtl/service/config";
import { connect } from "node:net";
import type { ConfigTarget } from "../commands/config.ts";
import { settingsWithoutEffect } from "./unsupported.ts";

export interface ConfigFinding {
  readonly target: Exclude<ConfigTarget, "all">;
  /** What was looked at: "database", "worldservice". */
  readonly part: string;
  readonly severity: "ok" | "warning" | "error";
  readonly message: string;
}

export interface CheckConfigOptions {
  readonly target: ConfigTarget;
  /** Asks nobody; what would have been asked is a warning. */
  readonly offline: boolean;
  readonly probeMsMax?: number;
}

/** What a configuration means for each part of each service, and whether the services it names answer. */
export async function checkConfig(config: Config, options: CheckConfigOptions): Promise<ConfigFinding[]> {
  const { target, offline, probeMsMax = 2_000 } = options;
  const probe = (part: Part, address: string): Promise<ConfigFinding> =>
    offline
      ? Promise.resolve({ ...part, severity: "warning", message: `${address} was not asked` })
      : probed(part, address, probeMsMax);
  const { worldservice_url: worldUrl, dagmanager_url: dagManagerUrl } = config.gateway;
  const world: Part = { target: "gateway", part: "worldservice" };
  const probes = await Promise.all([
    worldUrl === null ? Promise.resolve(ok(world, "none: worlds are not served")) : probe(world, worldUrl),
    probe({ target: "gateway", part: "dagmanager" }, dagManagerUrl),
  ]);
  const findings = [...embeddedParts(config), ...bindings(config), ...probes];
  return findings.filter((finding) => target === "all" || finding.target === target);
}

type Part = Pick<ConfigFinding, "target" | "part">;

function ok(part: Part, message: string): ConfigFinding {
  return { ...part, severity: "ok", message };
}

/** Parts that live in the process or its files, and what the configuration asks of them in vain. */
function embeddedParts(config: Config): ConfigFinding[] {
  const state = config.project.state_path;
  const parts: [ConfigFinding["target"], string, string][] = [
    ["gateway", "redis", "in memory"],
    ["gateway", "database", config.gateway.database_backend === "memory" ? "in memory" : `in ${state}/gateway.db`],
    ["gateway", "controlbus", `in ${state}/bus.db`],
    ["gateway", "commitlog", `in ${state}/queues.db`],
    ["dagmanager", "neo4j", `embedded, in ${state}/dag.db`],
    ["dagmanager", "kafka", `embedded, in ${state}/queues.db`],
    ["dagmanager", "controlbus", `in ${state}/bus.db`],
    ["worldservice", "redis", "in memory"],
    ["worldservice", "database", `in ${state}/world.db`],
    ["worldservice", "controlbus", `in ${state}/bus.db`],
  ];
  const refused = settingsWithoutEffect(config).map(({ target, part, message }): ConfigFinding => ({
    target,
    part,
    severity: "error",
    message,
  }));
  const isRefused = (target: string, part: string) =>
    refused.some((finding) => finding.target === target && finding.part === part);
  const fine = parts.filter(([target, part]) => !isRefused(target, part));
  return [...fine.map(([target, part, message]) => ok({ target, part }, message)), ...refused];
}

function bindings({ auth, gateway, dagmanager, worldservice }: Config): ConfigFinding[] {
  const hosts: [ConfigFinding["target"], string, string][] = [
    ["gateway", "gateway.host", gateway.host],
    ["dagmanager", "dagmanager.grpc_host", dagmanager.grpc_host],
    ["dagmanager", "dagmanager.http_host", dagmanager.http_host],
    ["worldservice", "worldservice.bind.host", worldservice.bind.host],
  ];
  return hosts.map(([target, setting, host]) => {
    try {
      checkBinding(host, setting, { requiresTokens: auth.mode !== "loopback" });
      return ok({ target, part: "address" }, `${setting} is ${host}`);
    } catch (error) {
      return { target, part: "address", severity: "error", message: (error as Error).message };
    }
  });
}

/** Whether something listens at an address. */
function probed(part: Part, address: string, msMax: number): Promise<ConfigFinding> {
  if (!URL.canParse(address)) {
    return Promise.resolve({ ...part, severity: "error", message: `"${address}" is no address` });
  }
  const { hostname, port, protocol } = new URL(address);
  const portNumber = port === "" ? (protocol === "https:" ? 443 : 80) : Number(port);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname.replace(/^\[|\]$/g, ""), port: portNumber, timeout: msMax });
    const end = (severity: ConfigFinding["severity"], message: string): void => {
      socket.destroy();
      resolve({ ...part, severity, message });
    };
    socket.once("connect", () => end("ok", `${address} answers`));
    socket.once("timeout", () => end("error", `${address} does not answer within ${msMax} ms`));
    socket.once("error", (error: NodeJS.ErrnoException) => end("error", `${address} does not answer: ${error.code}`));
  });
}
