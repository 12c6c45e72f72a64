import { errorCatalog, QmtlError, type Clock, type ComputeContext, type Random } from "@qmtl/core";
import type { Logger } from "@qmtl/service/logging";
import type { DagManagerClient } from "../dag/dag-manager-client.ts";
import type { StoredSubmission, Submissions } from "../store/submissions.ts";
import { diffSubmission } from "./diff-submission.ts";
import { isFinal, type LifeCycleInput, type Status } from "./life-cycle.ts";
import type { NodeTagQuery } from "./read-submission.ts";

export interface WorkerLimits {
  /** Diffs under way at a time. */
  readonly concurrency: number;
  /** How long a claim holds without being renewed; a crashed worker's items wait so long. */
  readonly claimMs: number;
  /** How often another process's items are looked for. */
  readonly pollMs: number;
}

export const workerLimits: WorkerLimits = { concurrency: 16, claimMs: 30_000, pollMs: 500 };

export interface WorkerOptions {
  readonly submissions: Submissions;
  readonly dagManager: DagManagerClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Of this process start, for claims. */
  readonly holder: string;
  readonly limits?: WorkerLimits;
  /** Told when an item reaches its end. */
  readonly onFinal?: (row: StoredSubmission) => void;
}

/** Takes submissions from queued to their end, as many at a time as it may. Any number of workers can run. */
export class SubmissionWorker {
  readonly #options: WorkerOptions;
  readonly #limits: WorkerLimits;
  #running = false;
  #claiming = false;
  #again = false;
  #busy = 0;
  #cancelPoll: () => void = () => {};
  #idle: (() => void)[] = [];

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#limits = options.limits ?? workerLimits;
  }

  start(): void {
    this.#running = true;
    this.wake();
  }

  /** Waits for what is under way; what was claimed and not begun goes to whoever claims it next. */
  async stop(): Promise<void> {
    this.#running = false;
    this.#cancelPoll();
    if (this.#busy > 0 || this.#claiming) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** There may be work. */
  wake(): void {
    if (!this.#running) return;
    if (this.#claiming) {
      this.#again = true;
      return;
    }
    if (this.#busy >= this.#limits.concurrency) return;
    void this.#claim();
  }

  async #claim(): Promise<void> {
    this.#claiming = true;
    this.#again = false;
    this.#cancelPoll();
    const { submissions, holder, logger } = this.#options;
    const room = this.#limits.concurrency - this.#busy;
    let rows: StoredSubmission[] = [];
    try {
      rows = await submissions.claim(holder, this.#limits.claimMs, room);
    } catch (error) {
      logger.error("submissions cannot be claimed", { error });
    }
    this.#claiming = false;
    for (const row of rows) void this.#work(row);
    if (rows.length === room || this.#again) this.wake();
    else if (this.#running) this.#schedule();
    this.#settleIdle();
  }

  #schedule(): void {
    this.#cancelPoll();
    this.#cancelPoll = this.#options.clock.after(this.#limits.pollMs, () => this.wake());
  }

  async #work(row: StoredSubmission): Promise<void> {
    this.#busy++;
    const { submissions, logger, random, onFinal } = this.#options;
    const token = row.claim_token!;
    const stopRenewing = this.#keepClaim(row.strategy_id, token);
    const started: Promise<unknown>[] = [];
    let result: { input: LifeCycleInput; done?: Parameters<Submissions["advance"]>[2] };
    try {
      const done = await diffSubmission(this.#options.dagManager, {
        strategyId: row.strategy_id,
        dagJson: row.dag_json,
        nodeIdsCrc32: row.node_ids_crc32,
        contexts: JSON.parse(row.contexts) as ComputeContext[],
        tagQueries: JSON.parse(row.tag_queries) as NodeTagQuery[],
        dryRun: false,
        correlationId: row.correlation_id,
        onStarted: () => {
          if (started.length === 0) started.push(submissions.advance(row.strategy_id, { kind: "started", token }));
        },
      });
      result = { input: { kind: "completed", token }, done };
    } catch (error) {
      logger.warn("a diff failed", { strategy_id: row.strategy_id, correlation_id: row.correlation_id, error });
      result = { input: failureOf(error, token), done: { spread: random.uniform() } };
    }
    stopRenewing();
    try {
      await Promise.all(started);
      const final = await submissions.advance(row.strategy_id, result.input, result.done);
      if (final !== undefined && isFinal(final.status as Status)) onFinal?.(final);
    } catch (error) {
      // The claim runs out and somebody does it again: a diff of the same DAG changes nothing.
      logger.error("a submission's outcome cannot be stored", { strategy_id: row.strategy_id, error });
    }
    this.#busy--;
    this.wake();
    this.#settleIdle();
  }

  #keepClaim(strategyId: string, token: number): () => void {
    const { clock, submissions, logger } = this.#options;
    const ttlMs = this.#limits.claimMs;
    let cancel = (): void => {};
    const renew = (): void => {
      cancel = clock.after(ttlMs / 3, () => {
        submissions.advance(strategyId, { kind: "renew", token, ttlMs }).then(
          (row) => row !== undefined && renew(),
          (error: unknown) => logger.warn("a claim cannot be renewed", { strategy_id: strategyId, error }),
        );
      });
    };
    renew();
    return () => cancel();
  }

  #settleIdle(): void {
    if (this.#busy > 0 || this.#claiming) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}

/** What a failed diff means for its submission. */
function failureOf(error: unknown, token: number): LifeCycleInput {
  const reason = error instanceof Error ? error.message : String(error);
  if (!(error instanceof QmtlError)) return { kind: "faulted", token, reason };
  if (error.code === "DEPENDENCY_UNAVAILABLE") return { kind: "unavailable", token, reason };
  const kind = errorCatalog[error.code].http < 500 ? "rejected" : "faulted";
  return { kind, token, reason: `${error.code}: ${reason}` };
}
