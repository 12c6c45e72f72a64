import type { EpochMs, JsonValue, NodeId } from "@qmtl/core";
import { runBatch, StreamExecutor } from "@qmtl/engine/execute";
import type { Frame } from "@qmtl/engine/frame";
import type { Plan } from "@qmtl/engine/plan";
import {
  simulateColumns,
  simulateStream,
  type OrderSource,
  type SimulateHooks,
  type SimulationSnapshot,
  type StreamAccount,
  type StreamOrderSource,
  type StreamSource,
} from "@qmtl/engine/simulate";
import { Strategy } from "../strategy/strategy.ts";
import { payloadAt, type Account } from "./account.ts";
import type { NodeOutputs } from "./assemble-result.ts";
import { hookFailed } from "./hooks.ts";
import type { OfflineOptions } from "./options.ts";
import { StreamRecorder } from "./stream-recorder.ts";

/** Column by column, then every account over its bars. */
export function computeBatch(
  plan: Plan,
  frames: ReadonlyMap<NodeId, Frame>,
  accounts: readonly Account[],
  options: OfflineOptions,
): NodeOutputs {
  const run = runBatch(plan, frames, {
    onNode: (done, total) => {
      options.signal?.throwIfAborted();
      options.onProgress?.((0.5 * done) / total, "computing nodes");
    },
  });
  accounts.forEach((account, index) => {
    const sources: OrderSource[] = account.targets.map(({ node, instrument, unit }) => ({
      kind: "target",
      instrument,
      unit,
      intervalMs: node.intervalMs,
      time: run.rowsOf(node.id).time,
      values: run.columnsOf(node.id).numeric.get("value")!,
    }));
    for (const entry of account.orderPath.entries) {
      const columns = run.columnsOf(entry.id);
      sources.push({
        kind: "payload",
        intervalMs: entry.intervalMs,
        time: run.rowsOf(entry.id).time,
        deliver: (row, bucketMs, nowMs) => {
          const payload = payloadAt(columns, row);
          if (payload !== undefined) account.orderPath.deliver(entry, payload, bucketMs, nowMs);
        },
      });
    }
    simulateColumns(account.simulation, account.feeds, sources, hooksOf(account, options, index, accounts.length));
  });
  return { columnsOf: (id) => run.columnsOf(id), timeOf: (id) => run.rowsOf(id).time };
}

/** An account between two rows. */
export interface AccountState {
  readonly simulation: SimulationSnapshot;
  readonly orderPath: JsonValue;
  readonly seenRows: readonly number[];
}

/** Event by event, or many rows at a time; can go on when the sources get more rows. */
export class StreamRun {
  readonly executor: StreamExecutor;
  readonly sources: StreamSource[];
  readonly #accounts: readonly Account[];
  readonly #orders: readonly StreamOrderSource[][];
  readonly #options: OfflineOptions;
  readonly #recorder: StreamRecorder;
  #trading: readonly StreamAccount[] | undefined;

  /** @param rowsAtOnce - as `StreamExecutor` takes it */
  constructor(
    plan: Plan,
    frames: ReadonlyMap<NodeId, Frame>,
    accounts: readonly Account[],
    options: OfflineOptions,
    recorder: StreamRecorder = new StreamRecorder(plan, options.keep !== "none"),
    rowsAtOnce = 1,
  ) {
    this.executor = new StreamExecutor(plan, rowsAtOnce);
    this.#accounts = accounts;
    this.#options = options;
    this.#recorder = recorder;
    this.sources = plan.nodes.flatMap(({ node }) =>
      node.kind === "source" ? [{ id: node.id, frame: frames.get(node.id)!, fields: node.fields, next: 0 }] : [],
    );
    this.#orders = accounts.map((account) => streamOrders(account, this.executor));
    recorder.listenTo(this.executor);
  }

