import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startCli, type RunningCli } from "../../../apps/cli/src/testing/start-cli.ts";

const services = {
  world: ["service", "world"],
  dagManager: ["service", "dagmanager", "server"],
  gateway: ["service", "gateway"],
} as const;

export type ServiceName = keyof typeof services;
export const serviceNames = Object.keys(services) as ServiceName[];

/** The three services, each in a process of its own, on one state folder; each can be killed and started again. */
export class Cluster {
  readonly folder: string;
  readonly gatewayUrl: string;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #running = new Map<ServiceName, RunningCli>();

  private constructor(folder: string, ports: readonly number[]) {
    const [gateway, grpc, http, world] = ports.map(String) as [string, string, string, string];
    this.folder = folder;
    this.gatewayUrl = `http://127.0.0.1:${gateway}`;
    this.#environment = {
      QMTL__GATEWAY__PORT: gateway,
      QMTL__GATEWAY__DAGMANAGER_URL: `http://127.0.0.1:${grpc}`,
      QMTL__GATEWAY__WORLDSERVICE_URL: `http://127.0.0.1:${world}`,
      QMTL__DAGMANAGER__GRPC_PORT: grpc,
      QMTL__DAGMANAGER__HTTP_PORT: http,
      QMTL__WORLDSERVICE__BIND__PORT: world,
      QMTL__TELEMETRY__LOG_LEVEL: "error",
      QMTL_TEST_MODE: "1",
    };
  }

  static async start(): Promise<Cluster> {
    const cluster = new Cluster(mkdtempSync(join(tmpdir(), "qmtl-cluster-")), await freePorts(4));
    for (const name of serviceNames) await cluster.start(name);
    return cluster;
  }

  async start(name: ServiceName): Promise<void> {
    const { folder } = this;
    const preload = new URL("clock-jumps.ts", import.meta.url).href;
    this.#running.set(name, await startCli(services[name], { folder, environment: this.#environment, preload }));
  }

  /** The wall clock of a service goes an hour ahead of the machine's; the next time an hour behind, then back. */
  jumpClock(name: ServiceName): void {
    process.kill(this.#running.get(name)!.processId, "SIGUSR2");
  }

  /** How far the wall clock of a service is ahead of the machine's, as it last said. */
  clockAheadMs(name: ServiceName): number {
    const said = [
      ...this.#running
        .get(name)!
        .output()
        .matchAll(/"clockAheadMs":(-?\d+)/g),
    ];
    return Number(said.at(-1)?.[1] ?? 0);
  }

  async kill(name: ServiceName): Promise<void> {
    await this.#running.get(name)?.stop("SIGKILL");
  }

  /** Ends all of them in order; what they kept stays. */
  async stop(): Promise<void> {
    for (const name of serviceNames.toReversed()) await this.#running.get(name)?.stop("SIGTERM");
    this.#running.clear();
  }

  async remove(): Promise<void> {
    for (const name of this.#running.keys()) await this.kill(name);
    await rm(this.folder, { recursive: true, force: true });
  }
}

/**
 * Ports nobody listens on, below those that systems give out by themselves: while a service is down nobody else is to get
 * its port.
 */
async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  for (let port = 12_000 + (process.pid % 1_000) * 10; ports.length < count; port++) {
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
