import { assert, formatInterval } from "@qmtl/core";
import type { Scope } from "../expression/index.ts";
import type { ExplanationStep } from "./decision.ts";
import type { StrategyInputs } from "./decision-input.ts";

/** A strategy on its way through the policy. */
export interface Candidate {
  readonly id: string;
  readonly inputs: StrategyInputs;
  readonly scope: Scope;
  readonly steps: ExplanationStep[];
  /** NaN where there is none. */
  score: number;
  /** Still in. */
  in: boolean;
  /** Out for want of data, metrics or evidence: no hysteresis keeps it. */
  unknown: boolean;
  decidedBy: string;
}

/** Records a step; a failed one puts the candidate out. */
export function step(one: Candidate, entry: ExplanationStep, unknown = false): void {
  one.steps.push(entry);
  if (entry.verdict === "fail") putOut(one, entry.rule, unknown);
}

/** Takes a candidate out; the first rule that does is the one that decided. */
export function putOut(one: Candidate, rule: string, unknown: boolean): void {
  if (one.in) one.decidedBy = rule;
  one.in = false;
  one.unknown ||= unknown;
}

/** "2h" of milliseconds, also of those that are no whole seconds. */
export function durationText(ms: number): string {
  assert(Number.isFinite(ms), "a duration is finite");
  const seconds = Math.floor(Math.abs(ms) / 1_000);
  return seconds === 0 ? `${ms} ms` : formatInterval(seconds * 1_000);
}
