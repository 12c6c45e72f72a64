import { assert, formatInstant, QmtlError, type EpochMs, type NodeId } from "@qmtl/core";
import type { Plan } from "../plan/index.ts";
import { StreamExecutor, type StreamSnapshot } from "./stream.ts";

/** How a source treats rows that come after their time. */
export interface LatenessPolicy {
  /** A row may come this long after the watermark passed its close, and still causes a revision. */
  readonly allowedLatenessMs: number;
  /** A row later than that: counted and dropped, kept aside in `late`, or `DATA_LATE`. */
  readonly onLate: "ignore" | "side_output" | "fail";
}

export interface SourceRow {
  readonly sourceId: NodeId;
  readonly bucketMs: EpochMs;
  readonly closeMs: EpochMs;
  readonly values: ArrayLike<number>;
}

export type PushOutcome = "accepted" | "revised" | "duplicate" | "ignored" | "side_output";

/** A value that a late row changed, or added. */
export interface Revision {
  readonly nodeId: NodeId;
  readonly bucketMs: EpochMs;
  /** 1 for the first change of a bucket's output, then 2, … */
  readonly revision: number;
}

export interface RevisingHooks {
  /** All rows of a close are here, in the order of the sources; nothing has been computed on them yet. */
  readonly beforeClose?: (closeMs: EpochMs, rows: readonly SourceRow[]) => void;
  /** The close has been computed. Neither this nor `beforeClose` is called again when a late row repeats it. */
  readonly afterClose?: (closeMs: EpochMs) => void;
  /** Closes after `closeMs` are about to be computed again. */
  readonly onRewind?: (closeMs: EpochMs) => void;
  readonly onRevision?: (revision: Revision) => void;
}

interface Checkpoint {
  readonly closeMs: EpochMs;
  readonly snapshot: StreamSnapshot;
}

const closesPerCheckpoint = 32;

/**
 * A stream that takes rows as they come: out of order, twice, or late.
 *
 * Rows wait until every source has delivered their close, or the watermark (the newest close of any source, less the
 * largest allowed lateness) has passed it; then they are computed in event time. A late row within its allowed lateness
 * rolls the state back to before its close and computes again with the row in its place: outputs then equal those of a
 * batch over the corrected rows, and each that changed is reported as a revision.
 */
export class RevisingStream {
  readonly executor: StreamExecutor;
  /** Rows that came too late, where the policy keeps them. */
  readonly late: SourceRow[] = [];
  readonly counts = { accepted: 0, revised: 0, duplicate: 0, ignored: 0, side_output: 0 };
  readonly #policies: ReadonlyMap<NodeId, LatenessPolicy>;
  readonly #hooks: RevisingHooks;
  readonly #intervals = new Map<NodeId, number>();
  readonly #newestClose = new Map<NodeId, EpochMs>();
  readonly #sourceOrder: readonly NodeId[];
  readonly #horizonMs: number;
  /** Rows not computed yet, and rows computed since the oldest checkpoint; both in event time. */
  #waiting: SourceRow[] = [];
  #done: SourceRow[] = [];
  #checkpoints: Checkpoint[] = [];
  #closesSinceCheckpoint = 0;
  /** Everything up to here has been computed. */
  #nowMs = Number.NEGATIVE_INFINITY;
  #isReplaying = false;
  readonly #outputs = new Map<NodeId, Map<EpochMs, { values: string; revision: number }>>();

