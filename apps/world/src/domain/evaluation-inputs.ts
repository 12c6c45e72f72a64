import type { EvaluateRequest } from "@qmtl/contracts/worlds";
import { parseInstant, QmtlError, type EpochMs } from "@qmtl/core";
import type { DataSpan, DecisionInputs, StrategyInputs, StrategyMemory } from "@qmtl/policy/decide";
import type { WorldState } from "../store/world-state.ts";

type Span = NonNullable<EvaluateRequest["data_currency"]>;

/** What a request gives to judge by, in the policy's terms. @throws QmtlError `REQUEST_INVALID`, `TIME_INVALID` */
export function inputsOf(request: EvaluateRequest, world: WorldState, nowMs: EpochMs): DecisionInputs {
  const decidedAtMs = request.as_of === undefined ? nowMs : parseInstant(request.as_of, "as_of");
  const ids = new Set([
    ...Object.keys(request.metrics ?? {}),
    ...Object.keys(request.series ?? {}),
    ...Object.keys(request.data_currency_by_strategy ?? {}),
  ]);
  const strategies: Record<string, StrategyInputs> = {};
  for (const id of ids) {
    const span = of(request.data_currency_by_strategy, id) ?? request.data_currency;
    const one: StrategyInputs = {
      metrics: of(request.metrics, id) ?? {},
      side: of(request.sides, id),
      sector: of(request.sectors, id),
      tags: of(request.tags, id),
      gross: of(request.gross, id),
      data: span === undefined ? undefined : dataSpan(span),
      series: of(request.series, id),
      evidence: of(request.evidence, id),
    };
    strategies[id] = one;
  }
  return {
    decidedAtMs,
    strategies,
    correlations: correlationsOf(request.correlations, ids),
    memory: memoryOf(request, world),
  };
}

function of<Value>(record: Readonly<Record<string, Value>> | undefined, id: string): Value | undefined {
  return record !== undefined && Object.hasOwn(record, id) ? record[id] : undefined;
}

function dataSpan(span: Span): DataSpan {
  const { data_start: start, data_end: end, bar_alignment: barAlignment } = span;
  return {
    startMs: start === undefined ? undefined : parseInstant(start, "data_start"),
    endMs: end === undefined ? undefined : parseInstant(end, "data_end"),
    barAlignment,
  };
}

function memoryOf({ previous }: EvaluateRequest, { memory, decisions }: WorldState): DecisionInputs["memory"] {
  const active = new Set(previous ?? decisions);
  const all: Record<string, StrategyMemory> = {};
  for (const id of new Set([...Object.keys(memory), ...active])) {
    const known = of(memory, id) ?? { active: false, sinceMs: null, passes: 0, fails: 0 };
    all[id] = known.active === active.has(id) ? known : { ...known, active: active.has(id), sinceMs: null };
  }
  return all;
}

function correlationsOf(given: EvaluateRequest["correlations"], ids: ReadonlySet<string>): [string, string, number][] {
  const pairs: [string, string, number][] = [];
  for (const [key, value] of Object.entries(given ?? {})) {
    if (typeof value !== "number") {
      for (const [other, correlation] of Object.entries(value)) pairs.push([key, other, correlation]);
      continue;
    }
    const pair = pairOf(key, ids);
    if (pair === undefined) {
      throw new QmtlError("REQUEST_INVALID", `correlations.${key} must name two strategies of the request, as "a|b"`, {
        details: { key },
        hint: 'or write {"a": {"b": 0.3}}',
      });
    }
    pairs.push([...pair, value]);
  }
  return pairs;
}

// Ids may hold the separator: the split at which both halves are strategies is the one that was meant.
function pairOf(key: string, ids: ReadonlySet<string>): [string, string] | undefined {
  for (let at = 1; at < key.length - 1; at++) {
    if (key[at] !== "|" && key[at] !== ",") continue;
    const [a, b] = [key.slice(0, at), key.slice(at + 1)];
    if (ids.has(a) && ids.has(b)) return [a, b];
  }
  return undefined;
}
