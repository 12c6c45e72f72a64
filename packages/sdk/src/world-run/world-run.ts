import { randomUUID } from "node:crypto";
import { join } from "node:path";
import {
  computeContextOf,
  computeKey,
  formatInstant,
  QmtlError,
  type Clock,
  type EpochMs,
  type NodeId,
  nearestWord,
} from "@qmtl/core";
import { blake3Text } from "@qmtl/core/identity";
import type { Frame } from "@qmtl/engine/frame";
import type { RunResult } from "@qmtl/engine/result";
import { OutputColumns } from "@qmtl/engine/view";
import { systemClock } from "../edge/system-clock.ts";
import { testModeAsked } from "../edge/test-mode.ts";
import { GatewayClient, strategyDocument } from "../gateway-client/index.ts";
import type { TimeRange } from "../history/index.ts";
import {
  LiveStreams,
  RunJournal,
  SharedRun,
  type Admission,
  type JournalInstant,
  type LiveStream,
  type OrderAsk,
  type SentOrder,
} from "../live/index.ts";
import { assembleResult, warningsOfWhole } from "../runner/assemble-result.ts";
import type { BoundData } from "../runner/bind-data.ts";
import { offlineOptionNames } from "../runner/check-options.ts";
import { RunMetrics, serveMetrics, type MetricsServer } from "../run-metrics/index.ts";
import { callHook, reportFailure } from "../runner/hooks.ts";
import type { PreparedRun, StrategyInput } from "../runner/offline.ts";
import type { OfflineOptions } from "../runner/options.ts";
import { gatewayExchange, NodeSharing, type SharedNodeAddress } from "../sharing/index.ts";
import { StreamInput } from "../strategy/stream-input.ts";
import type { Strategy } from "../strategy/strategy.ts";
import { graphInWorld, stateFolderOf } from "../world-graph/index.ts";
import { FillReporter } from "./fill-reporter.ts";
import type { WorldRunNotice, WorldRunOptions } from "./options.ts";
import { OrderGateSession } from "./order-gate-session.ts";
import { admitToPaper } from "./paper-admission.ts";
import { withQueues } from "./queue-rows.ts";
import { rowsOf } from "./rows-of.ts";
import { queuesOf, submitUntilTaken } from "./submission.ts";
import { UnreadQueues } from "./unread-queues.ts";

/**
 * A strategy that follows a world: history, then live rows; node outputs and orders as in a backtest; orders leave while
 * the world lets them. The Gateway may come and go: computing goes on, orders do not.
 */
export class WorldRun implements AsyncDisposable {
  readonly strategy: Strategy;
  /** Ends when the feed does, or when the run is shut down. Rejects when the run cannot go on. */
  readonly ended: Promise<void>;
  readonly metrics: RunMetrics;
  readonly #options: WorldRunOptions;
  readonly #prepared: PreparedRun;
  readonly #clock: Clock;
  readonly #client: GatewayClient;
  readonly #run: SharedRun;
  readonly #data: BoundData;
  readonly #journal: RunJournal;
  readonly #fills: FillReporter;
  readonly #incarnation = randomUUID();
  readonly #stop = new AbortController();
  readonly #end = Promise.withResolvers<void>();
  readonly #onClose: (run: WorldRun) => void;
  readonly #refusals = new Map<string, number>();
  /** Since the gate last changed. */
  readonly #saidRefusals = new Set<string>();
  #strategyId: string | undefined;
  #gate: OrderGateSession | undefined;
  #sharing: NodeSharing | undefined;
  #streams: LiveStreams | undefined;
  /** Instants that were computed in this turn. */
  readonly #unwritten: JournalInstant[] = [];
  #rowsSinceCheckpoint = 0;
  /** Streams of the strategy's own inputs; once nodes are shared, the run has others too. */
  #inputs: readonly LiveStream[] = [];
  /** A state that was written down has been found. */
  #wasThere = false;
  #cancelWait: (() => void) | undefined;
  #isFinished = false;
  #metricsServer: MetricsServer | undefined;
  #saidPaper = false;
  readonly #unread: UnreadQueues;
  #isJournalClosed = false;
  #lastEquity: ReturnType<RunJournal["equity"]> = { times: new Float64Array(0), equity: new Float64Array(0) };
  #closed: Promise<void> = Promise.resolve();

