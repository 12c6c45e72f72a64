import type { DagManagerClient, WorldTransport } from "@qmtl/gateway";
import { traceIdOf, type Tracing } from "@qmtl/service/tracing";

// The Gateway's calls as spans. A diff may run long after its submission was answered: it is found by its correlation id.

export function tracedDagManager(client: DagManagerClient, tracing: Tracing): DagManagerClient {
  return {
    get breaker() {
      return client.breaker;
    },
    diff: (call) => {
      const place = { kind: "client", traceId: traceIdOf(call.correlationId) } as const;
      return tracing.span("diff", () => client.diff(call), {
        ...place,
        attributes: { strategy_id: call.strategyId, world_id: call.context.worldId },
      });
    },
    queuesByTag: (query) => tracing.span("queues by tag", () => client.queuesByTag(query), { kind: "client" }),
    healthy: () => client.healthy(),
    close: () => client.close(),
  };
}

export function tracedWorld(transport: WorldTransport, tracing: Tracing): WorldTransport {
  return (request) =>
    tracing.span(
      `${request.method} WorldService`,
      () => transport({ ...request, headers: { ...request.headers, ...tracing.headers() } }),
      { kind: "client" },
    );
}
