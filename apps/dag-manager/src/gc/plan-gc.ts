import type { EpochMs } from "@qmtl/core";
import type { QueueUsage } from "../graph/index.ts";

/** How long a kind of queue is kept without a reference, and what becomes of it then. */
export interface RetentionRule {
  readonly ttlMs: number;
  readonly graceMs: number;
  readonly action: "drop" | "archive";
}

/** By kind; what has no rule is kept for ever. */
export type RetentionPolicy = Readonly<Partial<Record<QueueUsage["kind"], RetentionRule>>>;

const dayMs = 86_400_000;

export const defaultRetention: RetentionPolicy = {
  raw: { ttlMs: 7 * dayMs, graceMs: dayMs, action: "drop" },
  indicator: { ttlMs: 30 * dayMs, graceMs: 3 * dayMs, action: "drop" },
  sentinel: { ttlMs: 180 * dayMs, graceMs: 30 * dayMs, action: "archive" },
};

export type Keeping = "referenced" | "no_rule" | "too_young" | "next_batch" | "missing_client";

export interface GcVerdict {
  readonly queue: QueueUsage;
  readonly verdict: { readonly action: "drop" | "archive" } | { readonly keep: Keeping };
}

export interface GcPlan {
  readonly verdicts: readonly GcVerdict[];
  /** Seen without a reference for the first time: their age counts from now. */
  readonly unreferenced: readonly string[];
  /** Marked so before, and in use again. */
  readonly referenced: readonly string[];
}

export interface GcInput {
  /** In the order they are to be looked at. */
  readonly queues: readonly QueueUsage[];
  readonly nowMs: EpochMs;
  readonly policy: RetentionPolicy;
  /** Queues that may go in one pass; halved (rounded up) while the broker is at 80 % of its load or above. */
  readonly batchMax: number;
  /** In [0, 1]. */
  readonly brokerLoad: number;
  readonly canArchive: boolean;
}

/**
 * Which queues go. One that a live submission reaches stays, whatever its age; any other goes once its kind's time and
 * grace have passed since it was made and since it was first seen without a reference (D-3: the plan belongs to the
 * version of the graph its input was read at, and is void at any other). Queues a pass had begun to remove come first.
 */
export function planGc({ queues, nowMs, policy, batchMax, brokerLoad, canArchive }: GcInput): GcPlan {
  let room = brokerLoad >= 0.8 ? Math.ceil(batchMax / 2) : batchMax;
  const verdictOf = (queue: QueueUsage): GcVerdict["verdict"] => {
    const rule = policy[queue.kind];
    if (queue.state === "active") {
      if (queue.isReferenced) return { keep: "referenced" };
      if (rule === undefined) return { keep: "no_rule" };
      const sinceMs = Math.max(queue.createdMs, queue.unreferencedSinceMs ?? nowMs);
      if (nowMs - sinceMs < rule.ttlMs + rule.graceMs) return { keep: "too_young" };
    }
    const action = rule?.action ?? "drop";
    if (action === "archive" && !canArchive) return { keep: "missing_client" };
    if (room === 0) return { keep: "next_batch" };
    room--;
    return { action };
  };
  const retiringFirst = [...queues].sort((a, b) => Number(b.state === "retiring") - Number(a.state === "retiring"));
  const marked = (queue: QueueUsage): boolean => queue.unreferencedSinceMs !== undefined;
  const active = queues.filter(({ state }) => state === "active");
  return {
    verdicts: retiringFirst.map((queue) => ({ queue, verdict: verdictOf(queue) })),
    unreferenced: active.filter((queue) => !queue.isReferenced && !marked(queue)).map(({ topic }) => topic),
    referenced: active.filter((queue) => queue.isReferenced && marked(queue)).map(({ topic }) => topic),
  };
}
