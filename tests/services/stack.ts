import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GatewayClient } from "../../packages/sdk/src/gateway-client/index.ts";
import { startCli, type RunningCli } from "../../apps/cli/src/testing/start-cli.ts";

/** The whole system in one process, in a folder of its own, and ways to act on it as an operator does. */
export interface Stack {
  readonly folder: string;
  readonly gatewayUrl: string;
  readonly client: GatewayClient;
  /** A world with a policy, which says validate until something is applied. */
  createWorld(id: string): Promise<void>;
  /** Carries out a plan, as `qmtl world apply` does. */
  apply(world: string, runId: string, plan: { readonly activate?: string[]; readonly mode: string }): Promise<unknown>;
  fills(world: string): Promise<readonly { readonly client_order_id: string; readonly seq: number }[]>;
  kill(): Promise<void>;
  /** Starts it again on the ports it had. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export async function startStack(): Promise<Stack> {
  const folder = await mkdtemp(join(tmpdir(), "qmtl-stack-"));
  let environment: Record<string, string> = {
    QMTL__GATEWAY__PORT: "0",
    QMTL__DAGMANAGER__GRPC_PORT: "0",
    QMTL__DAGMANAGER__HTTP_PORT: "0",
    QMTL__WORLDSERVICE__BIND__PORT: "0",
    QMTL__TELEMETRY__LOG_LEVEL: "error",
  };
  let running: RunningCli = await startCli(["up"], { folder, environment });
  const gatewayUrl = running.addresses["Gateway"]!;
  // Another start has to be found where the first one was.
  const ports: Readonly<Record<string, string>> = {
    QMTL__GATEWAY__PORT: new URL(gatewayUrl).port,
    QMTL__WORLDSERVICE__BIND__PORT: new URL(running.addresses["WorldService"]!).port,
  };
  environment = { ...environment, ...ports };
  const client = new GatewayClient({ url: gatewayUrl, timeoutMs: 10_000 });
  return {
    folder,
    gatewayUrl,
    client,
    async createWorld(id) {
      await client.call("POST", "/worlds", { body: { id } });
      await client.call("POST", `/worlds/${id}/policies`, { body: { policy: { top_k: { metric: "sharpe", k: 5 } } } });
    },
    async apply(world, runId, { activate = [], mode }) {
      const { epoch } = await client.world<{ epoch: number }>("GET", world, "/order-state");
      const body = { run_id: runId, plan: { activate }, effective_mode: mode, expected_epoch: epoch };
      return client.call("POST", `/worlds/${world}/apply`, {
        body,
        headers: { "x-allow-live": "true" },
        timeoutMs: 20_000,
      });
    },
    async fills(world) {
      const { fills } = await client.call<{ fills: { data: { client_order_id: string; seq: number } }[] }>(
        "GET",
        `/fills/replay?world_id=${world}`,
      );
      return fills.map(({ data }) => data);
    },
    async kill() {
      await running.stop("SIGKILL");
    },
    async restart() {
      running = await startCli(["up"], { folder, environment });
    },
    async close() {
      await running.stop("SIGINT");
      await rm(folder, { recursive: true, force: true });
    },
  };
}
