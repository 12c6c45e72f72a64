import type { Policy } from "../document/index.ts";
import { decide } from "./decide.ts";
import type { DecisionInputs } from "./decision-input.ts";

/** An evaluation as it was recorded. */
export interface RecordedEvaluation {
  readonly evaluationId: string;
  readonly inputs: DecisionInputs;
  /** Who was in, by the policy of that time. */
  readonly active: readonly string[];
}

export interface PolicyReplay {
  readonly policyChecksum: string;
  readonly evaluations: readonly {
    readonly evaluationId: string;
    readonly decidedAtMs: number;
    readonly recorded: readonly string[];
    readonly replayed: readonly string[];
    /** In now and not then, and the other way round. */
    readonly added: readonly string[];
    readonly removed: readonly string[];
    /** For each strategy that differs, the rule that decided. */
    readonly decidedBy: Readonly<Record<string, string>>;
  }[];
  readonly differing: number;
}

/**
 * What a policy would have said to recorded evaluations, one after the other: what hysteresis remembers is carried from
 * each to the next, starting with what was remembered at the first. Changes nothing.
 */
export function replayPolicy(policy: Policy, recorded: readonly RecordedEvaluation[]): PolicyReplay {
  let memory = recorded[0]?.inputs.memory ?? {};
  const evaluations = recorded.map(({ evaluationId, inputs, active }) => {
    const decision = decide(policy, { ...inputs, memory });
    memory = decision.memory;
    const added = decision.active.filter((id) => !active.includes(id));
    const removed = active.filter((id) => !decision.active.includes(id));
    const decidedBy: Record<string, string> = {};
    for (const id of [...added, ...removed]) {
      decidedBy[id] = decision.explanation.strategies[id]?.decidedBy ?? "not among the inputs";
    }
    const { decidedAtMs } = inputs;
    return { evaluationId, decidedAtMs, recorded: active, replayed: decision.active, added, removed, decidedBy };
  });
  const differing = evaluations.filter(({ added, removed }) => added.length + removed.length > 0).length;
  return { policyChecksum: policy.checksum, evaluations, differing };
}
