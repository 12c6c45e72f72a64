import {
  dryRunSentinel,
  formatInstant,
  QmtlError,
  sha256Hex,
  sleep,
  type Clock,
  type ComputeContext,
  type Ids,
} from "@qmtl/core";
import type {
  HistoryReport,
  QueueMap,
  StrategyAck,
  StrategyHistory,
  StrategyStatus,
  StrategySubmit,
} from "@qmtl/contracts/gateway";
import type { Logger } from "@qmtl/service/logging";
import type { DagManagerClient } from "../dag/dag-manager-client.ts";
import type { NewSubmission, StoredSubmission, Submissions } from "../store/submissions.ts";
import { diffSubmission } from "./diff-submission.ts";
import { isFinal, type Status } from "./life-cycle.ts";
import { readSubmission, type ReadSubmission } from "./read-submission.ts";
import type { Reservation } from "./worker.ts";
import { submissionContext, type DecisionReading } from "./submission-context.ts";

export interface SubmissionOptions {
  readonly submissions: Submissions;
  readonly dagManager: DagManagerClient | undefined;
  readonly decisions: (worldId: string, asOf: unknown) => Promise<DecisionReading>;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  /** A worker's place for the submission that is being accepted, if one is free. */
  readonly reserve?: () => Reservation | undefined;
  readonly insertSentinel: boolean;
  /** How long an answer is held back for the queue map. What takes longer comes as an event. */
  readonly queueMapWaitMs: number;
  readonly dryRunMs: number;
  /** Callers that wait for a queue map at a time; the others are answered at once. */
  readonly waitersMax: number;
}

export interface SubmitCall {
  readonly body: StrategySubmit;
  readonly subject: string;
  readonly correlationId: string;
  readonly idempotencyKey: string | undefined;
}

/** More submissions than these that are not durable yet: they come before the work on those that are. */
export const acceptingMany = 16;

interface Accepted {
  readonly row: StoredSubmission;
  readonly settled: Promise<StoredSubmission | undefined>;
  readonly forget: () => void;
}

const nothingMore = { settled: Promise.resolve(undefined), forget: () => {} };

/** Takes submissions: checks, makes them durable, and answers. */
export class SubmissionService {
  readonly #options: SubmissionOptions;
  readonly #waiting = new Map<string, (row: StoredSubmission) => void>();
  #accepting = 0;

  constructor(options: SubmissionOptions) {
    this.#options = options;
  }

  /** Submissions that are not durable yet. */
  get accepting(): number {
    return this.#accepting;
  }

  /**
   * Accepts a submission. When this resolves it is durable (S-1).
   *
   * @throws QmtlError of `readSubmission`; `SUBMISSION_DUPLICATE`, `IDEMPOTENCY_CONFLICT`, `STORE_FAILED`
   */
  async submit(call: SubmitCall): Promise<StrategyAck> {
    const { subject, idempotencyKey: key } = call;
    this.#accepting++;
    const accepted = await this.#accept(call).finally(() => this.#accepting--);
    try {
      return await this.#answer((await accepted.settled) ?? accepted.row, subject, key);
    } finally {
      accepted.forget();
    }
  }

  /** What is durable when this resolves, and what comes of it if that is soon. */
  async #accept({ body, subject, correlationId, idempotencyKey: key }: SubmitCall): Promise<Accepted> {
    const { submissions, ids } = this.#options;
    const bodyHash = key === undefined ? "" : sha256Hex(JSON.stringify(body));
    const before = key === undefined ? undefined : await submissions.repeated(subject, key, bodyHash);
    if (before !== undefined) return { ...nothingMore, row: await submissions.find(before) };

