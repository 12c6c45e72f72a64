import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { assert, parseInstant, QmtlError, sleep, type Clock, type EpochMs, type NodeId } from "@qmtl/core";
import { blake3Text } from "@qmtl/core/identity";
import type { StrategyAck } from "@qmtl/contracts/gateway";
import type { Frame } from "@qmtl/engine/frame";
import type { RunResult } from "@qmtl/engine/result";
import type { BookOrder, ExposureBook } from "@qmtl/policy/order-gate";
import { systemClock } from "../edge/system-clock.ts";
import { ReplayFeed, type LiveFeed } from "../feeds/index.ts";
import { GatewayClient, strategyDocument } from "../gateway-client/index.ts";
import { emptyFrame, frameRange, type TimeRange } from "../history/index.ts";
import { LiveCompute, LiveStreams, RunJournal, type Admission, type LiveRow, type OrderAsk } from "../live/index.ts";
import { assembleResult } from "../runner/assemble-result.ts";
import { bindData, type BoundData } from "../runner/bind-data.ts";
import { callHook, reportFailure } from "../runner/hooks.ts";
import { prepareRun, type PreparedRun, type StrategyInput } from "../runner/offline.ts";
import { StreamInput } from "../strategy/stream-input.ts";
import { strategyName, type Strategy } from "../strategy/strategy.ts";
import { FillReporter } from "./fill-reporter.ts";
import type { WorldRunNotice, WorldRunOptions } from "./options.ts";
import { OrderGateSession } from "./order-gate-session.ts";

/**
 * A strategy that follows a world: history, then live rows; node outputs and orders as in a backtest; orders leave while
 * the world lets them. The Gateway may come and go: computing goes on, orders do not.
 */
