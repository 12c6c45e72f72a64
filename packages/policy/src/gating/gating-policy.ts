import { executionDomainOf, parseIsoMs, type EpochMs, type ExecutionDomain, type JsonValue } from "@qmtl/core";
import { readPolicyDocument, refusePolicy, type PolicyDocument } from "../document/index.ts";

/** The conditions under which an apply may take a world from one domain to the next. */
export interface GatingPolicy {
  readonly document: JsonValue;
  readonly datasetFingerprint: string;
  readonly snapshot: { readonly strategyPlane: string; readonly featurePlane: string };
  /** Domains whose edges from the backtest are cut before the freeze, and joined after the unfreeze. */
  readonly disableBefore: readonly ExecutionDomain[];
  readonly enableAfter: readonly ExecutionDomain[];
  /** The domain the world is in afterwards. */
  readonly targetDomain: ExecutionDomain | undefined;
  readonly promotionPointMs: EpochMs | undefined;
}

/**
 * Reads a gating policy: an object, or YAML or JSON text; bare, or under `gating_policy`. The first rule it breaks is the
 * one that is named. Fields beyond those it is judged by are kept in the document and change nothing.
 *
 * @throws QmtlError `POLICY_INVALID`
 */
export function parseGatingPolicy(source: unknown): GatingPolicy {
  const what = "the gating policy";
  const document = readPolicyDocument(source, what);
  const wrapped = valueAt(document.value, ["gating_policy"]);
  const root: Path = wrapped === undefined ? [] : ["gating_policy"];
  const at = (path: Path): JsonValue | undefined => valueAt(document.value, [...root, ...path]);
  const refuse = (path: Path, why: string): never => {
    const whole = [...root, ...path];
    return refusePolicy(what, why, document.place(whole), whole);
  };
  const text = (...path: string[]): string => {
    const value = at(path);
    return typeof value === "string" && value.trim() !== "" ? value : refuse(path, "must be a text");
  };
  if (!isMap(at([]))) refuse([], "must be a map of names to values");

  const datasetFingerprint = text("dataset_fingerprint");
  if (at(["share_policy"]) !== "feature-artifacts-only") refuse(["share_policy"], 'must be "feature-artifacts-only"');
  const snapshot = {
    strategyPlane: text("snapshot", "strategy_plane"),
    featurePlane: text("snapshot", "feature_plane"),
  };
  const disableBefore = domainsAt(["edges", "pre_promotion", "disable_edges_to"], at, refuse);
  const enableAfter = domainsAt(["edges", "post_promotion", "enable_edges_to"], at, refuse);
  if (at(["observability", "slo", "cross_context_cache_hit"]) !== 0) {
    refuse(["observability", "slo", "cross_context_cache_hit"], "must be 0");
  }
  const to = at(["domains", "to"]);
  const targetDomain = to === undefined ? undefined : domainOf(to, () => refuse(["domains", "to"], unknownDomain));
  const point = at(["promotion_point"]);
  const promotionPointMs = typeof point === "string" ? parseIsoMs(point) : undefined;
  if (point !== undefined && promotionPointMs === undefined) refuse(["promotion_point"], "must be an ISO-8601 time");
  const { value } = document;
  return { document: value, datasetFingerprint, snapshot, disableBefore, enableAfter, targetDomain, promotionPointMs };
}

type Path = readonly string[];

const unknownDomain = "must be one of backtest, dryrun, live, shadow";

function domainsAt(
  path: Path,
  at: (path: Path) => JsonValue | undefined,
  refuse: (path: Path, why: string) => never,
): readonly ExecutionDomain[] {
  const value = at(path);
  if (value === undefined || value === null) return [];
  const list: readonly JsonValue[] = Array.isArray(value) ? value : [value as JsonValue];
  return [...new Set(list.map((word) => domainOf(word, () => refuse(path, unknownDomain))))];
}

function domainOf(word: JsonValue, refuse: () => never): ExecutionDomain {
  const domain = typeof word === "string" ? executionDomainOf(word) : "";
  return domain === "backtest" || domain === "dryrun" || domain === "live" || domain === "shadow" ? domain : refuse();
}

function valueAt(value: PolicyDocument["value"], path: Path): JsonValue | undefined {
  let at: JsonValue | undefined = value;
  for (const key of path) at = isMap(at) && Object.hasOwn(at, key) ? at[key] : undefined;
  return at;
}

function isMap(value: JsonValue | undefined): value is { readonly [key: string]: JsonValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
