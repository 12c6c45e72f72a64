import fc from "fast-check";
import { expect, it } from "vitest";
import { CloseTimes } from "./close-times.ts";

const feed = Float64Array.from({ length: 40 }, (_, row) => row * 100 + (row > 20 ? 50 : 0));

// Stretches of a feed and single closes, some of which happen to be the feed's next one.
const piece = fc.oneof(
  fc.record({ from: fc.nat(38), rows: fc.integer({ min: 1, max: 5 }), intervalMs: fc.constantFrom(100, 200) }),
  fc.record({ closeMs: fc.integer({ min: 0, max: 42 }).map((row) => row * 100) }),
);

it("holds what was pushed, whether it follows a feed or not, and however often it is read", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(piece, fc.boolean())), fc.nat(20), (pieces, expected) => {
      const times = new CloseTimes(expected);
      const pushed: number[] = [];
      for (const [each, reads] of pieces) {
        if ("closeMs" in each) {
          times.push(each.closeMs);
          pushed.push(each.closeMs);
        } else {
          const to = Math.min(feed.length, each.from + each.rows);
          times.pushRows(feed, each.intervalMs, each.from, to);
          for (let row = each.from; row < to; row++) pushed.push(feed[row]! + each.intervalMs);
        }
        expect(times.last).toBe(pushed.at(-1));
        if (reads) expect([...times.column()]).toEqual(pushed);
      }
      expect([...times.column()]).toEqual(pushed);
    }),
  );
});