export class WorldRun implements AsyncDisposable {
  readonly strategy: Strategy;
  /** Ends when the feed does, or when the run is shut down. Rejects when the run cannot go on. */
  readonly ended: Promise<void>;
  readonly #options: WorldRunOptions;
  readonly #prepared: PreparedRun;
  readonly #clock: Clock;
  readonly #client: GatewayClient;
  readonly #compute: LiveCompute;
  readonly #data: BoundData;
  readonly #journal: RunJournal;
  readonly #stop = new AbortController();
  readonly #end = Promise.withResolvers<void>();
  readonly #onClose: (run: WorldRun) => void;
  #fills: FillReporter | undefined;
  #gate: OrderGateSession | undefined;
  #ack: StrategyAck | undefined;
  #streams: LiveStreams | undefined;
  #rowsSinceCheckpoint = 0;
  readonly #refusals = new Map<string, number>();
  #isFinished = false;

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
    this.#client = new GatewayClient({
      url: options.gatewayUrl,
      timeoutMs: options.testMode === true ? 1_500 : 2_000,
      ...(options.token !== undefined && { token: options.token }),
    });
    this.#compute = new LiveCompute(prepared, {
      ...(options.broker && { broker: options.broker }),
      orderScope: () => ({
        worldId: options.worldId,
        epoch: this.#gate?.epoch ?? 0,
        strategyId: this.#ack?.strategy_id ?? "",
      }),
      admit: (ask) => this.#admit(ask),
      onRefused: ({ reason }) => this.#refused(reason),
    });
  }

  /** @throws QmtlError for whatever is wrong with the strategy, its history or the options; never for an absent Gateway */
  static async open(
    strategy: StrategyInput,
    options: WorldRunOptions,
    onClose: (run: WorldRun) => void = () => undefined,
  ): Promise<WorldRun> {
    checkOptions(options);
    const prepared = prepareRun([strategy], options.params);
    const [first] = prepared.strategies;
    assert(first, "one strategy was given");
    try {
      await callHook(first, "onStart", () => first.onStart());
      const { data, feed } = await rowsOf(prepared, options);
      const folder = options.stateFolder ?? join(".qmtl", "runs", options.worldId, strategyName(first));
      const journal = RunJournal.open(join(folder, "run.db"), contentId(prepared, options));
      const run = new WorldRun(prepared, data, journal, { ...options, ...(feed && { feed }) }, onClose);
      run.#start();
      return run;
    } catch (error) {
      await reportFailure(prepared.strategies, error);
      throw error;
    }
  }

  /** The id under which the Gateway knows the strategy; undefined until it has answered. */
  get strategyId(): string | undefined {
    return this.#ack?.strategy_id;
  }

  /** Why no order leaves now; undefined while some may. */
  get ordersOffBecause(): string | undefined {
    return this.#gate === undefined ? "not_submitted" : this.#gate.closedBecause();
  }

  /** Everything that closes at or before this instant has been computed. */
  get closedMs(): EpochMs {
    return this.#compute.closedMs;
  }

  /** Account, orders and figures so far. */
  result(): RunResult {
    const { account } = this.#compute;
    const outputs = { columnsOf: (id: NodeId) => this.#compute.columnsOf(id), timeOf: () => new Float64Array(0) };
    return assembleResult(account, outputs, this.#data.quality, { keep: "none" });
  }

  /** Closes this run's order gate at once, whatever the world says, until the process ends (OG-7). */
  kill(reason: string): void {
    this.#gate?.kill(reason);
  }

  get isClosed(): boolean {
    return this.#isFinished;
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

  #closed: Promise<void> = Promise.resolve();

  #start(): void {
    const state = this.#journal.read();
    if (state.checkpoint === undefined) this.#compute.warmUp(this.#prepared, this.#data.frames);
    else this.#compute.restore(state);
    // The first one says where the account began: behind the history of that day.
    this.#checkpoint();
    this.#fills = new FillReporter({
      journal: this.#journal,
      client: this.#client,
      clock: this.#clock,
      worldId: this.#options.worldId,
      instruments: this.#compute.account.instruments,
      strategyId: () => this.#ack?.strategy_id,
    });
    this.#options.signal?.addEventListener("abort", () => this.#finish(undefined), { once: true });
    void this.#submit();
    this.#openStreams();
  }

  #openStreams(): void {
    const { feed } = this.#options;
    if (feed === undefined) {
      this.#notice("data", "the run has no feed: its history is computed, and no row follows");
      this.#clock.after(0, () => this.#finish(undefined));
      return;
    }
    const { streams } = this.#compute;
    const nextMs = (index: number): EpochMs => {
      const { closedMs } = this.#compute;
      const { intervalMs } = streams[index]!;
      return closedMs === Number.NEGATIVE_INFINITY ? 0 : Math.floor(closedMs / intervalMs) * intervalMs;
    };
    this.#streams = new LiveStreams({
      streams,
      feed,
      clock: this.#clock,
      fromMs: streams.map((_, index) => nextMs(index)),
      history: (index, range) => this.#historyOf(index, range),
      onInstant: (closeMs, rows) => this.#instant(closeMs, rows),
      onNotice: ({ message }) => this.#notice("data", message),
      onEnd: () => this.#finish(undefined),
    });
  }

  /** One instant: computed, decided, written down; only then does anybody outside hear of it. */
  #instant(closeMs: EpochMs, rows: readonly LiveRow[]): void {
    if (this.#isFinished) return;
    try {
      const step = this.#compute.step(closeMs, rows);
      this.#journal.commit({ closeMs, rows, ...step, equity: this.#compute.account.broker.account.equity });
      this.#rowsSinceCheckpoint += rows.length;
      if (this.#rowsSinceCheckpoint >= rowsPerCheckpoint) this.#checkpoint();
      if (step.fills.length > 0) this.#fills?.wake();
    } catch (error) {
      this.#finish(error);
    }
  }

  #checkpoint(): void {
    this.#rowsSinceCheckpoint = 0;
    this.#journal.checkpoint(this.#compute.closedMs, this.#compute.save());
  }

  #historyOf(index: number, range: TimeRange): Promise<Frame> | undefined {
    const { feed } = this.#options;
    const stream = this.#compute.streams[index]!;
    const { name, symbol = name, intervalMs, fields, id } = stream;
    if (feed?.history) return feed.history({ stream: name, symbol, intervalMs, fields, fromMs: range.start }, range);
    const { node } = this.#prepared.graphs[0]!.nodes.find((each) => each.id === id)!;
    const past = node instanceof StreamInput ? node.history : undefined;
    return past?.fetch({ nodeId: id, intervalMs, ...range });
  }

  #admit(ask: OrderAsk): Admission {
    if (this.#gate === undefined || this.#ack === undefined) return { allowed: false, reason: "not_submitted" };
    const { worldId } = this.#options;
    const strategyId = this.#ack.strategy_id;
    const scope = { accountId: "paper", worldId, strategyId, symbol: ask.symbol };
    const side = ask.exposure;
    const exposure: BookOrder = { ...scope, quantity: ask.quantity, price: ask.price };
    const verdict = this.#gate.mayLeave(
      {
        strategyId,
        side,
        venue: "simulated",
        executionDomain: "dryrun",
        epoch: this.#gate.epoch,
        reduceOnly: ask.reduces,
        exposure,
      },
      this.#book(strategyId),
    );
    if (verdict.kind === "refused") return { allowed: false, reason: verdict.reason };
    const entry = this.#gate.entryOf(side);
    return { allowed: true, weight: entry?.weight ?? 0 };
  }

  /** Positions and open orders of the account: what limits are counted against (OG-8). */
  #book(strategyId: string): ExposureBook {
    const { broker, instruments } = this.#compute.account;
    const { worldId, limits = {} } = this.#options;
    const scopeOf = (instrument: number) => ({
      accountId: "paper",
      worldId,
      strategyId,
      symbol: instruments[instrument]!.symbol,
    });
    const positions: ExposureBook["positions"] = new Map(
      instruments.flatMap((_, instrument) => {
        const { quantity, markPrice } = broker.account.position(instrument);
        const position = { ...scopeOf(instrument), quantity, price: markPrice };
        return quantity === 0 ? [] : [[JSON.stringify(Object.values(scopeOf(instrument))), position] as const];
      }),
    );
    const orders: ExposureBook["orders"] = new Map(
      this.#compute.openOrders().map(({ clientOrderId, order }) => {
        const left = order.quantity - order.filledQuantity;
        const price = order.limitPrice ?? order.stopPrice ?? broker.account.position(order.instrument).markPrice;
        return [clientOrderId, { ...scopeOf(order.instrument), quantity: order.side === "BUY" ? left : -left, price }];
      }),
    );
    return { limits, positions, orders };
  }

  #refused(reason: string): void {
    const count = (this.#refusals.get(reason) ?? 0) + 1;
    this.#refusals.set(reason, count);
    if (count === 1) this.#notice("orders", `an order was refused: ${reason}; the run goes on computing`);
  }

  /** Submits until the Gateway takes it: the same key, so that asking twice is asking once (S-4). */
  async #submit(): Promise<void> {
    const { worldId } = this.#options;
    const document = strategyDocument(this.#prepared.graphs[0]!);
    const submission = { ...document, world_ids: [worldId] };
    const key = blake3Text(JSON.stringify(["qmtl/submission/1", worldId, document.dag_json]));
    const { signal } = this.#stop;
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        this.#ack = await this.#client.submit(submission, key, signal);
      } catch (error) {
        if (signal.aborted) return;
        const known = duplicateOf(error);
        if (known === undefined) {
          const message = error instanceof Error ? error.message : String(error);
          if (!isPassing(error)) {
            this.#notice("submission", `the gateway refuses the strategy: ${message}; orders stay off`);
            return;
          }
          if (attempt === 0) this.#notice("contact", `${message}; the strategy computes, orders are off`);
          await sleep(this.#clock, Math.min(5_000, 100 * 2 ** Math.min(attempt, 6)), signal).catch(() => undefined);
          continue;
        }
        this.#ack = known;
      }
      break;
    }
    if (signal.aborted || this.#ack === undefined) return;
    this.#notice("submission", `submitted to world "${worldId}" as ${this.#ack.strategy_id}`);
    this.#openGate(this.#ack.strategy_id);
    this.#fills?.wake();
  }

  #openGate(strategyId: string): void {
    const { worldId, testMode } = this.#options;
    this.#gate = new OrderGateSession({
      client: this.#client,
      worldId,
      strategyId,
      holder: `${strategyId}`,
      incarnation: randomUUID(),
      clock: this.#clock,
      silenceMsMax: testMode === true ? 2_000 : 5_000,
      onGate: (isOpen, reason) => {
        this.#refusals.clear();
        this.#notice("orders", isOpen ? "orders are on" : `orders are off: ${reason ?? "closed"}`);
      },
      onContact: (isThere, message) =>
        this.#notice("contact", isThere ? message : `${message}; the strategy computes, orders are off`),
    });
  }

  #notice(kind: WorldRunNotice["kind"], message: string): void {
    this.#options.onNotice?.({ kind, message });
  }

  #finish(error: unknown): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    this.#stop.abort(new QmtlError("CANCELLED", "the run was shut down"));
    this.#gate?.close();
    this.#streams?.close();
    this.#closed = this.#close(error);
  }

  async #close(error: unknown): Promise<void> {
    const { strategy } = this;
    this.#onClose(this);
    try {
      await this.#fills?.close();
      if (error === undefined) {
        this.#checkpoint();
        await callHook(strategy, "onFinish", () => strategy.onFinish(this.result()));
        this.#end.resolve();
      } else {
        await reportFailure([strategy], error);
        this.#end.reject(error as Error);
      }
    } catch (failure) {
      this.#end.reject(failure as Error);
    } finally {
      this.#journal[Symbol.dispose]();
    }
  }
}

