import { Code, ConnectError, createRouterTransport } from "@connectrpc/connect";
import { dagManagerMetadata, DiffService, HealthCheck, TagQuery, type DiffRequest } from "@qmtl/contracts/dag-manager";
import { computeContextOf } from "@qmtl/core";
import { VirtualClock } from "@qmtl/testkit/clock";
import { describe, expect, it } from "vitest";
import { ConnectDagManager } from "./connect-dag-manager.ts";

interface Behaviour {
  readonly fail?: () => Error | undefined;
}

function connected({ fail = () => undefined }: Behaviour = {}) {
  const clock = new VirtualClock();
  const seen: { request?: DiffRequest; headers?: Headers; acks: [string | null, number][]; tags?: Headers } = {
    acks: [],
  };
  const throwing = (): void => {
    const error = fail();
    if (error !== undefined) throw error;
  };
  const transport = createRouterTransport(({ service }) => {
    service(DiffService, {
      async *diff(request, context) {
        seen.request = request;
        seen.headers = context.requestHeader;
        context.responseHeader.set(dagManagerMetadata.streamId, "stream-7");
        throwing();
        yield { queueMap: { "blake3:a:60:0": "t1" }, sentinelId: "s-sentinel", version: "v1", crc32: 9 };
        yield { queueMap: { "blake3:b:60:0": "t2" }, sentinelId: "s-sentinel", version: "v1" };
      },
      ackChunk: (ack, context) => {
        seen.acks.push([context.requestHeader.get(dagManagerMetadata.streamId), ack.chunkId]);
        return ack;
      },
    });
    service(TagQuery, {
      getQueues: ({ tags, interval, matchMode }, context) => {
        throwing();
        seen.tags = context.requestHeader;
        return { queues: [{ queue: `${tags.join("+")}:${interval}:${matchMode}`, global: true }] };
      },
    });
    service(HealthCheck, { status: () => ({ neo4j: "ok", state: "running" }) });
  });
  const client = new ConnectDagManager({ transport, clock, diffMs: 1_000, callMs: 500, breakerOpenMs: 2_000 });
  return { client, clock, seen };
}

const context = computeContextOf({ worldId: "w", executionDomain: "live", partition: "p" });
const call = { strategyId: "s", dagJson: "{}", context, dryRun: false, correlationId: "c1" };

describe("the DAG Manager's client", () => {
  it("gathers a diff's chunks, acknowledging each, and says when it was taken up", async () => {
    const { client, seen } = connected();
    let started = 0;
    expect(await client.diff({ ...call, onStarted: () => started++ })).toEqual({
      topicByPartitionKey: { "blake3:a:60:0": "t1", "blake3:b:60:0": "t2" },
      sentinelId: "s-sentinel",
      nodeIdsCrc32: 9,
    });
    expect(seen.request).toMatchObject({
      strategyId: "s",
      worldId: "w",
      executionDomain: "live",
      asOf: "",
      partition: "p",
    });
    expect(seen.headers!.get(dagManagerMetadata.correlationId)).toBe("c1");
    expect(seen.headers!.get(dagManagerMetadata.dryRun)).toBeNull();
    expect(seen.acks).toEqual([
      ["stream-7", 0],
      ["stream-7", 1],
    ]);
    expect(started).toBe(1);
  });

  it("says that a dry run is one (fault 32), and for which world it asks for queues (fault 12)", async () => {
    const { client, seen } = connected();
    await client.diff({ ...call, dryRun: true });
    expect(seen.headers!.get(dagManagerMetadata.dryRun)).toBe("1");
    const query = {
      tags: ["a", "b"],
      intervalSeconds: 60,
      matchMode: "all",
      worldId: "w",
      executionDomain: "live",
    } as const;
    expect(await client.queuesByTag(query)).toEqual([{ queue: "a+b:60:all", global: true }]);
    expect(seen.tags!.get(dagManagerMetadata.worldId)).toBe("w");
    expect(await client.healthy()).toBe(true);
  });

  it.each([
    [new ConnectError("gone", Code.Unavailable), "DEPENDENCY_UNAVAILABLE"],
    [new ConnectError("late", Code.DeadlineExceeded), "DEPENDENCY_UNAVAILABLE"],
    [new ConnectError("wrong", Code.InvalidArgument), "REQUEST_INVALID"],
    [new ConnectError("bug", Code.Internal), "DEPENDENCY_FAILED"],
    [new ConnectError("cycle", Code.InvalidArgument, { [dagManagerMetadata.errorCode]: "GRAPH_CYCLE" }), "GRAPH_CYCLE"],
    [new ConnectError("odd", Code.Internal, { [dagManagerMetadata.errorCode]: "constructor" }), "DEPENDENCY_FAILED"],
  ])("reads %s as %s", async (error, code) => {
    const { client } = connected({ fail: () => error });
    await expect(client.diff(call)).rejects.toMatchObject({ code });
  });

  it("stops asking while nobody answers, and tries again by itself (fault 14)", async () => {
    let failure: Error | undefined = new ConnectError("gone", Code.Unavailable);
    let asked = 0;
    const fail = () => {
      asked++;
      return failure;
    };
    const { client, clock } = connected({ fail });
    for (let count = 0; count < 5; count++)
      await expect(client.diff(call)).rejects.toMatchObject({ code: "DEPENDENCY_UNAVAILABLE" });
    expect([asked, client.breaker]).toEqual([3, "open"]);
    failure = undefined;
    await clock.advance(2_000);
    await client.diff(call);
    expect(client.breaker).toBe("closed");
  });

  it("does not stop asking because submissions are wrong", async () => {
    const { client } = connected({ fail: () => new ConnectError("cycle", Code.InvalidArgument) });
    for (let count = 0; count < 5; count++)
      await expect(client.diff(call)).rejects.toMatchObject({ code: "REQUEST_INVALID" });
    expect(client.breaker).toBe("closed");
  });
});
