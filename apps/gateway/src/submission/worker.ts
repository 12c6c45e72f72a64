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
  /** A diff that ends sooner is not told as having begun before: one write less. */
  readonly startedMs: number;
  /** While others wait, how long after one item another may begin. */
  readonly yieldMs: number;
  /** How often another process's items are looked for. */
  readonly pollMs: number;
}

export const workerLimits: WorkerLimits = { concurrency: 8, claimMs: 30_000, startedMs: 50, yieldMs: 20, pollMs: 500 };

export interface WorkerOptions {
  readonly submissions: Submissions;
  readonly dagManager: DagManagerClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Of this process start, for claims. */
  readonly holder: string;
  readonly limits?: WorkerLimits;
  /** Awaited before each item: lets in what has arrived meanwhile. */
  readonly turn?: () => Promise<void>;
  /** Whether others wait for what this process does before it works things off. */
  readonly yields?: () => boolean;
  /** Told when an item reaches its end. */
  readonly onFinal?: (row: StoredSubmission) => void;
}

/** A place kept free for one submission, and the claim it is stored with. */
export interface Reservation {
  readonly claim: { readonly holder: string; readonly ttlMs: number };
  /** Ends the reservation: with the submission to work on, or with nothing. */
  use(row: StoredSubmission | undefined): void;
}

/** Takes submissions from queued to their end, as many at a time as it may. Any number of workers can run. */
export class SubmissionWorker {
  readonly #options: WorkerOptions;
  readonly #limits: WorkerLimits;
  #running = false;
  #claiming = false;
  #again = false;
  #busy = 0;
  /** Claimed and waiting for a place. */
  #ready: StoredSubmission[] = [];
  #begunMs = -Infinity;
  #cancelPoll: () => void = () => {};
  #cancelFill: () => void = () => {};
  #idle: (() => void)[] = [];

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#limits = options.limits ?? workerLimits;
  }

  start(): void {
    this.#running = true;
    this.wake();
  }

  /** Waits for what is under way; what was claimed and not begun goes to whoever claims it when the claim ends. */
  async stop(): Promise<void> {
    this.#running = false;
    this.#cancelPoll();
    this.#cancelFill();
    this.#ready = [];
    if (this.#busy > 0 || this.#claiming) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** There may be work. */
  wake(): void {
    if (!this.#running) return;
    if (this.#claiming) {
      this.#again = true;
      return;
    }
    // Several are claimed in one write; the next ones when half of those have gone.
    if (this.#ready.length > this.#limits.concurrency / 2) return;
    void this.#claim();
  }

  /** Keeps a place for a submission that is being accepted, if one is free: it need not be looked for then. */
  reserve(): Reservation | undefined {
    const { dagManager, holder } = this.#options;
    const isFree = this.#running && this.#ready.length === 0 && this.#busy < this.#places();
    if (!isFree || dagManager.breaker === "open") return undefined;
    this.#busy++;
    let used = false;
    return {
      claim: { holder, ttlMs: this.#limits.claimMs },
      use: (row) => {
        if (used) return;
        used = true;
        if (row !== undefined) void this.#work(row);
        else this.#done();
      },
    };
  }

  async #claim(): Promise<void> {
    this.#claiming = true;
    this.#again = false;
    this.#cancelPoll();
    const { submissions, holder, logger, dagManager } = this.#options;
    const room = 2 * this.#limits.concurrency - this.#busy - this.#ready.length;
    let rows: StoredSubmission[] = [];
    try {
      // While nobody answers, nothing is gained by taking items up and putting them back.
      if (room > 0 && dagManager.breaker !== "open") rows = await submissions.claim(holder, this.#limits.claimMs, room);
    } catch (error) {
      logger.error("submissions cannot be claimed", { error });
    }
    this.#claiming = false;
    if (this.#running) this.#ready.push(...rows);
    this.#fill();
    if (this.#again && rows.length > 0) this.wake();
    else if (this.#running) this.#schedule();
    this.#settleIdle();
  }

  /** How many may be under way. While others wait, one begins now and then, so that there is always some progress. */
  #places(): number {
    if (this.#options.yields?.() !== true) return this.#limits.concurrency;
    const sinceMs = this.#options.clock.monotonicMs() - this.#begunMs;
    return sinceMs >= this.#limits.yieldMs ? this.#busy + 1 : 0;
  }

  #fill(): void {
    while (this.#busy < this.#places()) {
      const row = this.#ready.shift();
      if (row === undefined) return;
      this.#busy++;
      void this.#work(row);
    }
    if (this.#ready.length === 0 || this.#busy >= this.#limits.concurrency) return;
    this.#cancelFill();
    this.#cancelFill = this.#options.clock.after(this.#limits.yieldMs, () => this.#fill());
  }

  #schedule(): void {
    this.#cancelPoll();
    this.#cancelPoll = this.#options.clock.after(this.#again ? 1 : this.#limits.pollMs, () => this.wake());
  }

  #done(): void {
    this.#busy--;
    this.#fill();
    this.wake();
    this.#settleIdle();
  }

  async #work(row: StoredSubmission): Promise<void> {
    this.#begunMs = this.#options.clock.monotonicMs();
    const { submissions, logger, random, onFinal, clock, turn } = this.#options;
    await turn?.();
    const token = row.claim_token!;
    const stopRenewing = this.#keepClaim(row.strategy_id, token);
    let isStarted = false;
    let telling: Promise<unknown> | undefined;
    const started: LifeCycleInput = { kind: "started", token };
    const cancelTelling = clock.after(this.#limits.startedMs, () => {
      if (isStarted) telling = submissions.advance(row.strategy_id, [started]);
    });
    let outcome: LifeCycleInput;
    let done: Parameters<Submissions["advance"]>[2] = {};
    try {
      done = await diffSubmission(this.#options.dagManager, {
        strategyId: row.strategy_id,
        dagJson: row.dag_json,
        nodeIdsCrc32: row.node_ids_crc32,
        contexts: JSON.parse(row.contexts) as ComputeContext[],
        tagQueries: JSON.parse(row.tag_queries) as NodeTagQuery[],
        dryRun: false,
        correlationId: row.correlation_id,
        onStarted: () => (isStarted = true),
      });
      outcome = { kind: "completed", token };
    } catch (error) {
      logger.warn("a diff failed", { strategy_id: row.strategy_id, correlation_id: row.correlation_id, error });
      outcome = failureOf(error, token);
      done = { spread: random.uniform() };
    }
    stopRenewing();
    cancelTelling();
    try {
      await telling;
      const inputs = isStarted && telling === undefined ? [started, outcome] : [outcome];
      const final = await submissions.advance(row.strategy_id, inputs, done);
      if (final !== undefined && isFinal(final.status as Status)) onFinal?.(final);
    } catch (error) {
      // The claim runs out and somebody does it again: a diff of the same DAG changes nothing.
      logger.error("a submission's outcome cannot be stored", { strategy_id: row.strategy_id, error });
    }
    this.#done();
  }

  #keepClaim(strategyId: string, token: number): () => void {
    const { clock, submissions, logger } = this.#options;
    const ttlMs = this.#limits.claimMs;
    let cancel = (): void => {};
    const renew = (): void => {
      cancel = clock.after(ttlMs / 3, () => {
        submissions.advance(strategyId, [{ kind: "renew", token, ttlMs }]).then(
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
