import { computeContextOf, downgraded, executionDomainOfMode, type ComputeContext } from "@qmtl/core";

/** What a world says about a run now. */
export type DecisionReading =
  | { readonly kind: "fresh"; readonly effectiveMode: unknown }
  | { readonly kind: "stale"; readonly effectiveMode: unknown }
  /** WorldService did not answer, or there is none. */
  | { readonly kind: "unavailable" };

/**
 * The context a strategy computes in. In a world the world decides the domain, and a client can only say which data:
 * `as_of`, partition and fingerprint. The time of a decision is no time of data. Without a decision nothing runs live,
 * whatever the client asks for.
 */
export function submissionContext(
  meta: Readonly<Record<string, unknown>>,
  worldId: string | null,
  decision: DecisionReading,
): ComputeContext {
  const data = {
    asOf: meta["as_of"],
    partition: meta["partition"],
    datasetFingerprint: meta["dataset_fingerprint"] ?? meta["datasetFingerprint"],
  };
  if (worldId !== null && decision.kind !== "unavailable") {
    const executionDomain = executionDomainOfMode(decision.effectiveMode);
    const context = computeContextOf({ ...data, worldId, executionDomain });
    return decision.kind === "stale" ? downgraded(context, "stale_decision") : context;
  }
  const asked = computeContextOf({ ...data, worldId, executionDomain: meta["execution_domain"] });
  if (worldId !== null || asked.executionDomain === "live") return downgraded(asked, "decision_unavailable");
  return asked;
}
