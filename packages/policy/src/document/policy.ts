import { blake3Text, nearestWord, parseInterval, QmtlError, sortedAsciiJson, type JsonValue } from "@qmtl/core";
import { parseExpression, type Expression } from "../expression/index.ts";
import { readPolicyDocument, refusePolicy, type PolicyDocument } from "./policy-document.ts";

/** A policy, checked whole: every expression parses, every number is in range, nothing is unknown. */
export interface Policy {
  /** As it was written. */
  readonly document: JsonValue;
  /** `blake3:` over the document with sorted keys. */
  readonly checksum: string;
  readonly world: string | undefined;
  readonly dataCurrency: DataCurrency | undefined;
  /** Metric → least value: is there enough to judge by? */
  readonly sample: Readonly<Record<string, number>>;
  readonly evidence: EvidenceRules;
  readonly gates: Gate | undefined;
  readonly thresholds: readonly Threshold[];
  readonly score: Expression | undefined;
  readonly topK: TopK | undefined;
  readonly correlation: { readonly max: number } | undefined;
  readonly exposure: ExposureRules | undefined;
  readonly hysteresis: Hysteresis;
  readonly positions: { readonly onPromote: string | undefined; readonly onDemote: string | undefined };
}

export interface DataCurrency {
  readonly maxLagMs: number | undefined;
  readonly minHistoryMs: number | undefined;
  readonly barAlignment: string | undefined;
}

/** What offline runs must have shown. */
export interface EvidenceRules {
  readonly required: readonly ("parity" | "lookahead" | "manifest")[];
  /** Most trials that may have gone into a result. */
  readonly maxTrials: number | undefined;
}

export type Gate =
  | { readonly kind: "expression"; readonly name: string; readonly expression: Expression }
  | { readonly kind: "and" | "or"; readonly gates: readonly Gate[] };

export interface Threshold {
  readonly name: string;
  readonly metric: string;
  readonly min: number | undefined;
  readonly max: number | undefined;
}

export interface TopK {
  readonly total: number | undefined;
  readonly long: number | undefined;
  readonly short: number | undefined;
  /** What to rank by where there is no score. */
  readonly metric: string | undefined;
}

export interface ExposureRules {
  readonly grossLong: number | undefined;
  readonly grossShort: number | undefined;
  readonly maxLeverage: number | undefined;
  readonly sectorCap: number | undefined;
}

export interface Hysteresis {
  /** Enter at one value, leave at another. */
  readonly band: { readonly metric: string; readonly enter: number; readonly exit: number } | undefined;
  /** So many evaluations in a row. */
  readonly promoteAfter: number;
  readonly demoteAfter: number;
  readonly minDwellMs: number;
}

/**
 * Reads a policy: YAML or JSON text, or an object. Both the documented form (`selection` with gates, score, top-k,
 * constraints and hysteresis) and the older one (`thresholds`, `top_k`, `correlation`, `hysteresis` at the top) are known;
 * what the documented form keeps in `selection` may stand at the top as well.
 *
 * @throws QmtlError `POLICY_INVALID` with line, column (of text), path and why
 */
export function parsePolicy(source: unknown, what = "the policy"): Policy {
  const document = readPolicyDocument(source, what);
  const root = new Section(document, what, [], document.value);
  const selection = root.section("selection");
  const constraints = (selection ?? root).section("constraints") ?? root.section("constraints");
  const either = <T>(name: string, read: (section: Section, name: string) => T | undefined): T | undefined => {
    const inside = selection?.has(name) === true ? read(selection, name) : undefined;
    const outside = root.has(name) ? read(root, name) : undefined;
    if (inside !== undefined && outside !== undefined)
      root.refuse(name, "stands in selection as well; keep one of them");
    return inside ?? outside;
  };

  const policy: Policy = {
    document: document.value,
    checksum: blake3Text(sortedAsciiJson(document.value)),
    world: root.text("world"),
    dataCurrency: dataCurrencyOf(root.section("data_currency")),
    sample: root.section("sample")?.numbers() ?? {},
    evidence: evidenceOf(root.section("evidence")),
    gates: either("gates", gatesOf),
    thresholds: either("thresholds", thresholdsOf) ?? [],
    score: either("score", scoreOf),
    topK: either("topk", topKOf) ?? either("top_k", topKOf),
    correlation: either("correlation", correlationOf) ?? correlationOf(constraints, "correlation"),
    exposure: exposureOf(constraints?.section("exposure")),
    hysteresis: either("hysteresis", hysteresisOf) ?? noHysteresis,
    positions: positionsOf(root.section("position_policy")),
  };
  root.integer("version", 0);
  root.text("name");
  root.text("description");
  constraints?.end();
  selection?.end();
  root.end();
  if (policy.topK !== undefined && policy.topK.metric === undefined && policy.score === undefined) {
    root.refuse("topk", "needs a score, or a metric to rank by");
  }
  return policy;
}