  private constructor(
    prepared: PreparedRun,
    data: BoundData,
    journal: RunJournal,
    options: WorldRunOptions,
    onClose: (run: WorldRun) => void,
  ) {
    this.#prepared = prepared;
    this.#data = data;
    this.#journal = journal;
    this.#options = options;
    this.#onClose = onClose;
    this.#clock = options.clock ?? systemClock;
    this.strategy = prepared.strategies[0]!;
    this.ended = this.#end.promise;
    this.ended.catch(() => undefined); // whoever waits for it hears of it
    this.#client = clientOf(options);
    this.#unread = new UnreadQueues(prepared.strategies[0]!, (message) => this.#notice("data", message));
    this.metrics = new RunMetrics(options.worldId, () => {
      const { sharpe, maxDrawdown } = this.result().metrics;
      const stalenessSeconds = (this.#clock.nowMs() - this.closedMs) / 1_000;
      return { sharpe, maxDrawdown, stalenessSeconds, residentBytes: this.#run.compute.residentBytes() };
    });
    this.#run = new SharedRun({
      prepared,
      past: data.frames,
      journal,
      clock: this.#clock,
      ...(options.broker && { broker: options.broker }),
      ...(options.returnsBasis && { returnsBasis: options.returnsBasis }),
      orderScope: () => ({
        worldId: options.worldId,
        epoch: this.#gate?.epoch ?? 0,
        strategyId: this.#strategyId ?? "",
      }),
      admit: (ask) => {
        const verdict = this.#admit(ask);
        this.metrics.asked(verdict.allowed ? undefined : verdict.reason);
        return verdict;
      },
      onRefused: ({ reason }) => this.#refused(reason),
      ...(options.onOrder && { onSent: (sent) => this.#sent(sent) }),
      onFailure: (error) => this.#finish(error),
      onInstant: (closeMs, rows, step) => {
        const { equity } = this.#run.compute.account.broker.account;
        // Instants of one turn are written down together, and one that stands alone right behind itself.
        if (this.#unwritten.push({ closeMs, rows, ...step, equity }) === 1) queueMicrotask(() => this.#write());
      },
    });
    this.#fills = new FillReporter({
      journal,
      client: this.#client,
      clock: this.#clock,
      worldId: options.worldId,
      instruments: this.#run.compute.account.instruments,
      strategyId: () => this.#strategyId,
    });
  }

  /** @throws QmtlError for whatever is wrong with the strategy, its history or the options; never for an absent Gateway */
  static async open(
    strategy: StrategyInput,
    given: WorldRunOptions,
    onClose: (run: WorldRun) => void = () => undefined,
  ): Promise<WorldRun> {
    checkOptions(given);
    const options = { ...given, testMode: given.testMode ?? (await testModeAsked()) };
    const client = clientOf(options);
    const { params, stateFolder, signal, clock } = options;
    const { prepared, queues } = await graphInWorld(strategy, options.worldId, {
      client,
      params,
      stateFolder,
      signal,
      ...(clock && { clock }),
      onNotice: (message) => options.onNotice?.({ kind: "data", message }),
    });
    const [first] = prepared.strategies as [Strategy];
    const exchange = gatewayExchange(client, options.worldId);
    try {
      await callHook(first, "onStart", () => first.onStart());
      const { data, feed } = await withQueues(queues, prepared, await rowsOf(prepared, options), exchange, options);
      const journal = RunJournal.open(join(folderOf(first, options), "run.db"), contentId(prepared, options));
      const run = new WorldRun(prepared, data, journal, { ...options, ...(feed && { feed }) }, onClose);
      if (options.metricsPort !== undefined) run.#metricsServer = await serveMetrics(run.metrics, options.metricsPort);
      run.#start(options.feed === undefined && options.replaySpeed !== undefined);
      return run;
    } catch (error) {
      await reportFailure(prepared.strategies, error);
      throw error;
    }
  }

  /** The id under which the Gateway knows the strategy; undefined until it has answered. */
  get strategyId(): string | undefined {
    return this.#strategyId;
  }

  /** Why no order leaves now; undefined while some may. */
  get ordersOffBecause(): string | undefined {
    return this.#gate === undefined ? "not_submitted" : this.#gate.closedBecause();
  }

  /** Everything that closes at or before this instant has been computed. */
  get closedMs(): EpochMs {
    return this.#run.compute.closedMs;
  }

  get isClosed(): boolean {
    return this.#isFinished;
  }

  /** Where the metrics are served; undefined unless `metricsPort` was given. */
  get metricsUrl(): string | undefined {
    return this.#metricsServer?.url;
  }

  /** Account, orders and figures so far. */
  result(): RunResult {
    const outputs = {
      columnsOf: (id: NodeId) => this.#run.compute.columnsOf(id) ?? new OutputColumns(0),
      timeOf: () => new Float64Array(0),
    };
    const { account } = this.#run.compute;
    const result = assembleResult(account, outputs, this.#data.quality, {
      keep: "none",
      ...(this.#options.trials && { trials: this.#options.trials }),
    });
    this.#write();
    // Curves go back to where the run began, before this process did; why nothing traded is for the gate to say.
    const { times, equity } = this.#isJournalClosed ? this.#lastEquity : this.#journal.equity();
    const reasons = [...this.#refusals].map(([reason, count]) => `${count} orders were refused: ${reason}`);
    const own = {
      times,
      equity,
      warnings: warningsOfWhole(result.warnings, times.length),
      zeroTradeReasons: account.broker.fills.length === 0 ? reasons : [],
    };
    return Object.defineProperties({} as RunResult, {
      ...Object.getOwnPropertyDescriptors(result),
      ...Object.getOwnPropertyDescriptors(own),
    });
  }

  /** Closes this run's order gate at once, whatever the world says, until the process ends (OG-7). */
  kill(reason: string): void {
    this.#gate?.kill(reason);
  }

  /** Stops; `onFinish` follows. Closing twice is no error. */
  close(): void {
    this.#finish(undefined);
  }

  /** Stops, and waits until the strategy's `onFinish`, which is called once, is over. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#finish(undefined);
    await this.#closed;
  }

  #start(isReplay: boolean): void {
    const before = this.#journal.read();
    this.#run.start(before);
    this.#inputs = this.#run.compute.streams;
    // The first one says where the account began: behind the history of that day.
    this.#checkpoint();
    this.#options.signal?.addEventListener("abort", () => this.#finish(undefined), { once: true });
    void this.#join();
    this.#wasThere = before.checkpoint !== undefined || before.instants.length > 0;
    if (isReplay) this.#waitForWorld();
    else this.#openStreams();
  }

  /** Played rows can wait, as live ones cannot: at full speed all would be over before the world has been joined. */
  #waitForWorld(): void {
    this.#cancelWait = this.#clock.after(contactMsMax, () => {
      if (this.#strategyId === undefined) this.#openStreams();
      else this.#cancelWait = this.#clock.after(joinMsMax, () => this.#openStreams());
    });
  }

