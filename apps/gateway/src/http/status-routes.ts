import "./route-summary.ts";
import { GatewayHealth, GatewayStatus } from "@qmtl/contracts/gateway";
import { QmtlError } from "@qmtl/core";
import type { HttpServer } from "@qmtl/service/http";
import type { PretradeCounts } from "../worlds/pretrade.ts";
import type { HealthMonitor } from "../health/health-monitor.ts";

export interface StatusRouteOptions {
  readonly monitor: HealthMonitor;
  readonly enforceLiveGuard: boolean;
  readonly openSubmissions: () => Promise<Record<string, number>>;
  readonly sockets: () => number;
  readonly pretrade: PretradeCounts;
}

const probes = new Set(["/status", "/health", "/metrics"]);

export function addStatusRoutes(server: HttpServer, options: StatusRouteOptions): void {
  const { monitor } = options;
  // What watches the Gateway sees it in every state; everybody else is told to come back.
  server.addHook("onRequest", async (request) => {
    if (monitor.level !== "STATIC" || probes.has(request.routeOptions.url ?? "")) return;
    throw new QmtlError("SERVICE_OVERLOADED", "three dependencies are down: nothing can be answered", {
      details: { retry_after_ms: 30_000 },
    });
  });
  server.get(
    "/status",
    {
      config: { access: { role: "public" } },
      schema: { summary: "how the Gateway and what it needs are", response: { 200: GatewayStatus } },
    },
    async (): Promise<GatewayStatus> => ({
      ...(await monitor.health()),
      degrade_level: monitor.level,
      enforce_live_guard: options.enforceLiveGuard,
      // A store that cannot be read is what /status is there to say.
      submissions: await options.openSubmissions().catch(() => ({})),
      sockets: options.sockets(),
      pretrade: options.pretrade.state,
    }),
  );
  server.get(
    "/health",
    {
      config: { access: { role: "public" } },
      schema: { summary: "how what the Gateway needs is", response: { 200: GatewayHealth } },
    },
    async () => monitor.health(),
  );
}