function dataCurrencyOf(section: Section | undefined): DataCurrency | undefined {
  if (section === undefined) return undefined;
  const currency = {
    maxLagMs: section.interval("max_lag"),
    minHistoryMs: section.interval("min_history"),
    barAlignment: section.text("bar_alignment"),
  };
  section.end();
  return currency;
}

function evidenceOf(section: Section | undefined): EvidenceRules {
  if (section === undefined) return { required: [], maxTrials: undefined };
  const required = (["parity", "lookahead", "manifest"] as const).filter((name) => section.flag(name, "required"));
  const maxTrials = section.integer("max_trials", 1);
  section.end();
  return { required, maxTrials };
}

function gatesOf(section: Section, name: string): Gate {
  return gateOf(section, section.take(name), [name], { count: 0 });
}

const gateCountMax = 200;

function gateOf(
  section: Section,
  value: JsonValue | undefined,
  path: readonly (string | number)[],
  counter: { count: number },
): Gate {
  const refuse = (why: string): never => section.refusePath(path, why);
  if (++counter.count > gateCountMax) return refuse(`is one of more than ${gateCountMax} gates`);
  if (typeof value === "string") {
    const label = path.map(String).join(".");
    return { kind: "expression", name: label, expression: section.expression(value, path, "a gate") };
  }
  if (Array.isArray(value)) {
    if (value.length === 0) return refuse("is empty");
    return { kind: "and", gates: value.map((item, index) => gateOf(section, item, [...path, index], counter)) };
  }
  if (typeof value !== "object" || value === null) return refuse("must be a condition, a list, or and / or of a list");
  const keys = Object.keys(value);
  const [kind] = keys;
  if (keys.length !== 1 || (kind !== "and" && kind !== "or")) return refuse('must have one key, "and" or "or"');
  const list = (value as Readonly<Record<string, JsonValue>>)[kind];
  if (!Array.isArray(list) || list.length === 0) return section.refusePath([...path, kind], "must be a list of gates");
  const gates = list.map((item, index) => gateOf(section, item as JsonValue, [...path, kind, index], counter));
  return { kind, gates };
}

function thresholdsOf(section: Section, name: string): Threshold[] {
  const thresholds = section.section(name)!;
  return thresholds.names().map((key) => {
    const one = thresholds.section(key)!;
    const threshold = { name: key, metric: one.needed("metric"), min: one.number("min"), max: one.number("max") };
    one.end();
    if (threshold.min === undefined && threshold.max === undefined) thresholds.refuse(key, "needs a min or a max");
    return threshold;
  });
}

function scoreOf(section: Section, name: string): Expression {
  const value = section.take(name);
  if (typeof value !== "string") return section.refuse(name, "must be a formula");
  return section.expression(value, [name], "the score");
}

function topKOf(section: Section, name: string): TopK {
  const top = section.section(name)!;
  const sides = top.section("by_side");
  const topK = {
    total: top.integer("total", 1) ?? top.integer("k", 1),
    long: sides?.integer("long", 0),
    short: sides?.integer("short", 0),
    metric: top.text("metric"),
  };
  sides?.end();
  top.end();
  if (topK.total === undefined && topK.long === undefined && topK.short === undefined) {
    section.refuse(name, "needs a total, k or by_side");
  }
  return topK;
}

function correlationOf(section: Section | undefined, name: string): { max: number } | undefined {
  const correlation = section?.section(name);
  if (correlation === undefined) return undefined;
  const max = correlation.number("max", -1, 1) ?? correlation.number("max_pairwise", -1, 1);
  correlation.end();
  return { max: max ?? correlation.refuse("max_pairwise", "is needed") };
}

function exposureOf(section: Section | undefined): ExposureRules | undefined {
  if (section === undefined) return undefined;
  const budget = section.section("gross_budget");
  const rules = {
    grossLong: budget?.number("long", 0),
    grossShort: budget?.number("short", 0),
    maxLeverage: section.number("max_leverage", 0),
    sectorCap: section.number("sector_cap", 0),
  };
  budget?.end();
  section.end();
  return rules;
}

const noHysteresis: Hysteresis = { band: undefined, promoteAfter: 1, demoteAfter: 1, minDwellMs: 0 };