  #replay(): void {
    this.#cancelWait?.();
    if (this.#cancelWait !== undefined && !this.#isFinished) this.#openStreams();
  }

  #openStreams(): void {
    this.#cancelWait = undefined;
    const { feed } = this.#options;
    if (feed === undefined) {
      this.#notice(
        "data",
        "the run has no feed: its history is computed, and no row follows; play its last half as if it happened now with " +
          "--replay 60 (replaySpeed), or give the run a feed",
      );
      this.#clock.after(0, () => this.#finish(undefined));
      return;
    }
    const streams = this.#inputs;
    const { closedMs } = this.#run.compute;
    const sayWhenNothingCame = (): void => {
      if (!this.#wasThere || this.closedMs > closedMs) return;
      const place = folderOf(this.strategy, this.#options);
      this.#notice(
        "data",
        `no row followed ${formatInstant(closedMs)}, to which the run had come before; to start afresh, move "${place}" away`,
      );
    };
    this.#streams = new LiveStreams({
      streams,
      feed,
      clock: this.#clock,
      merger: this.#run.merger,
      fromMs: streams.map(({ intervalMs }) =>
        closedMs === Number.NEGATIVE_INFINITY ? 0 : Math.floor(closedMs / intervalMs) * intervalMs,
      ),
      history: (index, range) => {
        const rows = this.#historyOf(index, range);
        const { id, intervalMs } = streams[index]!;
        const done = rows && this.metrics.backfilling(id, intervalMs / 1_000);
        rows?.then(
          () => done?.(range.end),
          () => done?.(undefined),
        );
        return rows;
      },
      onNotice: ({ message }) => this.#notice("data", message),
      onEnd: () =>
        this.#whenAllIsComputed(() => {
          sayWhenNothingCame();
          this.#finish(undefined);
        }),
    });
  }

  /**
   * Rows that the feed has brought may still wait for those of another stream, or for nodes that another run computes and
   * that may have to be taken over first. They are waited for as long as anything comes of it.
   */
  #whenAllIsComputed(end: () => void): void {
    const { merger, compute } = this.#run;
    let { closedMs } = compute;
    let sinceMs = this.#clock.monotonicMs();
    const look = (): void => {
      if (this.#isFinished) return;
      const nowMs = this.#clock.monotonicMs();
      if (this.closedMs > closedMs) [closedMs, sinceMs] = [this.closedMs, nowMs];
      if (merger.isEmpty || nowMs - sinceMs >= lastRowsMsMax) end();
      else this.#clock.after(20, look);
    };
    look();
  }

  #historyOf(index: number, range: TimeRange): Promise<Frame> | undefined {
    const { feed } = this.#options;
    const { id, intervalMs, fields, ...stream } = this.#inputs[index]!;
    const symbol = stream.symbol ?? stream.name;
    if (feed?.history)
      return feed.history({ stream: stream.name, symbol, intervalMs, fields, fromMs: range.start }, range);
    const { node } = this.#prepared.graphs[0]!.nodes.find((each) => each.id === id)!;
    const past = node instanceof StreamInput ? node.history : undefined;
    return past?.fetch({ nodeId: id, intervalMs, ...range });
  }

  /** Submits, opens the gate's session, and shares what others compute too; each as soon as the Gateway answers. */
  async #join(): Promise<void> {
    const { worldId } = this.#options;
    const { signal } = this.#stop;
    const [graph] = this.#prepared.graphs;
    try {
      const strategyId = await submitUntilTaken({
        client: this.#client,
        clock: this.#clock,
        worldId,
        document: strategyDocument(graph!),
        signal,
        onWaiting: (message) => this.#notice("contact", `${message}; the strategy computes, orders are off`),
      });
      this.#strategyId = strategyId;
      this.#notice("submission", `submitted to world "${worldId}" as ${strategyId}`);
      this.#openGate(strategyId);
      this.#fills.wake();
      const queues = await queuesOf(this.#client, strategyId, this.#clock, signal);
      if (queues === undefined || signal.aborted) return;
      this.#unread.know(Object.values(queues).flatMap((list) => list.map(({ queue }) => queue)));
      this.#share(queues);
    } catch (error) {
      if (signal.aborted) return;
      const message = error instanceof Error ? error.message : String(error);
      this.#notice("submission", `the gateway refuses the strategy: ${message}; orders stay off`);
      this.#replay();
    }
  }

  /** Computed and decided; now written down; only then does anybody outside hear of it. */
  #write(): void {
    if (this.#unwritten.length === 0) return;
    try {
      const instants = this.#unwritten.splice(0);
      this.#journal.commit(instants);
      this.#rowsSinceCheckpoint += instants.reduce((sum, { rows }) => sum + rows.length, 0);
      if (this.#rowsSinceCheckpoint >= rowsPerCheckpoint) this.#checkpoint();
      this.#run.send();
      this.metrics.filled(instants.reduce((sum, { fills }) => sum + fills.length, 0));
      if (instants.some(({ fills }) => fills.length > 0)) this.#fills.wake();
    } catch (error) {
      this.#finish(error);
    }
  }

  #openGate(strategyId: string): void {
    const { worldId, testMode } = this.#options;
    this.#gate = new OrderGateSession({
      client: this.#client,
      worldId,
      strategyId,
      holder: strategyId,
      incarnation: this.#incarnation,
      clock: this.#clock,
      silenceMsMax: testMode === true ? 2_000 : 5_000,
      onOrders: (offBecause, mode) => {
        this.#saidRefusals.clear();
        if (mode === "live" && !this.#saidPaper) {
          this.#saidPaper = true;
          this.#notice("orders", "the world is live, but this run has no venue to trade on: its orders stay on paper");
        }
        this.#notice("orders", offBecause === undefined ? "orders are on" : `orders are off: ${offBecause}`);
        if (this.#gate?.isJoined === true) this.#replay();
      },
      onQueues: (event) => this.#unread.heard(event),
      onContact: (isThere, message) =>
        this.#notice("contact", isThere ? message : `${message}; the strategy computes, orders are off`),
    });
  }

  #share(queues: Readonly<Record<string, readonly { readonly queue: string; readonly global: boolean }[]>>): void {
    const [graph] = this.#prepared.graphs;
    const context = computeContextOf({ worldId: this.#options.worldId });
    const addresses = new Map<NodeId, SharedNodeAddress>();
    for (const { id, node } of graph!.nodes) {
      const topic = queues[id]?.find(({ global }) => !global)?.queue;
      const isShared = (node as { readonly shared?: boolean }).shared !== false && !(node instanceof StreamInput);
      if (topic !== undefined && isShared) addresses.set(id, { id, topic, key: computeKey(id, context) });
    }
    if (addresses.size === 0) return;
    const exchange = gatewayExchange(this.#client, this.#options.worldId);
    this.#sharing = new NodeSharing({
      exchange,
      clock: this.#clock,
      holder: this.#incarnation,
      graph: graph!,
      addresses,
      fieldsOf: (node) => this.#run.fieldsOf(node),
      closedMs: () => this.closedMs,
      onSharing: (sharing) => {
        // Nodes are brought to where the account stands from what is written down: nothing of it may still be under way.
        this.#write();
        if (this.#isFinished) return;
        try {
          this.#run.share(sharing, exchange);
          const { computed, read } = sharing.split;
          const reads = read.size === 0 ? "" : `, and reads ${read.size} that another run computes`;
          this.#notice("data", `this run computes ${computed.size} nodes${reads}`);
        } catch (error) {
          this.#finish(error);
        }
      },
    });
  }

  #admit(ask: OrderAsk): Admission {
    const { worldId, limits = {} } = this.#options;
    if (this.#gate === undefined || this.#strategyId === undefined) return { allowed: false, reason: "not_submitted" };
    return admitToPaper(ask, this.#gate, this.#run.compute, { worldId, strategyId: this.#strategyId, limits });
  }

  // In the turn of the gate's word: written down, then told (OG-1, OG-9).
  #sent(sent: SentOrder): void {
    this.#journal.recordSent(sent);
    // A disk may take its time, and a process may be stopped over it: the gate is asked again by the clock of now, and
    // what it closed for stays in the paper account alone.
    const closed = this.#gate?.closedBecause();
    if (closed !== undefined) return this.#refused(closed);
    const { clientOrderId, order } = sent;
    this.#options.onOrder?.({
      clientOrderId,
      worldId: this.#options.worldId,
      epoch: this.#gate?.epoch ?? 0,
      strategyId: this.#strategyId ?? "",
      symbol: this.#run.compute.account.instruments[order.instrument]!.symbol,
      order,
    });
  }

  #refused(reason: string): void {
    const count = (this.#refusals.get(reason) ?? 0) + 1;
    this.#refusals.set(reason, count);
    if (!this.#saidRefusals.has(reason)) {
      this.#saidRefusals.add(reason);
      this.#notice("orders", `an order was refused: ${reason}; the run goes on computing`);
    }
  }

  #notice(kind: WorldRunNotice["kind"], message: string): void {
    this.#options.onNotice?.({ kind, message });
  }

  // State is written down where it is one: a run that reads some of its nodes goes back to the last whole one, and what
  // was not sent yet is sent again from there.
  #checkpoint(): void {
    if (!this.#run.isWhole || !this.#run.isDrained) return;
    this.#rowsSinceCheckpoint = 0;
    const startedMs = this.#clock.monotonicMs();
    this.#journal.checkpoint(this.closedMs, this.#run.compute.save());
    this.metrics.checkpointed(this.#clock.monotonicMs() - startedMs);
  }

  #finish(error: unknown): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    this.#cancelWait?.();
    this.#stop.abort(new QmtlError("CANCELLED", "the run was shut down"));
    this.#write();
    this.#gate?.close();
    this.#streams?.close();
    this.#closed = this.#close(error);
  }

  async #close(error: unknown): Promise<void> {
    this.#onClose(this);
    try {
      // Nodes are given back when their last rows are on their way: whoever takes them over goes on behind these.
      const shared = this.#run.close().finally(() => this.#sharing?.close());
      await Promise.allSettled([this.#fills.close(), shared]);
      if (error === undefined) {
        this.#checkpoint();
        await callHook(this.strategy, "onFinish", () => this.strategy.onFinish(this.result()));
        this.#end.resolve();
      } else {
        await reportFailure([this.strategy], error);
        this.#end.reject(error as Error);
      }
    } catch (failure) {
      this.#end.reject(failure as Error);
    } finally {
      this.#metricsServer?.close();
      this.#metricsServer = undefined;
      this.#lastEquity = this.#journal.equity();
      this.#isJournalClosed = true;
      this.#journal[Symbol.dispose]();
    }
  }
}