  constructor(plan: Plan, policies: ReadonlyMap<NodeId, LatenessPolicy>, hooks: RevisingHooks = {}) {
    this.executor = new StreamExecutor(plan);
    this.#policies = policies;
    this.#hooks = hooks;
    this.#sourceOrder = plan.nodes.flatMap(({ node }) => (node.kind === "source" ? [node.id] : []));
    for (const id of this.#sourceOrder) this.#intervals.set(id, plan.byId.get(id)!.grid.intervalMs);
    this.#horizonMs = Math.max(0, ...[...policies.values()].map((policy) => policy.allowedLatenessMs));
    if (this.#horizonMs > 0) this.#recordOutputs(plan);
  }

  /** The instant up to which rows have been computed; -Infinity before the first. */
  get nowMs(): EpochMs {
    return this.#nowMs;
  }

  /** @throws QmtlError `DATA_LATE` for a row that is too late, where the policy says "fail" */
  push(sourceId: NodeId, bucketMs: EpochMs, values: ArrayLike<number>): PushOutcome {
    const intervalMs = this.#intervals.get(sourceId);
    assert(intervalMs !== undefined, `node ${sourceId} is a source of this plan`);
    const row: SourceRow = { sourceId, bucketMs, closeMs: bucketMs + intervalMs, values };
    const outcome = this.#take(row);
    this.counts[outcome]++;
    return outcome;
  }

  /** No more rows will come up to `closeMs`: computes everything that waits until then. */
  advanceTo(closeMs: EpochMs): void {
    this.#release(closeMs);
  }

  #take(row: SourceRow): PushOutcome {
    const known = [...this.#waiting, ...this.#done].find(
      (each) => each.sourceId === row.sourceId && each.bucketMs === row.bucketMs,
    );
    if (known && sameValues(known.values, row.values)) return "duplicate";
    this.#newestClose.set(
      row.sourceId,
      Math.max(row.closeMs, this.#newestClose.get(row.sourceId) ?? Number.NEGATIVE_INFINITY),
    );
    if (row.closeMs > this.#nowMs) {
      insert(this.#waiting, row, this.#sourceOrder);
      this.#release(this.#readyMs());
      return "accepted";
    }
    const { allowedLatenessMs, onLate } = this.#policies.get(row.sourceId) ?? {
      allowedLatenessMs: 0,
      onLate: "ignore",
    };
    if (
      this.#nowMs - row.closeMs <= allowedLatenessMs &&
      this.#checkpoints.some((each) => each.closeMs < row.closeMs)
    ) {
      this.#revise(row);
      return "revised";
    }
    if (onLate === "fail") {
      throw new QmtlError(
        "DATA_LATE",
        `a row of ${formatInstant(row.bucketMs)} came when everything up to ${formatInstant(this.#nowMs)} was computed; allowed lateness is ${allowedLatenessMs} ms`,
        {
          details: { bucketMs: row.bucketMs, nowMs: this.#nowMs },
          hint: "raise allowedLateness, or set onLate to ignore or side_output",
        },
      );
    }
    if (onLate === "side_output") this.late.push(row);
    return onLate === "side_output" ? "side_output" : "ignored";
  }

  /** Up to where every source has delivered, or the watermark has passed. */
  #readyMs(): EpochMs {
    let delivered = Number.POSITIVE_INFINITY;
    let newest = Number.NEGATIVE_INFINITY;
    for (const id of this.#sourceOrder) {
      const close = this.#newestClose.get(id) ?? Number.NEGATIVE_INFINITY;
      delivered = Math.min(delivered, close);
      newest = Math.max(newest, close);
    }
    return Math.max(delivered, newest - this.#horizonMs - 1);
  }

  #release(upToMs: EpochMs): void {
    while (this.#waiting.length > 0 && this.#waiting[0]!.closeMs <= upToMs) {
      const closeMs = this.#waiting[0]!.closeMs;
      let count = 1;
      while (this.#waiting[count]?.closeMs === closeMs) count++;
      const rows = this.#waiting.splice(0, count);
      if (this.#horizonMs > 0) this.#checkpoint();
      this.#computeClose(closeMs, rows);
      // Without lateness nothing is computed again: the newest row of each source is enough to tell a repetition.
      if (this.#horizonMs === 0)
        this.#done = this.#done.filter((done) => !rows.some((row) => row.sourceId === done.sourceId));
      this.#done.push(...rows);
    }
  }

  #computeClose(closeMs: EpochMs, rows: readonly SourceRow[]): void {
    this.executor.flush(closeMs - 1);
    if (!this.#isReplaying) this.#hooks.beforeClose?.(closeMs, rows);
    for (const row of rows) this.executor.ingest(this.executor.inputOf(row.sourceId), row.bucketMs, row.values);
    this.executor.flush(closeMs);
    this.#nowMs = closeMs;
    if (!this.#isReplaying) this.#hooks.afterClose?.(closeMs);
  }

  #checkpoint(): void {
    if (this.#checkpoints.length > 0 && ++this.#closesSinceCheckpoint < closesPerCheckpoint) return;
    this.#closesSinceCheckpoint = 0;
    this.#checkpoints.push({ closeMs: this.#nowMs, snapshot: this.executor.save() });
    // What no late row can reach any more is let go: all but one checkpoint before the horizon.
    const reachMs = this.#nowMs - this.#horizonMs;
    while (this.#checkpoints.length > 1 && this.#checkpoints[1]!.closeMs < reachMs) this.#checkpoints.shift();
    const oldestMs = this.#checkpoints[0]!.closeMs;
    this.#done = this.#done.filter((row) => row.closeMs > oldestMs);
    for (const buckets of this.#outputs.values()) {
      for (const bucketMs of buckets.keys()) {
        if (bucketMs >= oldestMs) break;
        buckets.delete(bucketMs);
      }
    }
  }

  #revise(row: SourceRow): void {
    const at = this.#checkpoints.findLastIndex((each) => each.closeMs < row.closeMs);
    const checkpoint = this.#checkpoints[at]!;
    const untilMs = this.#nowMs;
    this.#checkpoints.length = at + 1;
    this.#closesSinceCheckpoint = 0;
    const rows = this.#done.filter((each) => each.sourceId !== row.sourceId || each.bucketMs !== row.bucketMs);
    insert(rows, row, this.#sourceOrder);
    this.#done = rows;
    this.#hooks.onRewind?.(checkpoint.closeMs);
    this.executor.load(checkpoint.snapshot);
    this.#nowMs = checkpoint.closeMs;
    this.#isReplaying = true;
    const again = rows.filter((each) => each.closeMs > checkpoint.closeMs && each.closeMs <= untilMs);
    for (let next = 0; next < again.length;) {
      let end = next + 1;
      while (again[end]?.closeMs === again[next]!.closeMs) end++;
      this.#computeClose(again[next]!.closeMs, again.slice(next, end));
      next = end;
    }
    this.executor.flush(untilMs);
    this.#nowMs = untilMs;
    this.#isReplaying = false;
  }

  #recordOutputs(plan: Plan): void {
    for (const { node } of plan.nodes) {
      const buckets = new Map<EpochMs, { values: string; revision: number }>();
      this.#outputs.set(node.id, buckets);
      const columns = this.executor.columnsOf(node.id);
      this.executor.gridOf(node.id).listen((position, bucketMs) => {
        const numbers = [...columns.numeric].map(([field, column]) => `${field}:${column[position]}`);
        const values = `${numbers.join()}|${JSON.stringify(columns.payload?.[position])}`;
        const before = buckets.get(bucketMs);
        if (!this.#isReplaying) buckets.set(bucketMs, { values, revision: 0 });
        else if (before?.values !== values) {
          const revision = (before?.revision ?? 0) + 1;
          buckets.set(bucketMs, { values, revision });
          this.#hooks.onRevision?.({ nodeId: node.id, bucketMs, revision });
        }
      });
    }
  }
}

function sameValues(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  for (let index = 0; index < a.length; index++) if (!Object.is(a[index], b[index])) return false;
  return true;
}

// By close, then in the order of the sources, so that arrival plays no part.
function insert(rows: SourceRow[], row: SourceRow, order: readonly NodeId[]): void {
  const rank = order.indexOf(row.sourceId);
  let at = rows.length;
  while (at > 0) {
    const before = rows[at - 1]!;
    if (before.closeMs < row.closeMs || (before.closeMs === row.closeMs && order.indexOf(before.sourceId) <= rank))
      break;
    at--;
  }
  const same = rows[at - 1];
  if (same && same.sourceId === row.sourceId && same.bucketMs === row.bucketMs) rows[at - 1] = row;
  else rows.splice(at, 0, row);
}
