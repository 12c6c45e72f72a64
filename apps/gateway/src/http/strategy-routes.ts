import "./route-summary.ts";
import {
  HistoryReport,
  StrategyAck,
  StrategyHistory,
  StrategyStatus,
  StrategySubmit,
  type DegradeLevel,
} from "@qmtl/contracts/gateway";
import { errorCatalog, QmtlError } from "@qmtl/core";
import { allows, type Principal, type Role } from "@qmtl/service/auth";
import type { HttpServer } from "@qmtl/service/http";
import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import type { GatewayMetrics } from "../gateway-metrics.ts";
import type { SubmissionService } from "../submission/submission-service.ts";

export interface StrategyRouteOptions {
  readonly service: SubmissionService;
  readonly bodyBytesMax: number;
  readonly level: () => DegradeLevel;
  readonly metrics: GatewayMetrics;
  readonly now: () => number;
}

const StrategyParams = Type.Object({ id: Type.String({ minLength: 1, maxLength: 128 }) });

export function addStrategyRoutes(server: HttpServer, options: StrategyRouteOptions): void {
  const { service, metrics, bodyBytesMax: bodyLimit } = options;
  const submitting = { role: "operator", world: ["body.world_id", "body.world_ids"] } as const;
  const reading = { role: "reader" } as const;
  server.post<{ Body: StrategySubmit }>(
    "/strategies",
    {
      config: { access: submitting },
      bodyLimit,
      schema: { summary: "submit a strategy", body: StrategySubmit, response: { 202: StrategyAck } },
    },
    async (request, reply) => {
      if (options.level() === "MINIMAL") {
        throw new QmtlError("SERVICE_OVERLOADED", "no submissions are taken while two dependencies are down", {
          details: { retry_after_ms: 5_000 },
        });
      }
      const startedMs = options.now();
      const call = {
        body: request.body,
        subject: request.principal.subject,
        correlationId: request.correlationId,
        idempotencyKey: idempotencyKeyOf(request),
      };
      const ack = await service.submit(call).catch((error: unknown) => {
        if (!(error instanceof QmtlError) || errorCatalog[error.code].http >= 500) metrics.lostRequests.increment();
        throw error;
      });
      metrics.submitLatency.observe(options.now() - startedMs);
      if (ack.downgrade_reason !== null) metrics.submissionDowngrades.increment({ reason: ack.downgrade_reason });
      return reply.code(202).send(ack);
    },
  );
  server.post<{ Body: StrategySubmit }>(
    "/strategies/dry-run",
    {
      config: { access: { ...submitting, role: "reader" } },
      bodyLimit,
      schema: {
        summary: "what a submission would be answered; no effects",
        body: StrategySubmit,
        response: { 200: StrategyAck },
      },
    },
    async (request) => service.dryRun(request.body, request.correlationId),
  );
  server.get<{ Params: { id: string } }>(
    "/strategies/:id/status",
    {
      config: { access: reading },
      schema: { summary: "where a submission stands", params: StrategyParams, response: { 200: StrategyStatus } },
    },
    async ({ params, principal }) => {
      const status = await service.status(params.id);
      requireRoleInSome(principal, "reader", status.world_ids);
      return status;
    },
  );
  server.get<{ Params: { id: string } }>(
    "/strategies/:id/history",
    {
      config: { access: reading },
      schema: { summary: "the steps of a submission", params: StrategyParams, response: { 200: StrategyHistory } },
    },
    async ({ params, principal }) => {
      requireRoleInSome(principal, "reader", await service.worldsOf(params.id));
      return service.history(params.id);
    },
  );
  server.post<{ Params: { id: string }; Body: HistoryReport }>(
    "/strategies/:id/history",
    {
      config: { access: { role: "operator", world: "body.world_id" } },
      schema: { summary: "report a node's history coverage", params: StrategyParams, body: HistoryReport },
    },
    async ({ params, body, principal }, reply) => {
      requireRoleInSome(principal, "operator", await service.worldsOf(params.id));
      await service.report(params.id, body);
      return reply.code(204).send();
    },
  );
}

/** A strategy is its worlds' affair; one outside any world, everybody's who may read or act at all. */
function requireRoleInSome(principal: Principal, role: Role, worldIds: readonly string[]): void {
  if (worldIds.length === 0 || worldIds.some((worldId) => allows(principal, role, worldId))) return;
  throw new QmtlError("PERMISSION_DENIED", `"${principal.subject}" is no ${role} of a world of this strategy`, {
    hint: "ask an owner of the world for the role",
  });
}

function idempotencyKeyOf({ headers }: FastifyRequest): string | undefined {
  const key = headers["idempotency-key"];
  if (key === undefined) return undefined;
  if (typeof key === "string" && /^[\x21-\x7e]{1,200}$/.test(key)) return key;
  throw new QmtlError("REQUEST_INVALID", "Idempotency-Key must be 1 to 200 visible ASCII characters");
}