function clientOf({ gatewayUrl, token, testMode }: WorldRunOptions): GatewayClient {
  const timeoutMs = testMode === true ? 1_500 : 2_000;
  return new GatewayClient({ url: gatewayUrl, timeoutMs, ...(token !== undefined && { token }) });
}

const rowsPerCheckpoint = 1_000;
/** How long a replay waits for a Gateway, and for a world when the Gateway is there. */
const contactMsMax = 5_000;
const joinMsMax = 20_000;
/** How long rows that nothing comes of are waited for at the end: longer than a node takes to be taken over. */
const lastRowsMsMax = 10_000;

function folderOf(strategy: Strategy, { worldId, stateFolder }: WorldRunOptions): string {
  return stateFolder ?? stateFolderOf(strategy, worldId);
}

// Those of an offline run stand in the same record of a strategy file.
const optionNames: Readonly<Record<keyof WorldRunOptions | keyof OfflineOptions, true>> = {
  ...offlineOptionNames,
  worldId: true,
  gatewayUrl: true,
  token: true,
  feed: true,
  replaySpeed: true,
  historyStart: true,
  historyEnd: true,
  stateFolder: true,
  limits: true,
  onOrder: true,
  onNotice: true,
  metricsPort: true,
  testMode: true,
  clock: true,
};

function checkOptions(options: WorldRunOptions): void {
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(optionNames, name)) continue;
    const guess = nearestWord(name, Object.keys(optionNames));
    throw new QmtlError("PARAMETER_INVALID", `a run in a world has no option "${name}"`, {
      hint: guess === undefined ? `it has ${Object.keys(optionNames).join(", ")}` : `did you mean "${guess}"?`,
    });
  }
  const { worldId } = options;
  if (typeof worldId === "string" && /^[A-Za-z0-9][\w.-]{0,127}$/.test(worldId)) return;
  throw new QmtlError("USAGE", `worldId must be letters, digits, ".", "-" and "_"; found ${JSON.stringify(worldId)}`);
}

/** Equal exactly when nodes and broker are: state of one is of no use to another. */
function contentId({ graphs }: PreparedRun, { broker }: WorldRunOptions): string {
  const ids = [...new Set(graphs[0]!.nodes.map(({ id }) => id))].sort();
  return blake3Text(JSON.stringify(["qmtl/run/1", ids, broker ?? null]));
}