const rowsPerCheckpoint = 1_000;

function checkOptions({ worldId }: WorldRunOptions): void {
  if (typeof worldId === "string" && /^[A-Za-z0-9][\w.-]{0,127}$/.test(worldId)) return;
  throw new QmtlError("USAGE", `worldId must be letters, digits, ".", "-" and "_"; found ${JSON.stringify(worldId)}`);
}

/** Rows before the feed, and the feed. A stream without rows starts empty: the feed has to bring the warm-up. */
async function rowsOf(prepared: PreparedRun, options: WorldRunOptions): Promise<{ data: BoundData; feed?: LiveFeed }> {
  const { data, load, historyStart, historyEnd, signal, onProgress, feed, replaySpeed } = options;
  const nodes = prepared.graphs[0]!.nodes.filter(({ node }) => node instanceof StreamInput);
  const streams = nodes.map(({ id, node, intervalMs }) => ({ id, intervalMs, stream: node as StreamInput<string> }));
  const hasPast = data !== undefined || streams.some(({ stream }) => stream.history !== undefined);
  if (!hasPast && feed !== undefined) {
    const frames = new Map(streams.map(({ id, stream, intervalMs }) => [id, withNoRows(stream, intervalMs)]));
    return { data: { frames, quality: new Map() }, feed };
  }
  const replays = feed === undefined && replaySpeed !== undefined;
  const bound = await bindData(prepared.graphs, {
    ...(data !== undefined && { data }),
    ...(load && { load }),
    ...(historyStart !== undefined && { startTime: historyStart }),
    ...(historyEnd !== undefined && !replays && { endTime: historyEnd }),
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
  });
  if (!replays) return { data: bound, ...(feed && { feed }) };
  const splitMs = historyEnd === undefined ? middleOf(bound) : parseInstant(historyEnd, "historyEnd");
  const past = new Map([...bound.frames].map(([id, frame]) => [id, frameRange(frame, { start: 0, end: splitMs })]));
  const played = streams.map(({ id, stream }) => [stream.name, bound.frames.get(id)!] as const);
  return {
    data: { ...bound, frames: past },
    feed: new ReplayFeed({
      data: Object.fromEntries(played),
      speed: replaySpeed,
      ...(options.clock && { clock: options.clock }),
    }),
  };
}

