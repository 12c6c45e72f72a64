import { parseInstant, QmtlError, type Clock } from "@qmtl/core";
import type { PerformanceMetrics } from "@qmtl/engine/metrics";
import type { RunResult } from "@qmtl/engine/result";
import { checkFrame } from "../data-quality/index.ts";
import { systemClock } from "../edge/system-clock.ts";
import { GatewayClient, strategyDocument } from "../gateway-client/index.ts";
import type { IdentifiedNode, StrategyGraph } from "../graph/build-graph.ts";
import { frameRange } from "../history/index.ts";
import type { BoundData } from "../runner/bind-data.ts";
import { checkRunOptions } from "../runner/check-options.ts";
import { runPrepared, type PreparedRun, type StrategyInput } from "../runner/offline.ts";
import type { OfflineOptions } from "../runner/options.ts";
import { gatewayExchange } from "../sharing/index.ts";
import { QueueInput } from "../strategy/queue-input.ts";
import { StreamInput } from "../strategy/stream-input.ts";
import { graphInWorld } from "../world-graph/index.ts";
import { withQueues } from "./queue-rows.ts";
import { queuesOf, submitUntilTaken } from "./submission.ts";

export interface SubmitOptions extends OfflineOptions {
  /** Id of the world. */
  readonly world: string;
  readonly gatewayUrl?: string;
  readonly token?: string;
  /** How long to wait for the Gateway to take the strategy, ms. Default 30 s. */
  readonly waitMs?: number;
  /** What offline checks have shown, for policies that ask for it. */
  readonly evidence?: { readonly parity?: "pass"; readonly lookahead?: "pass"; readonly trials?: number };
  /**
   * Where a run of the strategy keeps its state: what its tag queries read is noted there, so that the run is the strategy
   * that was submitted. Default ".qmtl/runs/WORLD/STRATEGY", as for a run.
   */
  readonly stateFolder?: string;
  readonly clock?: Clock;
}

/** What came of a submission. The world's word is `decision`; figures of the own backtest stand beside it, apart. */
export interface SubmitResult {
  readonly strategyId: string;
  readonly world: string;
  /** Where each node's rows are read, by node id. Spelled out: what users import names no schema library. */
  readonly queueMap: Readonly<Record<string, readonly { readonly queue: string; readonly global: boolean }[]>>;
  /** The backtest over the given history; undefined without one. */
  readonly precheck: RunResult | undefined;
  /** What the world's policy says of it, changing nothing; undefined without figures, or without a policy. */
  readonly evaluation: Readonly<Record<string, unknown>> | undefined;
  /** What the world lets its strategies do now. */
  readonly decision: Readonly<Record<string, unknown>> | undefined;
  /** Why `evaluation` or `decision` is missing, in words. */
  readonly hints: readonly string[];
}

/**
 * Gives a strategy to a world: a backtest where there is history, the submission, and the world's evaluation of the
 * figures. Nothing starts trading by it: that takes an apply.
 *
 * @throws QmtlError for whatever is wrong with the strategy or its data; what the Gateway refuses it for;
 * `DEPENDENCY_UNAVAILABLE` when it does not answer in time
 */
export async function submitStrategy(strategy: StrategyInput, options: SubmitOptions): Promise<SubmitResult> {
  const {
    world,
    gatewayUrl = "http://127.0.0.1:8000",
    token,
    waitMs = 30_000,
    clock = systemClock,
    evidence,
    stateFolder,
    ...runOptions
  } = options;
  const client = new GatewayClient({ url: gatewayUrl, ...(token !== undefined && { token }) });
  checkRunOptions(runOptions);
  const inTime = deadlines(options, gatewayUrl, waitMs, clock);
  const { params } = options;
  const { prepared, queues } = await inTime((signal) =>
    graphInWorld(strategy, world, { client, params, stateFolder, clock, signal, waitsFor: "gateway" }),
  );
  const [graph] = prepared.graphs;
  // An instance is set up once: what was prepared is what is run.
  const [precheck] = hasHistory(graph!, options)
    ? await runPrepared(prepared, runOptions, (data) => withRowsOf(queues, prepared, data, client, options))
    : [];
  return inTime(async (signal) => {
    const strategyId = await submitUntilTaken({
      client,
      clock,
      worldId: world,
      document: strategyDocument(graph!),
      signal,
      onWaiting: () => undefined,
    });
    const queueMap = (await queuesOf(client, strategyId, clock, signal)) ?? {};
    const hints: string[] = [];
    const evaluation = precheck && (await said(hints, () => evaluate(client, strategyId, precheck, world, evidence)));
    if (precheck === undefined) hints.push("no figures: the streams have no history, and no data was given");
    const decision = await said(hints, () => client.world<Readonly<Record<string, unknown>>>("GET", world, "/decide"));
    return { strategyId, world, queueMap, precheck, evaluation, decision, hints };
  });
}

