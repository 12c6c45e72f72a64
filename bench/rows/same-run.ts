import type { RunResult } from "@qmtl/engine/result";
import { resultDigests } from "@qmtl/sdk/runs";
import { requireSame } from "../harness/equality.ts";

/** @throws NotEqual naming the part (orders, fills, curves, a node, …) whose bytes differ */
export function requireSameRun(what: string, ours: RunResult, theirs: RunResult): void {
  const [mine, other] = [resultDigests(ours).parts, resultDigests(theirs).parts];
  requireSame(`${what}, parts`, Object.keys(mine).join(), Object.keys(other).join());
  for (const [part, digest] of Object.entries(mine)) requireSame(`${what}, ${part}`, digest, other[part]);
}
