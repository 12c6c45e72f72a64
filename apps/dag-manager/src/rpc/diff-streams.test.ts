import { VirtualClock } from "@qmtl/testkit/clock";
import { beforeEach, describe, expect, it } from "vitest";
import type { DiffPart } from "../diff/index.ts";
import { countingIds } from "../fixtures/open-manager.ts";
import type { DiffOutcome } from "../manager/index.ts";
import { DiffStreams, streamDeadlineMs } from "./diff-streams.ts";

const outcome: DiffOutcome = {
  sentinelId: "s-sentinel",
  version: "v1",
  crc32: 7,
  queueMap: Array.from({ length: 1_200 }, (_, index) => [`k${index}`, `t${index}`] as const),
  bufferedNodes: [],
  newNodeCount: 0,
  newQueueCount: 0,
};

let clock: VirtualClock;
let streams: DiffStreams;
beforeEach(() => {
  clock = new VirtualClock();
  streams = new DiffStreams(clock, countingIds());
});

/** Reads on in the background; `parts` is what has come. */
function reading(parts: AsyncIterable<DiffPart>): { readonly parts: DiffPart[]; readonly ended: Promise<unknown> } {
  const received: DiffPart[] = [];
  const read = async (): Promise<void> => {
    for await (const part of parts) received.push(part);
  };
  const ended = read().then(
    () => "end",
    (error: unknown) => error,
  );
  return { parts: received, ended };
}

describe("a diff stream", () => {
  it("ends with an error when ten chunks are not acknowledged for thirty seconds", async () => {
    const stream = streams.open(outcome);
    const { parts, ended } = reading(stream.parts(new AbortController().signal));
    await clock.advance(streamDeadlineMs - 1);
    expect(parts).toHaveLength(10);
    await clock.advance(1);
    expect(await ended).toMatchObject({ code: "DEADLINE_EXCEEDED" });
  });

  it("waits anew after each acknowledgement", async () => {
    const stream = streams.open(outcome);
    const { parts, ended } = reading(stream.parts(new AbortController().signal));
    await clock.advance(20_000);
    streams.acknowledge(3, { streamId: stream.id, sentinelId: "s-sentinel" });
    await clock.advance(20_000);
    expect(parts).toHaveLength(11);
    streams.acknowledge(0, { streamId: undefined, sentinelId: "s-sentinel" });
    expect(await ended).toBe("end");
    expect(parts).toHaveLength(12);
  });

  it("is forgotten when all is acknowledged, or thirty seconds after it ended", async () => {
    const [first, second] = [streams.open({ ...outcome, queueMap: [] }), streams.open({ ...outcome, queueMap: [] })];
    for (const stream of [first, second]) await reading(stream.parts(new AbortController().signal)).ended;
    expect(streams.size).toBe(2);
    streams.acknowledge(0, { streamId: first.id, sentinelId: "s-sentinel" });
    expect(streams.size).toBe(1);
    await clock.advance(streamDeadlineMs);
    expect(streams.size).toBe(0);
    expect(() => streams.resume(second.id)).toThrow(expect.objectContaining({ code: "REQUEST_INVALID" }));
  });

  it("is kept among at most 256 that nobody reads", async () => {
    const opened = Array.from({ length: 300 }, () => streams.open({ ...outcome, queueMap: [] }));
    for (const stream of opened) await reading(stream.parts(new AbortController().signal)).ended;
    expect(streams.size).toBe(256);
    expect(() => streams.resume(opened[0]!.id)).toThrow(expect.objectContaining({ code: "REQUEST_INVALID" }));
    expect(streams.resume(opened[299]!.id).id).toBe(opened[299]!.id);
  });

  it("stops on the old connection when it is resumed on another", async () => {
    const stream = streams.open(outcome);
    const old = reading(stream.parts(new AbortController().signal));
    await clock.advance(0);
    const next = reading(streams.resume(stream.id).parts(new AbortController().signal));
    expect(await old.ended).toBe("end");
    await clock.advance(0);
    expect(next.parts).toHaveLength(10);
  });

  it("stops when the caller goes, and the others are left alone", async () => {
    const gone = new AbortController();
    const left = reading(streams.open(outcome).parts(gone.signal));
    const stays = streams.open(outcome);
    const { parts } = reading(stays.parts(new AbortController().signal));
    await clock.advance(0);
    gone.abort();
    expect(await left.ended).toBe("end");
    streams.acknowledge(5, { streamId: stays.id, sentinelId: "other" });
    await clock.advance(0);
    expect(parts).toHaveLength(11);
  });

  it("takes no notice of acknowledgements nobody waits for", async () => {
    const stream = streams.open(outcome);
    const { parts } = reading(stream.parts(new AbortController().signal));
    await clock.advance(0);
    for (const chunkId of [11, 99, -1]) streams.acknowledge(chunkId, { streamId: stream.id, sentinelId: "" });
    streams.acknowledge(0, { streamId: "another", sentinelId: "s-sentinel" });
    streams.acknowledge(0, { streamId: undefined, sentinelId: "t-sentinel" });
    await clock.advance(0);
    expect(parts).toHaveLength(10);
  });
});
