import { QmtlError } from "@qmtl/core";
import type { GraphChange, GraphStore } from "../graph/index.ts";

/** A step that was planned: what to answer, and what to write, if anything. */
export interface PlannedStep<Answer> {
  readonly answer: Answer;
  readonly change: GraphChange | undefined;
}

const attemptsMax = 50;

/**
 * Plans and commits; plans anew whenever another manager was faster.
 *
 * @throws QmtlError `SERVICE_OVERLOADED` when others were faster fifty times
 */
export async function commitAtVersion<Answer>(
  store: GraphStore,
  plan: () => Promise<PlannedStep<Answer>>,
): Promise<Answer> {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const { answer, change } = await plan();
    if (change === undefined || (await store.commit(change))) return answer;
  }
  throw new QmtlError("SERVICE_OVERLOADED", `the graph changed ${attemptsMax} times while a step was planned`, {
    hint: "try again",
  });
}
