import { Float, pythonFloat } from "../json/index.ts";
import { executionDomainOf } from "./execution-domain.ts";

/** Why a context runs in safe mode (backtest, orders off) although something else may have been asked for. */
export type DowngradeReason = "decision_unavailable" | "missing_as_of" | "stale_decision";

/** Where and as of when a node runs: what keeps one node's results in two worlds apart. */
export interface ComputeContext {
  readonly worldId: string; // "" outside any world
  readonly executionDomain: string; // canonical word; see executionDomainOf
  readonly asOf: string | null;
  readonly partition: string | null;
  readonly datasetFingerprint: string | null;
  /** Set when the domain that was asked for was not granted; safe mode is on exactly then. */
  readonly downgradeReason: DowngradeReason | null;
}

/** What a caller may know of a context. Text and numbers count, trimmed; blanks and anything else are absent. */
export interface ComputeContextInput {
  readonly worldId?: unknown;
  readonly executionDomain?: unknown;
  readonly asOf?: unknown;
  readonly partition?: unknown;
  readonly datasetFingerprint?: unknown;
}

/**
 * Completes a context and applies the safe-mode rule: no domain (or `default`) is a backtest for want of a decision;
 * a backtest or dry run that does not say as of when is a backtest too.
 */
export function computeContextOf(input: ComputeContextInput = {}): ComputeContext {
  const asOf = textOf(input.asOf);
  const domain = executionDomainOf(textOf(input.executionDomain) ?? "default");
  const context = {
    worldId: textOf(input.worldId) ?? "",
    executionDomain: domain,
    asOf,
    partition: textOf(input.partition),
    datasetFingerprint: textOf(input.datasetFingerprint),
    downgradeReason: null,
  };
  if (domain === "default") return downgraded(context, "decision_unavailable");
  if ((domain === "backtest" || domain === "dryrun") && asOf === null) return downgraded(context, "missing_as_of");
  return context;
}

/**
 * The context under safe mode: computes as a backtest, sends nothing. A dry run whose decision cannot be had stays a
 * dry run, because nothing real can leave it. The first reason stays.
 */
export function downgraded(context: ComputeContext, reason: DowngradeReason): ComputeContext {
  const staysDryRun = reason === "decision_unavailable" && context.executionDomain === "dryrun";
  return {
    ...context,
    executionDomain: staysDryRun ? "dryrun" : "backtest",
    downgradeReason: context.downgradeReason ?? reason,
  };
}

/** The context's wire form; the safe-mode fields appear only when they are set. */
export function computeContextJson(context: ComputeContext): Record<string, string | boolean | null> {
  return {
    execution_domain: context.executionDomain,
    as_of: context.asOf,
    partition: context.partition,
    dataset_fingerprint: context.datasetFingerprint,
    world_id: context.worldId,
    ...(context.downgradeReason === null
      ? {}
      : { downgraded: true, downgrade_reason: context.downgradeReason, safe_mode: true }),
  };
}

function textOf(value: unknown): string | null {
  let text = "";
  if (typeof value === "string") text = value.trim();
  else if (value instanceof Float) text = pythonFloat(value.value);
  else if (typeof value === "bigint" || Number.isSafeInteger(value)) text = String(value);
  else if (typeof value === "number" && Number.isFinite(value)) text = pythonFloat(value);
  return text === "" ? null : text;
}