  /** Runs to the end of the rows that are there, or to the last close at or before `upToMs`. */
  run(upToMs?: EpochMs): void {
    this.#trading ??= this.#accounts.map((account, index) => ({
      simulation: account.simulation,
      feeds: account.feeds,
      feedSources: account.feeds.map((feed) => this.sources.findIndex(({ id }) => id === feed.source)),
      orders: this.#orders[index]!,
      hooks: hooksOf(account, this.#options, index, this.#accounts.length),
    }));
    simulateStream(this.executor, this.sources, this.#trading, upToMs);
  }

  /**
   * Stops here and goes on as another process would: everything the future depends on is copied out, and a new run of
   * fresh accounts starts from the copy.
   */
  restart(accounts: readonly Account[]): StreamRun {
    const state = structuredClone({ nodes: this.executor.save(), accounts: this.saveAccounts() });
    const frames = new Map(this.sources.map((source) => [source.id, source.frame]));
    const next = new StreamRun(this.executor.plan, frames, accounts, this.#options, this.#recorder);
    next.executor.load(state.nodes);
    next.loadAccounts(state.accounts);
    accounts.forEach(({ simulation, orderPath }, index) => {
      simulation.continueCurves(this.#accounts[index]!.simulation);
      orderPath.continueRecords(this.#accounts[index]!.orderPath);
    });
    next.sources.forEach((source, index) => (source.next = this.sources[index]!.next));
    return next;
  }

  /** What the accounts' future depends on, nodes aside; can be cloned and serialised. */
  saveAccounts(): readonly AccountState[] {
    return this.#accounts.map(({ simulation, orderPath }, index) => ({
      simulation: simulation.save(),
      orderPath: orderPath.save(),
      seenRows: this.#orders[index]!.map((order) => order.seenRows),
    }));
  }

  loadAccounts(states: readonly AccountState[]): void {
    this.#accounts.forEach(({ simulation, orderPath }, index) => {
      const state = states[index]!;
      simulation.load(state.simulation);
      orderPath.load(state.orderPath);
      this.#orders[index]!.forEach((order, place) => (order.seenRows = state.seenRows[place]!));
    });
  }

  /** Rows that are there already send no orders: they were history before the account opened. */
  passOverOrders(): void {
    for (const order of this.#orders.flat()) order.seenRows = order.grid.rows;
  }

  outputs(): NodeOutputs {
    return this.#recorder;
  }
}

/** Where a stream's rows become orders of an account. */
export function streamOrders(account: Account, executor: StreamExecutor): StreamOrderSource[] {
  const targets: StreamOrderSource[] = account.targets.map(({ node, instrument, unit }) => ({
    kind: "target",
    grid: executor.gridOf(node.id),
    column: executor.columnsOf(node.id).numeric.get("value")!,
    instrument,
    unit,
    seenRows: 0,
  }));
  const payloads: StreamOrderSource[] = account.orderPath.entries.map((entry) => {
    const columns = executor.columnsOf(entry.id);
    return {
      kind: "payload",
      grid: executor.gridOf(entry.id),
      seenRows: 0,
      deliver: (position, bucketMs, nowMs) => {
        const payload = payloadAt(columns, position);
        if (payload !== undefined) account.orderPath.deliver(entry, payload, bucketMs, nowMs);
      },
    };
  });
  return [...targets, ...payloads];
}

/** What the loop over closes calls besides the account: progress, stages that wait, the strategy's `onFill`. */
export function hooksOf(account: Account, options: OfflineOptions, index: number, count: number): SimulateHooks {
  const rows = Math.max(1, ...account.feeds.map((feed) => feed.length));
  let reported = account.broker.fills.length;
  return {
    onProgress: (bars) => {
      options.signal?.throwIfAborted();
      options.onProgress?.(0.5 + (0.5 * (index + Math.min(1, bars / rows))) / count, "trading");
    },
    ...(account.orderPath.waits && { onClose: (nowMs: number) => account.orderPath.close(nowMs) }),
    ...(wantsFills(account) && {
      afterClose: () => {
        reported = reportFills(account, reported);
      },
    }),
  };
}

/** Tells the strategy of every fill from the given one on. @returns the number of fills */
export function reportFills(account: Account, from: number): number {
  const { fills, orders } = account.broker;
  if (!wantsFills(account)) return fills.length;
  const { strategy } = account.graph;
  for (let index = from; index < fills.length; index++) {
    const fill = fills.at(index)!;
    try {
      strategy.onFill(orders.at(fill.orderId - 1)!, fill);
    } catch (cause) {
      throw hookFailed(strategy, "onFill", cause);
    }
  }
  return fills.length;
}

function wantsFills({ graph }: Account): boolean {
  return graph.strategy.onFill !== Strategy.prototype.onFill;
}