/** Gives work what the Gateway may take at most; a backtest takes what it takes. */
function deadlines({ signal }: SubmitOptions, gatewayUrl: string, waitMs: number, clock: Clock) {
  return async <T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    const deadline = new AbortController();
    const cancel = clock.after(waitMs, () => deadline.abort(notInTime(gatewayUrl, waitMs)));
    try {
      return await work(signal ? AbortSignal.any([signal, deadline.signal]) : deadline.signal);
    } finally {
      cancel();
    }
  };
}

function hasHistory({ nodes }: StrategyGraph, { data }: SubmitOptions): boolean {
  const hasPast = ({ node }: IdentifiedNode) => !(node instanceof StreamInput) || hasRows(node);
  return data !== undefined || nodes.every(hasPast);
}

// A queue that a query reads has rows: without any it had not been found.
function hasRows(stream: StreamInput<string>): boolean {
  return stream instanceof QueueInput || stream.history !== undefined;
}

/** What the queues of others hold now, within the range of the backtest and no longer than its other rows. */
async function withRowsOf(
  queues: readonly QueueInput[],
  prepared: PreparedRun,
  bound: BoundData,
  client: GatewayClient,
  { world, signal, startTime, endTime }: SubmitOptions,
): Promise<BoundData> {
  if (queues.length === 0) return bound;
  const exchange = gatewayExchange(client, world);
  const rows = { data: bound, feed: undefined };
  const { data } = await withQueues(queues, prepared, rows, exchange, { ...(signal && { signal }) });
  const frames = new Map(data.frames);
  const quality = new Map(data.quality);
  const start = startTime === undefined ? Number.NEGATIVE_INFINITY : parseInstant(startTime, "startTime");
  const end = endTime === undefined ? Infinity : parseInstant(endTime, "endTime");
  for (const queue of queues) {
    const { id } = prepared.graphs[0]!.byNode.get(queue)!;
    const frame = frameRange(frames.get(id)!, { start, end });
    frames.set(id, frame);
    quality.set(id, checkFrame(frame, { stream: queue.name, source: `queue:${queue.name}` }).quality);
  }
  return { frames, quality };
}

async function evaluate(
  client: GatewayClient,
  strategyId: string,
  result: RunResult,
  world: string,
  evidence: SubmitOptions["evidence"],
): Promise<Readonly<Record<string, unknown>>> {
  const { startMs, endMs } = result.metrics;
  const seen = { ...evidence, manifest: result.strategyId };
  const body = {
    metrics: { [strategyId]: metricsOnWire(result.metrics) },
    series: { [strategyId]: { equity: thinned(result.equity) } },
    ...(startMs !== null &&
      endMs !== null && {
        data_currency_by_strategy: {
          [strategyId]: { data_start: new Date(startMs).toISOString(), data_end: new Date(endMs).toISOString() },
        },
      }),
    evidence: { [strategyId]: seen },
  };
  return client.world("POST", world, "/evaluate", { body });
}

/** Figures under their wire names: `maxDrawdown` is `max_drawdown`, and undefined ones are null. */
function metricsOnWire(metrics: PerformanceMetrics): Readonly<Record<string, number | null>> {
  const figures = Object.entries(metrics).flatMap(([name, value]) => {
    if (typeof value !== "number" && value !== null) return [];
    const wire = name.replace(/[A-Z]|\d+$/g, (part) => `_${part.toLowerCase()}`);
    return [[wire, value === null || !Number.isFinite(value) ? null : value] as const];
  });
  return Object.fromEntries(figures);
}

const pointsMax = 5_000;

/** Every k-th point, the last one kept. */
function thinned(equity: Float64Array): number[] {
  const step = Math.max(1, Math.ceil(equity.length / pointsMax));
  const points: number[] = [];
  for (let at = (equity.length - 1) % step; at >= 0 && at < equity.length; at += step) points.push(equity[at]!);
  return points;
}

/** The answer, or why there is none: a world without a policy, or without a WorldService, is no failure of a submission. */
async function said<T>(hints: string[], ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    hints.push(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

function notInTime(url: string, waitMs: number): QmtlError {
  return new QmtlError(
    "DEPENDENCY_UNAVAILABLE",
    `the gateway at ${url} did not take the strategy within ${waitMs} ms`,
    {
      hint: "start it with qmtl up, or check gatewayUrl",
    },
  );
}
