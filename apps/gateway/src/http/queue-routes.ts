import "./route-summary.ts";
import {
  AppendAnswer,
  AppendRecords,
  NodeLeaseAnswer,
  NodeLeaseRequest,
  QueuesByTag,
  ReadRecords,
} from "@qmtl/contracts/gateway";
import { MatchMode } from "@qmtl/contracts/events";
import { QmtlError } from "@qmtl/core";
import { allows, everyWorld, type Principal, type Role } from "@qmtl/service/auth";
import type { HttpServer } from "@qmtl/service/http";
import type { Logger } from "@qmtl/service/logging";
import { Type, type Static } from "typebox";
import type { DagManagerClient } from "../dag/dag-manager-client.ts";
import type { DataPlane } from "../data-plane/data-plane.ts";

export interface QueueRouteOptions {
  readonly dagManager: DagManagerClient | undefined;
  readonly dataPlane: DataPlane | undefined;
  readonly logger: Logger;
}

type TagQuery = Static<typeof TagQuery>;
const TagQuery = Type.Object({
  tags: Type.String({ minLength: 1, maxLength: 4_096 }),
  interval: Type.Integer({ minimum: 0 }),
  match_mode: Type.Optional(MatchMode),
  world_id: Type.Optional(Type.String({ maxLength: 128 })),
  execution_domain: Type.Optional(Type.String({ maxLength: 64 })),
});

type ReadQuery = Static<typeof ReadQuery>;
const ReadQuery = Type.Object({
  from: Type.Optional(Type.Integer()), // an offset; -1 is the last record
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 5_000 })),
  wait_ms: Type.Optional(Type.Integer({ minimum: 0, maximum: 30_000 })),
});

const TopicParams = Type.Object({ topic: Type.String({ minLength: 1, maxLength: 512 }) });

/** Queues: which there are for tags, and what is in them. */
export function addQueueRoutes(server: HttpServer, options: QueueRouteOptions): void {
  server.get<{ Querystring: TagQuery }>(
    "/queues/by_tag",
    {
      config: { access: { role: "reader", world: "query.world_id" } },
      schema: { summary: "queues that carry tags", querystring: TagQuery, response: { 200: QueuesByTag } },
    },
    async ({ query, correlationId }, reply) => {
      const tags = [...new Set(query.tags.split(",").flatMap((tag) => tag.trim() || []))];
      if (tags.length === 0 || tags.length > 64) {
        throw new QmtlError("REQUEST_INVALID", `tags must name 1 to 64 tags; found ${tags.length}`);
      }
      const {
        interval: intervalSeconds,
        match_mode: matchMode = "any",
        world_id: worldId = "",
        execution_domain: executionDomain = "",
      } = query;
      try {
        if (options.dagManager === undefined)
          throw new QmtlError("DEPENDENCY_UNAVAILABLE", "no DAG Manager is configured");
        return {
          queues: await options.dagManager.queuesByTag({ tags, intervalSeconds, matchMode, worldId, executionDomain }),
        };
      } catch (error) {
        // Clients wait for queues anyway; that there are none because nobody could say is in the header.
        options.logger.warn("queues cannot be asked for", { correlation_id: correlationId, error });
        void reply.header("warning", '199 - "DAG Manager unavailable"').header("x-stale", "true");
        return { queues: [] };
      }
    },
  );
  const { dataPlane } = options;
  if (dataPlane === undefined) return;
  server.post<{ Body: NodeLeaseRequest }>(
    "/leases/nodes",
    {
      config: { access: { role: "operator", world: "body.world_id" } },
      schema: { summary: "the right to compute a node", body: NodeLeaseRequest, response: { 200: NodeLeaseAnswer } },
    },
    async ({ body, principal }) => {
      requireWorld(principal, "operator", body.world_id);
      return dataPlane.lease(body, principal.subject);
    },
  );
  server.post<{ Params: { topic: string }; Body: AppendRecords }>(
    "/queues/:topic/records",
    {
      config: { access: { role: "operator" } },
      bodyLimit: 8_388_608,
      schema: {
        summary: "add a node's outputs to its queue",
        params: TopicParams,
        body: AppendRecords,
        response: { 200: AppendAnswer },
      },
    },
    async ({ params, body, principal }) => {
      requireTopic(principal, "operator", params.topic);
      return dataPlane.append(params.topic, body);
    },
  );
  server.get<{ Params: { topic: string }; Querystring: ReadQuery }>(
    "/queues/:topic/records",
    {
      config: { access: { role: "reader" } },
      schema: {
        summary: "read a queue, waiting for more",
        params: TopicParams,
        querystring: ReadQuery,
        response: { 200: ReadRecords },
      },
    },
    async ({ params, query, principal }) => {
      requireTopic(principal, "reader", params.topic);
      return dataPlane.read(params.topic, query.from ?? 0, query.limit ?? 500, query.wait_ms ?? 0);
    },
  );
}

/** Who may act in one world has no business in another's queues: topics are named `world.domain.…`. */
function requireTopic(principal: Principal, role: Role, topic: string): void {
  const [segment, , rest] = topic.split(".");
  const isGranted = Object.keys(principal.grants).some(
    (world) => rest !== undefined && topicSegment(world) === segment && allows(principal, role, world),
  );
  if (!isGranted) requireWorld(principal, role, undefined);
}

/** A world's id as it stands in topics. */
function topicSegment(world: string): string {
  return world
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]/g, "-")
    .replaceAll(/^[-_]+|[-_]+$/g, "");
}

/** @throws QmtlError `PERMISSION_DENIED`; what belongs to no world asks for the role in every one */
function requireWorld(principal: Principal, role: Role, world: string | undefined): void {
  if (allows(principal, role, world ?? everyWorld)) return;
  const where = world === undefined ? "that world" : `world "${world}"`;
  throw new QmtlError("PERMISSION_DENIED", `this needs the role ${role} in ${where}`, { details: { role } });
}
