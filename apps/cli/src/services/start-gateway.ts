import {
  breakerMetrics,
  ConnectDagManager,
  createGateway,
  defaultSettings,
  fetchTransport,
  grpcTransport,
  openGatewayDatabase,
  type DagManagerClient,
  type GatewaySettings,
  type WorldTransport,
} from "@qmtl/gateway";
import { checkBinding } from "@qmtl/service/auth";
import { budgets, type Budgets, type Config } from "@qmtl/service/config";
import { join } from "node:path";
import type { Foundation } from "./foundation.ts";
import { machineLoad } from "./machine-load.ts";
import { holdPlace } from "./single-instance.ts";
import { tracedDagManager, tracedWorld } from "./traced-calls.ts";

export interface StartGatewayOptions {
  /** gRPC address of the DAG Manager: "http://127.0.0.1:50051". */
  readonly dagManagerUrl: string;
  /** The DAG Manager of this process, if it is here. */
  readonly dagManager?: DagManagerClient;
  /** Null: worlds are not served. */
  readonly worldServiceUrl: string | null;
  /** The WorldService of this process, if it is here. */
  readonly world?: WorldTransport;
  readonly insertSentinel?: boolean;
  readonly enforceLiveGuard?: boolean;
}

/**
 * Adds the Gateway to the host and starts it.
 *
 * @returns its address
 */
export async function startGateway(foundation: Foundation, options: StartGatewayOptions): Promise<string> {
  const { config, stateFolder, clock, ids, auth, bus, queues, host, version } = foundation;
  const settings = config.gateway;
  checkBinding(settings.host, "gateway.host", auth);
  const release = holdPlace(stateFolder, "gateway");
  await host.run({ name: "place of the Gateway", stop: async () => release() });
  const path = settings.database_backend === "memory" ? ":memory:" : join(stateFolder, "gateway.db");
  const database = await openGatewayDatabase({ path, clock });
  await host.run({ name: "database of the Gateway", stop: () => database.destroy() });
  const tools = foundation.ofService("gateway");
  const { callMs, breakerOpenMs, worldServiceCallMs } = budgets(config);
  const transport = grpcTransport({ baseUrl: options.dagManagerUrl, auth, tracing: tools.tracing });
  // A diff that is given up is done again from its beginning: it gets the time that a busy machine needs.
  const diffMs = 6 * callMs;
  const connect = (): DagManagerClient => {
    const onBreaker = breakerMetrics(tools.metrics, "dagclient");
    return new ConnectDagManager({ transport, clock, diffMs, callMs, breakerOpenMs, onBreaker });
  };
  const dagManager = options.dagManager ?? connect();
  await host.run({ name: "client of the DAG Manager", stop: () => dagManager.close() });
  const worldUrl = settings.enable_worldservice_proxy ? options.worldServiceUrl : null;
  const world = worldUrl === null ? undefined : (options.world ?? fetchTransport(worldUrl, worldServiceCallMs));
  const app = await createGateway({
    ...tools,
    settings: settingsOf(config, budgets(config), options),
    database,
    isAlone: true, // it holds the place
    bus,
    dataLog: queues.dataLog,
    leases: queues.leases,
    dagManager: tracedDagManager(dagManager, tools.tracing),
    ...(world !== undefined && { world: tracedWorld(world, tools.tracing) }),
    ...(settings.degrade_on_cpu && { cpuPercent: machineLoad() }),
    auth,
    clock,
    ids,
    version,
  });
  let address = "";
  await host.run({
    name: "Gateway",
    start: async () => {
      await app.start();
      address = await app.listen({ host: settings.host, port: settings.port });
    },
    stop: () => app.stop(),
  });
  return address;
}

function settingsOf({ gateway }: Config, { breakerOpenMs }: Budgets, options: StartGatewayOptions): GatewaySettings {
  return {
    ...defaultSettings,
    insertSentinel: gateway.insert_sentinel && options.insertSentinel !== false,
    enforceLiveGuard: gateway.enforce_live_guard && options.enforceLiveGuard !== false,
    submissionBytesMax: gateway.submission_bytes_max,
    eventTokenMs: gateway.events.ttl * 1_000,
    messagesPerSecondMax: gateway.websocket.rate_limit_per_sec ?? defaultSettings.messagesPerSecondMax,
    streamUrl: gateway.events.stream_url ?? undefined,
    fallbackUrl: gateway.events.fallback_url ?? undefined,
    fillSecret: gateway.fill_secret?.reveal(),
    worldRetries: gateway.worldservice_retries,
    breakerOpenMs,
  };
}
