import { VirtualClock } from "@qmtl/testkit/clock";
import { describe, expect, it } from "vitest";
import { RowMerger, type LiveRow } from "./row-merger.ts";

describe("rows that another process computes, beside inputs of our own", () => {
  // Two inputs, and a node that is read: stream 2.
  function merger() {
    const clock = new VirtualClock();
    const released: [closeMs: number, streams: number[]][] = [];
    const rows = new RowMerger({
      intervalsMs: [60_000, 60_000, 60_000],
      watched: 2,
      clock,
      graceMs: 2_000,
      release: (closeMs, found) => released.push([closeMs, found.map(({ stream }) => stream)]),
    });
    rows.watch(2, true, 0);
    rows.hold(2, false);
    const push = (stream: number): void =>
      rows.push({ stream, bucketMs: 0, values: Float64Array.of(1) } satisfies LiveRow);
    return { clock, rows, released, push };
  }

  it("wait for the inputs however far the other process is ahead: a row of an input that is behind is not lost", async () => {
    const { clock, rows, released, push } = merger();
    push(2);
    await clock.advance(60_000);
    expect(released).toEqual([]);
    push(0);
    await clock.advance(1_999); // the grace counts from the first input
    expect(released).toEqual([]);
    push(1);
    expect(released).toEqual([[60_000, [0, 1, 2]]]);
    expect(rows.late).toBe(0);
  });

  it("do not keep inputs waiting for longer than the grace when they are behind themselves", async () => {
    const { clock, released, push } = merger();
    push(0);
    push(1);
    await clock.advance(2_000);
    expect(released).toEqual([[60_000, [0, 1]]]);
  });
});