function middleOf({ frames }: BoundData): EpochMs {
  const [first] = frames.values();
  return first!.time[first!.length >> 1]!;
}

function withNoRows(stream: StreamInput<string>, intervalMs: number): Frame {
  const columns = Object.fromEntries(stream.fields.map((field) => [field, new Float64Array(0)]));
  return { ...emptyFrame(intervalMs), columns };
}

/** Equal exactly when nodes and broker are: state of one is of no use to another. */
function contentId({ graphs }: PreparedRun, { broker }: WorldRunOptions): string {
  const ids = [...new Set(graphs[0]!.nodes.map(({ id }) => id))].sort();
  return blake3Text(JSON.stringify(["qmtl/run/1", ids, broker ?? null]));
}

/** A strategy that the Gateway has already is the one we mean: the answer names it. */
function duplicateOf(error: unknown): StrategyAck | undefined {
  if (!(error instanceof QmtlError) || error.code !== "SUBMISSION_DUPLICATE") return undefined;
  const { strategy_id: strategyId } = error.details;
  if (typeof strategyId !== "string") return undefined;
  return {
    strategy_id: strategyId,
    queue_map: {},
    sentinel_id: `${strategyId}-sentinel`,
    node_ids_crc32: 0,
    world_ids: [],
    downgraded: false,
    downgrade_reason: null,
    safe_mode: false,
  };
}

/** Whether asking again may help: the Gateway is away, or too busy. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof QmtlError)) return true;
  return ["DEPENDENCY_UNAVAILABLE", "DEPENDENCY_FAILED", "SERVICE_OVERLOADED", "RATE_LIMITED", "STORE_FAILED"].includes(
    error.code,
  );
}
