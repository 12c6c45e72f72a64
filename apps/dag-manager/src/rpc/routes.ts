import type { ConnectRouter, HandlerContext } from "@connectrpc/connect";
import { AdminService, dagManagerMetadata, DiffService, HealthCheck, TagQuery } from "@qmtl/contracts/dag-manager";
import type { DagManager, DiffOptions } from "../manager/index.ts";
import type { DiffStreams } from "./diff-streams.ts";
import { chunkOf } from "./messages.ts";

/** The services of the protocol over the manager's methods. */
export function addRoutes(router: ConnectRouter, manager: DagManager, streams: DiffStreams): void {
  router.service(DiffService, {
    async *diff(request, context) {
      const resumed = metadata(context, "streamId");
      const stream =
        resumed === undefined ? streams.open(await manager.diff(request, optionsOf(context))) : streams.resume(resumed);
      context.responseHeader.set(dagManagerMetadata.streamId, stream.id);
      for await (const part of stream.parts(context.signal)) yield chunkOf(stream.outcome, part);
    },
    async ackChunk(ack, context) {
      const { sentinelId, chunkId } = ack;
      streams.acknowledge(chunkId, { streamId: metadata(context, "streamId"), sentinelId });
      return { sentinelId, chunkId };
    },
  });
  router.service(TagQuery, {
    async getQueues({ tags, interval, matchMode }, context) {
      const topics = await manager.queuesByTag(tags, Number(interval), matchMode, {
        worldId: metadata(context, "worldId") ?? "",
        executionDomain: metadata(context, "executionDomain") ?? "",
        asOf: metadata(context, "asOf") ?? "",
        partition: metadata(context, "partition") ?? "",
      });
      return { queues: topics.map((queue) => ({ queue, global: false })) };
    },
  });
  router.service(AdminService, {
    async cleanup({ strategyId }, context) {
      const { correlationId } = optionsOf(context);
      const options = correlationId === undefined ? {} : { correlationId };
      // Older callers send no id, or a sentinel's, and mean: collect what can be collected.
      if (strategyId === "") await manager.collectGarbage(options);
      else if (await manager.isSentinel(strategyId)) await manager.collectGarbageOf(strategyId, options);
      else await manager.cleanup(strategyId, options);
      return {};
    },
    async getQueueStats({ filter }) {
      const sizes = Object.entries(await manager.queueStats(filter));
      return { sizes: Object.fromEntries(sizes.map(([topic, size]) => [topic, BigInt(size)])) };
    },
    async redoDiff({ sentinelId, dagJson }, context) {
      const outcome = await manager.redoDiff(sentinelId, dagJson, optionsOf(context));
      return { queueMap: Object.fromEntries(outcome.queueMap), sentinelId, version: outcome.version };
    },
  });
  router.service(HealthCheck, {
    async status() {
      const { graph, state } = await manager.status();
      return { neo4j: graph, state };
    },
  });
}

function optionsOf(context: HandlerContext): DiffOptions {
  const correlationId = metadata(context, "correlationId");
  return {
    dryRun: metadata(context, "dryRun") === "1",
    ...(correlationId === undefined ? {} : { correlationId: correlationId.slice(0, 128) }),
  };
}

function metadata(context: HandlerContext, name: keyof typeof dagManagerMetadata): string | undefined {
  return context.requestHeader.get(dagManagerMetadata[name]) ?? undefined;
}
