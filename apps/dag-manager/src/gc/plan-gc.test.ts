import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { QueueUsage } from "../graph/index.ts";
import { defaultRetention, planGc, type GcInput } from "./plan-gc.ts";

const day = 86_400_000;
const now = 1_000 * day;
const context = { worldId: "w", executionDomain: "live", asOf: "", partition: "" };

function queue(fields: Partial<QueueUsage> = {}): QueueUsage {
  return {
    topic: "t",
    context,
    kind: "raw",
    tags: [],
    intervalSeconds: 60,
    createdMs: 0,
    isReferenced: false,
    unreferencedSinceMs: 0,
    state: "active",
    ...fields,
  };
}

function plan(queues: readonly QueueUsage[], rest: Partial<GcInput> = {}) {
  const input = { queues, nowMs: now, policy: defaultRetention, batchMax: 50, brokerLoad: 0, canArchive: true };
  return planGc({ ...input, ...rest });
}

describe("which queues go", () => {
  it.each<[string, Partial<QueueUsage>, object]>([
    ["one that is reached stays, however old", { isReferenced: true }, { keep: "referenced" }],
    ["a raw one within 7 days and a day of grace", { unreferencedSinceMs: now - 8 * day + 1 }, { keep: "too_young" }],
    ["a raw one after that", { unreferencedSinceMs: now - 8 * day }, { action: "drop" }],
    ["one that is young although long unreferenced", { createdMs: now - 8 * day + 1 }, { keep: "too_young" }],
    [
      "an indicator within 33 days",
      { kind: "indicator", unreferencedSinceMs: now - 33 * day + 1 },
      { keep: "too_young" },
    ],
    ["an indicator after 33 days", { kind: "indicator", unreferencedSinceMs: now - 33 * day }, { action: "drop" }],
    ["a sentinel after 210 days", { kind: "sentinel", unreferencedSinceMs: now - 210 * day }, { action: "archive" }],
    ["one of a kind without a rule", { kind: "trade_exec" }, { keep: "no_rule" }],
    ["one seen without a reference just now", { unreferencedSinceMs: undefined }, { keep: "too_young" }],
    ["one that an earlier pass began to remove", { state: "retiring", createdMs: now }, { action: "drop" }],
  ])("%s", (_what, fields, verdict) => {
    expect(plan([queue(fields)]).verdicts).toMatchObject([{ verdict }]);
  });

  it("keeps what it cannot archive", () => {
    expect(plan([queue({ kind: "sentinel" })], { canArchive: false }).verdicts).toMatchObject([
      { verdict: { keep: "missing_client" } },
    ]);
  });

  it.each([
    [0, 50],
    [0.79, 50],
    [0.8, 25],
    [1, 25],
  ])("removes a batch in one pass, half of it under load: %d → %d", (brokerLoad, removed) => {
    const queues = Array.from({ length: 60 }, (_, index) => queue({ topic: `t${index}` }));
    const { verdicts } = plan(queues, { brokerLoad });
    expect(verdicts.filter(({ verdict }) => "action" in verdict)).toHaveLength(removed);
    expect(verdicts.filter(({ verdict }) => "keep" in verdict && verdict.keep === "next_batch")).toHaveLength(
      60 - removed,
    );
  });

  it("marks and unmarks, so that age counts from the last reference", () => {
    const queues = [
      queue({ topic: "left", unreferencedSinceMs: undefined }),
      queue({ topic: "back", isReferenced: true }),
      queue({ topic: "still" }),
      queue({ topic: "held", isReferenced: true, unreferencedSinceMs: undefined }),
    ];
    expect(plan(queues)).toMatchObject({ unreferenced: ["left"], referenced: ["back"] });
  });

  it("never names a queue that is reached (D-3)", () => {
    const anyQueue = fc.record({
      kind: fc.constantFrom("raw", "indicator", "trade_exec", "sentinel"),
      createdMs: fc.integer({ min: 0, max: now }),
      isReferenced: fc.boolean(),
      unreferencedSinceMs: fc.option(fc.integer({ min: 0, max: now }), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(anyQueue), fc.float({ min: 0, max: 1, noNaN: true }), (fields, brokerLoad) => {
        const queues = fields.map((each, index) => queue({ ...each, topic: `t${index}` }) as QueueUsage);
        const { verdicts } = plan(queues, { brokerLoad });
        expect(verdicts).toHaveLength(queues.length);
        for (const { queue: found, verdict } of verdicts)
          if (found.isReferenced) expect(verdict).toEqual({ keep: "referenced" });
      }),
    );
  });
});
