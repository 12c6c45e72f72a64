import type {} from "@qmtl/service/openapi"; // what a schema says of its route
import type { HttpServer } from "@qmtl/service";
import { Type, type Static } from "typebox";
import type { DagManager } from "../manager/index.ts";

const GcTrigger = Type.Object(
  {
    /** A sentinel: only queues of its strategy's nodes. Absent, or blank: all. */
    id: Type.Optional(Type.String({ maxLength: 300 })),
    /** Say what would happen, and change nothing. */
    dry_run: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);

/** `/status`, `/health`, `/admin/gc-trigger`; `/metrics` is the server's own. */
export function addHttpRoutes(server: HttpServer, manager: DagManager): void {
  const isPublic = { access: { role: "public" } } as const;
  server.get(
    "/status",
    { config: isPublic, schema: { summary: "how the graph is, and what it is doing" } },
    async () => {
      const { graph, state } = await manager.status();
      // The field's name is the reference's, whatever holds the graph.
      return { status: graph === "ok" ? "ok" : "degraded", neo4j: graph, dagmanager: state };
    },
  );

  server.get("/health", { config: isPublic, schema: { summary: "whether it works" } }, async (_request, reply) => {
    const { graph, state } = await manager.status();
    const isHealthy = graph === "ok" && state === "running";
    return reply.code(isHealthy ? 200 : 503).send({ status: isHealthy ? "ok" : "unavailable" });
  });

  server.post(
    "/admin/gc-trigger",
    {
      config: { access: { role: "operator", world: "*" } },
      schema: { summary: "remove queues that nobody holds any more, now", body: GcTrigger },
    },
    async (request, reply) => {
      const { id = "", dry_run: dryRun = false } = request.body as Static<typeof GcTrigger>;
      const options = { dryRun, correlationId: request.correlationId };
      const report = await (id.trim() === ""
        ? manager.collectGarbage(options)
        : manager.collectGarbageOf(id.trim(), options));
      return reply.code(202).send({ processed: report.processed, report });
    },
  );
}