    const read = readSubmission(body);
    const contexts = await this.#contextsOf(read);
    const strategyId = ids.next();
    const sentinelId = `${strategyId}-sentinel`;
    const outcome = this.#outcomeOf(strategyId);
    const reservation = this.#options.reserve?.();
    try {
      const submission: NewSubmission = {
        strategy_id: strategyId,
        dedupe_key: dedupeKeyOf(read),
        dag_hash: read.dag.hash,
        dag_json: this.#options.insertSentinel ? withSentinel(read, sentinelId) : read.dag.text,
        node_ids_crc32: read.nodeIdsCrc32,
        tag_queries: JSON.stringify(read.tagQueries),
        contexts: JSON.stringify(contexts),
        meta: JSON.stringify(read.meta),
        subject,
        correlation_id: correlationId,
        sentinel_id: sentinelId,
        worldIds: read.worldIds,
        idempotency: key === undefined ? null : { key, bodyHash },
      };
      const { row, strategyId: known } = await submissions.accept(submission, reservation?.claim);
      reservation?.use(row);
      if (row !== undefined) return { row, settled: outcome.row, forget: () => outcome.forget() };
      outcome.forget();
      return { ...nothingMore, row: await submissions.find(known) };
    } catch (error) {
      reservation?.use(undefined);
      outcome.forget();
      throw error;
    }
  }

  /** What a submission would be answered, without any effect. */
  async dryRun(body: StrategySubmit, correlationId: string): Promise<StrategyAck> {
    const read = readSubmission(body);
    const contexts = await this.#contextsOf(read);
    const { dagManager, clock, dryRunMs, logger } = this.#options;
    const sentinelId = dryRunSentinel(read.nodeIds);
    let found: { queueMap: QueueMap; sentinelId: string } = { queueMap: {}, sentinelId };
    if (dagManager !== undefined) {
      const work = { strategyId: "dryrun", dagJson: read.dag.text, dryRun: true, correlationId };
      const diff = diffSubmission(dagManager, { ...work, contexts, ...read });
      const late = sleep(clock, dryRunMs).then(() => {
        throw new QmtlError("DEPENDENCY_UNAVAILABLE", `the DAG Manager took longer than ${dryRunMs} ms`);
      });
      try {
        found = await Promise.race([diff, late]);
      } catch (error) {
        logger.warn("a dry run has no queues", { correlation_id: correlationId, error });
      }
      late.catch(() => {});
    }
    const { queueMap } = found;
    return ackOf({
      strategyId: "dryrun",
      queueMap,
      sentinelId,
      contexts,
      worldIds: read.worldIds,
      crc32: read.nodeIdsCrc32,
    });
  }

  async status(strategyId: string): Promise<StrategyStatus> {
    const row = await this.#options.submissions.find(strategyId);
    return {
      strategy_id: strategyId,
      status: row.status as Status,
      reason: row.reason,
      attempts: row.attempts,
      queue_map: queueMapOfRow(row),
      sentinel_id: row.sentinel_id,
      world_ids: JSON.parse(row.world_ids) as string[],
      submitted_at: formatInstant(row.accepted_ms),
      updated_at: formatInstant(row.updated_ms),
    };
  }

  /** @throws QmtlError `SUBMISSION_NOT_FOUND` */
  async worldsOf(strategyId: string): Promise<readonly string[]> {
    return JSON.parse((await this.#options.submissions.find(strategyId)).world_ids) as string[];
  }

  async history(strategyId: string): Promise<StrategyHistory> {
    const events = await this.#options.submissions.history(strategyId);
    if (events.length === 0) await this.#options.submissions.find(strategyId);
    return {
      strategy_id: strategyId,
      events: events.map(({ revision, event, status, reason, ts_ms }) => {
        return { revision, event, status: status as Status, reason, ts: formatInstant(ts_ms) };
      }),
    };
  }

  async report(strategyId: string, report: HistoryReport): Promise<void> {
    await this.#options.submissions.find(strategyId);
    await this.#options.submissions.report(strategyId, report);
  }

  /** A submission has reached its end: whoever waits for it is answered. */
  settled(row: StoredSubmission): void {
    this.#waiting.get(row.strategy_id)?.(row);
  }

  async #contextsOf({ worldIds, meta }: ReadSubmission): Promise<ComputeContext[]> {
    const { decisions } = this.#options;
    if (worldIds.length === 0) return [submissionContext(meta, null, { kind: "unavailable" })];
    const readings = await Promise.all(worldIds.map((worldId) => decisions(worldId, meta["as_of"])));
    return worldIds.map((worldId, index) => submissionContext(meta, worldId, readings[index]!));
  }

  /** The row once its diff is done, or nothing when that takes too long. Counts from the call. */
  #outcomeOf(strategyId: string): { readonly row: Promise<StoredSubmission | undefined>; forget(): void } {
    const { clock, queueMapWaitMs, waitersMax, dagManager } = this.#options;
    const none = { row: Promise.resolve(undefined), forget: () => {} };
    const isSoon = this.#accepting <= acceptingMany && this.#waiting.size < waitersMax;
    if (dagManager === undefined || dagManager.breaker === "open" || !isSoon) return none;
    let cancel = (): void => {};
    const row = new Promise<StoredSubmission | undefined>((resolve) => {
      cancel = clock.after(queueMapWaitMs, () => resolve(undefined));
      this.#waiting.set(strategyId, resolve);
    });
    const forget = (): void => {
      cancel();
      this.#waiting.delete(strategyId);
    };
    return { row, forget };
  }

  async #answer(row: StoredSubmission, subject: string, key: string | undefined): Promise<StrategyAck> {
    const ack = ackOf({
      strategyId: row.strategy_id,
      queueMap: queueMapOfRow(row),
      sentinelId: row.sentinel_id,
      contexts: JSON.parse(row.contexts) as ComputeContext[],
      worldIds: JSON.parse(row.world_ids) as string[],
      crc32: row.node_ids_crc32,
    });
    if (key === undefined) return ack;
    return JSON.parse(await this.#options.submissions.settleAnswer(subject, key, JSON.stringify(ack))) as StrategyAck;
  }
}

/** One submission per DAG, set of worlds and data: in another world, or as of another day, it is another one. */
function dedupeKeyOf({ dag, worldIds, meta }: ReadSubmission): string {
  const data = ["execution_domain", "as_of", "partition", "dataset_fingerprint"].map((key) => meta[key] ?? null);
  return sha256Hex(JSON.stringify([dag.hash, worldIds.toSorted(), data]));
}

function withSentinel({ dag, versionLabel }: ReadSubmission, sentinelId: string): string {
  return dag.withNode({
    node_id: sentinelId,
    node_type: "VersionSentinel",
    ...(versionLabel !== null && { version: versionLabel }),
  });
}

function queueMapOfRow(row: StoredSubmission): QueueMap {
  return row.queue_map !== null && isFinal(row.status as Status) ? (JSON.parse(row.queue_map) as QueueMap) : {};
}

function ackOf(parts: {
  readonly strategyId: string;
  readonly queueMap: QueueMap;
  readonly sentinelId: string;
  readonly contexts: readonly ComputeContext[];
  readonly worldIds: readonly string[];
  readonly crc32: number;
}): StrategyAck {
  // Of several worlds the one that was not granted what it asked for is the one to hear about.
  const reason = parts.contexts.find(({ downgradeReason }) => downgradeReason !== null)?.downgradeReason ?? null;
  return {
    strategy_id: parts.strategyId,
    queue_map: parts.queueMap,
    sentinel_id: parts.sentinelId,
    node_ids_crc32: parts.crc32,
    world_ids: [...parts.worldIds],
    downgraded: reason !== null,
    downgrade_reason: reason,
    safe_mode: reason !== null,
  };
}