function hysteresisOf(section: Section, name: string): Hysteresis {
  const hysteresis = section.section(name)!;
  const metric = hysteresis.text("metric");
  const [enter, exit] = [hysteresis.number("enter"), hysteresis.number("exit")];
  const rest = {
    promoteAfter: hysteresis.integer("promote_after", 1) ?? 1,
    demoteAfter: hysteresis.integer("demote_after", 1) ?? 1,
    minDwellMs: hysteresis.interval("min_dwell") ?? 0,
  };
  hysteresis.end();
  if (metric === undefined && enter === undefined && exit === undefined) return { ...rest, band: undefined };
  if (metric === undefined || enter === undefined || exit === undefined) {
    return section.refuse(name, "needs metric, enter and exit together");
  }
  return { ...rest, band: { metric, enter, exit } };
}

function positionsOf(section: Section | undefined): Policy["positions"] {
  const positions = {
    onPromote: section?.oneOf("on_promote", ["flat_then_enable", "enable"]),
    onDemote: section?.oneOf("on_demote", ["disable_then_flat", "disable"]),
  };
  section?.end();
  return positions;
}

/** One map of a document: gives its entries by name, and at the end refuses those that nobody asked for. */
class Section {
  readonly #document: PolicyDocument;
  readonly #what: string;
  readonly #path: readonly (string | number)[];
  readonly #entries: Readonly<Record<string, JsonValue>>;
  readonly #asked = new Set<string>();

  constructor(
    document: PolicyDocument,
    what: string,
    path: readonly (string | number)[],
    value: JsonValue | undefined,
  ) {
    this.#document = document;
    this.#what = what;
    this.#path = path;
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      refusePolicy(what, "must be a map of names to values", document.place(path), path);
    }
    this.#entries = value as Readonly<Record<string, JsonValue>>;
  }

  refuse(name: string, why: string): never {
    return this.refusePath([name], why);
  }

  refusePath(path: readonly (string | number)[], why: string, hint?: string): never {
    const whole = [...this.#path, ...path];
    return refusePolicy(this.#what, why, this.#document.place(whole), whole, hint);
  }

  has(name: string): boolean {
    this.#asked.add(name);
    return Object.hasOwn(this.#entries, name) && this.#entries[name] !== null;
  }

  take(name: string): JsonValue | undefined {
    return this.has(name) ? this.#entries[name] : undefined;
  }

  names(): string[] {
    return Object.keys(this.#entries);
  }

  section(name: string): Section | undefined {
    if (!this.has(name)) return undefined;
    return new Section(this.#document, this.#what, [...this.#path, name], this.#entries[name]);
  }

  text(name: string): string | undefined {
    const value = this.take(name);
    if (value === undefined || (typeof value === "string" && value !== "")) return value;
    return this.refuse(name, "must be a text");
  }

  needed(name: string): string {
    return this.text(name) ?? this.refuse(name, "is needed");
  }

  oneOf(name: string, words: readonly string[]): string | undefined {
    const value = this.text(name);
    return value === undefined || words.includes(value)
      ? value
      : this.refuse(name, `must be one of ${words.join(", ")}`);
  }

  number(name: string, min = -Infinity, max = Infinity): number | undefined {
    const value = this.take(name);
    if (value === undefined || (typeof value === "number" && value >= min && value <= max)) return value;
    if (typeof value !== "number") return this.refuse(name, "must be a number");
    return this.refuse(name, max === Infinity ? `must be at least ${min}` : `must lie in [${min}, ${max}]`);
  }

  integer(name: string, min: number): number | undefined {
    const value = this.number(name, min);
    return value === undefined || Number.isSafeInteger(value) ? value : this.refuse(name, "must be a whole number");
  }

  /** Every entry, as a number. */
  numbers(): Record<string, number> {
    return Object.fromEntries(this.names().map((name) => [name, this.number(name)!]));
  }

  /** `true` or the word itself. */
  flag(name: string, word: string): boolean {
    const value = this.take(name);
    if (value === undefined || value === false) return false;
    return value === true || value === word || this.refuse(name, `must be true, false or "${word}"`);
  }

  interval(name: string): number | undefined {
    const value = this.take(name);
    if (value === undefined) return undefined;
    try {
      return parseInterval(value);
    } catch (error) {
      if (error instanceof QmtlError) return this.refuse(name, error.message.replace(/^interval /, ""));
      throw error;
    }
  }

  expression(source: string, path: readonly (string | number)[], what: string): Expression {
    try {
      return parseExpression(source, what);
    } catch (error) {
      if (error instanceof QmtlError) return this.refusePath(path, `is refused: ${error.message}`, error.hint);
      throw error;
    }
  }

  end(): void {
    for (const name of this.names()) {
      if (this.#asked.has(name)) continue;
      const near = nearestWord(name, this.#asked);
      this.refuse(name, near === undefined ? "is unknown" : `is unknown; did you mean "${near}"?`);
    }
  }
}
