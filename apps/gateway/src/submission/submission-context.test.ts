import { describe, expect, it } from "vitest";
import { submissionContext, type DecisionReading } from "./submission-context.ts";

const none: DecisionReading = { kind: "unavailable" };
const fresh = (effectiveMode: unknown): DecisionReading => ({ kind: "fresh", effectiveMode });

describe("the context of a submission", () => {
  it.each<[string, Record<string, unknown>, string | null, DecisionReading, string, string | null]>([
    ["no world, nothing said", {}, null, none, "backtest", "decision_unavailable"],
    [
      "no world, a backtest of some day",
      { execution_domain: "backtest", as_of: "2025-01-01" },
      null,
      none,
      "backtest",
      null,
    ],
    ["no world, a backtest without a day", { execution_domain: "sandbox" }, null, none, "backtest", "missing_as_of"],
    ["no world, live", { execution_domain: "live" }, null, none, "backtest", "decision_unavailable"],
    ["a world nobody answers for, live", { execution_domain: "live" }, "w", none, "backtest", "decision_unavailable"],
    [
      "a world nobody answers for, paper",
      { execution_domain: "paper", as_of: "d" },
      "w",
      none,
      "dryrun",
      "decision_unavailable",
    ],
    ["a world that says live", { execution_domain: "backtest" }, "w", fresh("live"), "live", null],
    ["a world that says paper", { execution_domain: "live", as_of: "d" }, "w", fresh("paper"), "dryrun", null],
    [
      "a world that says compute-only",
      { execution_domain: "live", as_of: "d" },
      "w",
      fresh("compute-only"),
      "backtest",
      null,
    ],
    ["a world that says something unknown", { as_of: "d" }, "w", fresh("turbo"), "backtest", null],
    ["a world that says nothing", { as_of: "d" }, "w", fresh(undefined), "backtest", null],
    [
      "a decision past its time",
      { as_of: "d" },
      "w",
      { kind: "stale", effectiveMode: "live" },
      "backtest",
      "stale_decision",
    ],
  ])("%s", (_, meta, worldId, decision, domain, reason) => {
    const context = submissionContext(meta, worldId, decision);
    expect(context).toMatchObject({ executionDomain: domain, downgradeReason: reason, worldId: worldId ?? "" });
  });

  it("takes the dataset's time from the client alone", () => {
    expect(submissionContext({ as_of: "2025-01-01", partition: "p" }, "w", fresh("live"))).toMatchObject({
      asOf: "2025-01-01",
      partition: "p",
    });
  });
});
