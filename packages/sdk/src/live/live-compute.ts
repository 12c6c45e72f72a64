import { assert, type EpochMs, type NodeId } from "@qmtl/core";
import type { Broker, Fill, Order } from "@qmtl/engine/broker";
import type { StreamExecutor, StreamSnapshot } from "@qmtl/engine/execute";
import type { Frame } from "@qmtl/engine/frame";
import type { Instrument } from "@qmtl/engine/instrument";
import type { Plan } from "@qmtl/engine/plan";
import type { OutputColumns } from "@qmtl/engine/view";
import { clientOrderId } from "@qmtl/policy/order-gate";
import { StreamInput } from "../strategy/stream-input.ts";
import { openAccount, type Account } from "../runner/account.ts";
import { StreamRun, type AccountState } from "../runner/compute.ts";
import type { PreparedRun } from "../runner/offline.ts";
import type { OfflineOptions } from "../runner/options.ts";
import { GatedBroker, type Admission, type AdmitOrder, type OrderAsk, type RefusedOrder } from "./gated-broker.ts";
import type { LiveRow } from "./row-merger.ts";
import type { JournalState } from "./run-journal.ts";

export interface LiveComputeOptions {
  readonly broker?: OfflineOptions["broker"];
  readonly returnsBasis?: OfflineOptions["returnsBasis"];
  /** World, epoch and strategy: with the intent, what the ids of orders are a function of (OG-9). */
  readonly orderScope: () => OrderScope;
  readonly admit: AdmitOrder;
  readonly onRefused: (refused: RefusedOrder) => void;
  /** Called in the turn in which an order leaves, right behind the gate's word. */
  readonly onSent?: (sent: SentOrder) => void;
}

/** An order that has left, under the id that is its own for ever. */
export interface SentOrder {
  readonly clientOrderId: string;
  readonly order: Order;
}

export interface OrderScope {
  readonly worldId: string;
  readonly epoch: number;
  readonly strategyId: string;
}

/** What one instant did to the account. */
export interface LiveStep {
  /** Orders that were sent or changed, in the order of their ids. */
  readonly orders: readonly SentOrder[];
  readonly fills: readonly { readonly clientOrderId: string; readonly fill: Fill }[];
  /** What the gate said to each order that wanted to leave, in that order. */
  readonly verdicts: readonly Admission[];
}

/** One stream of the run: what its rows are and how its nodes are fed. */
export interface LiveStream {
  /** Names the stream in rows and journals, however the run is split: inputs first, then nodes. */
  readonly index: number;
  readonly id: NodeId;
  readonly name: string;
  readonly symbol: string | undefined;
  readonly intervalMs: number;
  readonly fields: readonly string[];
}

/**
 * A strategy's nodes and its simulated account, one instant after another. History moves the nodes alone; from then on
 * rows reach nodes and account as in a backtest that is streamed, through the same executor and broker, with the order
 * gate between them.
 */
export class LiveCompute {
  readonly streams: readonly LiveStream[];
  readonly account: Account;
  readonly #run: StreamRun;
  readonly #rows: ReadonlyMap<number, OneRow>;
  readonly #frames: ReadonlyMap<NodeId, Frame>;
  readonly #plan: Plan;
  /** Place of each stream among the sources of the run. */
  readonly #sources: ReadonlyMap<number, number>;
  readonly #scope: () => OrderScope;
  readonly #ask: AdmitOrder;
  #verdicts: Admission[] = [];
  /** Verdicts of an instant that is computed again after a crash; undefined while the gate itself is asked. */
  #replayed: Admission[] | undefined;
  readonly #clientOrderIds = new Map<number, string>();
  /** Orders that may still change: what every step looks at. */
  #open: number[] = [];
  #seenOrders = 0;
  #seenFills = 0;
  /** Everything that closes at or before this instant has been computed. */
  closedMs: EpochMs = Number.NEGATIVE_INFINITY;

  /** @param plan - of the strategy's nodes; where some are computed elsewhere, they are sources in it */
  constructor(prepared: PreparedRun, options: LiveComputeOptions, plan: Plan = prepared.plan) {
    const [graph] = prepared.graphs;
    assert(graph && prepared.graphs.length === 1, "a live run has one strategy");
    this.#scope = options.orderScope;
    this.#ask = options.admit;
    this.streams = liveStreams(prepared, plan);
    this.#rows = new Map(this.streams.map((stream) => [stream.index, new OneRow(stream)]));
    this.#frames = new Map(Array.from(this.#rows.values(), ({ id, frame }) => [id, frame]));
    const runOptions: OfflineOptions = {
      keep: "none",
      ...(options.broker && { broker: options.broker }),
      ...(options.returnsBasis && { returnsBasis: options.returnsBasis }),
    };
    const wrap = (broker: Broker, instruments: readonly Instrument[]): Broker =>
      new GatedBroker(
        broker,
        instruments,
        (ask) => this.#admit(ask),
        (refused) => {
          if (this.#replayed === undefined) options.onRefused(refused);
        },
        (orderId) => {
          if (this.#replayed !== undefined || options.onSent === undefined) return;
          const order = this.account.broker.orders.at(orderId - 1)!;
          options.onSent({ clientOrderId: this.#clientOrderIdOf(order), order });
        },
      );
    this.account = openAccount(graph, this.#frames, runOptions, wrap);
    this.#plan = plan;
    this.#run = new StreamRun(plan, this.#frames, [this.account], runOptions);
    this.#sources = new Map(
      this.streams.map(({ index, id }) => [index, this.#run.sources.findIndex((source) => source.id === id)]),
    );
    closeFrames(this.#run);
  }

  /** Moves the nodes over rows of the past; the account sees none of them. */
  warmUp(frames: ReadonlyMap<NodeId, Frame>): void {
    const past = new StreamRun(this.#plan, frames, [], { keep: "none" });
    past.run();
    this.#run.executor.load(past.executor.save());
    this.#run.passOverOrders();
    for (const frame of frames.values()) {
      if (frame.length > 0) this.closedMs = Math.max(this.closedMs, frame.time[frame.length - 1]! + frame.intervalMs);
    }
  }

  /** One instant: every row that closes at it. Nodes first, then orders and fills, synchronously. */
  step(closeMs: EpochMs, rows: readonly LiveRow[]): LiveStep {
    for (const row of rows) this.#feed(row);
    this.#verdicts = [];
    this.#run.run(closeMs);
    this.closedMs = closeMs;
    return this.#changes();
  }

  /** Goes on where a journal ended: from its checkpoint over the instants since, each with the gate's own verdicts. */
  restore({ checkpoint, instants, clientOrderIds }: JournalState): void {
    if (checkpoint) {
      const { nodes, accounts } = checkpoint.state as LiveState;
      this.#run.executor.load(nodes);
      this.#run.loadAccounts(accounts);
      this.closedMs = checkpoint.closeMs;
    }
    for (const { closeMs, rows, verdicts } of instants) {
      for (const row of rows) this.#feed(row);
      this.#replayed = [...verdicts];
      this.#run.run(closeMs);
      this.closedMs = closeMs;
    }
    this.#replayed = undefined;
    const { orders, fills } = this.account.broker;
    this.#seenOrders = orders.length;
    this.#seenFills = fills.length;
    this.#open = [];
    for (const [orderId, clientOrderId] of clientOrderIds) {
      if (orders.at(orderId - 1)!.closedMs !== null) continue;
      this.#clientOrderIds.set(orderId, clientOrderId);
      this.#open.push(orderId);
    }
  }

  /** Goes on with the account of a run that was split otherwise. The nodes have been moved to the same instant. */
  adopt(before: LiveCompute): void {
    this.#run.loadAccounts(structuredClone(before.#run.saveAccounts()));
    this.#run.passOverOrders();
    this.account.simulation.continueCurves(before.account.simulation);
    this.account.orderPath.continueRecords(before.account.orderPath);
    for (const [orderId, clientOrderId] of before.#clientOrderIds) this.#clientOrderIds.set(orderId, clientOrderId);
    this.#open = [...before.#open];
    this.#seenOrders = before.#seenOrders;
    this.#seenFills = before.#seenFills;
    this.closedMs = before.closedMs;
  }

  /** A node's newest rows, in its rings; undefined for a node that is not computed here. */
  columnsOf(id: NodeId): OutputColumns | undefined {
    return this.#plan.byId.has(id) ? this.#run.executor.columnsOf(id) : undefined;
  }

  /** Memory of the outputs of nodes that are computed here. */
  residentBytes(): number {
    let bytes = 0;
    for (const { node } of this.#plan.nodes) {
      if (node.kind === "source") continue;
      for (const column of this.#run.executor.columnsOf(node.id).numeric.values()) bytes += column.byteLength;
    }
    return bytes;
  }

  get executor(): StreamExecutor {
    return this.#run.executor;
  }

  /** Everything the next instant depends on. */
  save(): LiveState {
    return { nodes: this.#run.executor.save(), accounts: this.#run.saveAccounts() };
  }

  /** Orders that may still be filled. */
  openOrders(): readonly SentOrder[] {
    const { orders } = this.account.broker;
    return this.#open.map((id) => ({ clientOrderId: this.#clientOrderIds.get(id)!, order: orders.at(id - 1)! }));
  }

  #admit(ask: OrderAsk): Admission {
    const verdict = this.#replayed === undefined ? this.#ask(ask) : this.#replayed.shift();
    assert(verdict, "a replayed instant asks what it asked before");
    this.#verdicts.push(verdict);
    return verdict;
  }

  // Rows of a node that is computed here are in the journal of a time when it was not.
  #feed({ stream, bucketMs, values }: LiveRow): void {
    const source = this.#sources.get(stream);
    if (source === undefined) return;
    this.#rows.get(stream)!.set(bucketMs, values);
    this.#run.sources[source]!.next = 0;
  }

  #changes(): LiveStep {
    const { orders, fills } = this.account.broker;
    for (; this.#seenOrders < orders.length; this.#seenOrders++) {
      const order = orders.at(this.#seenOrders)!;
      this.#clientOrderIds.set(order.id, this.#clientOrderIdOf(order));
      this.#open.push(order.id);
    }
    const filled: { clientOrderId: string; fill: Fill }[] = [];
    for (; this.#seenFills < fills.length; this.#seenFills++) {
      const fill = fills.at(this.#seenFills)!;
      filled.push({ clientOrderId: this.#clientOrderIds.get(fill.orderId)!, fill });
    }
    if (this.#open.length === 0) return { orders: [], fills: filled, verdicts: this.#verdicts };
    const looked = this.#open.map((id) => ({
      clientOrderId: this.#clientOrderIds.get(id)!,
      order: orders.at(id - 1)!,
    }));
    for (const { order } of looked) if (order.closedMs !== null) this.#clientOrderIds.delete(order.id);
    this.#open = looked.filter(({ order }) => order.closedMs === null).map(({ order }) => order.id);
    return { orders: looked, fills: filled, verdicts: this.#verdicts };
  }

  // The intent: its instant and its number, both the same when the instant is computed again after a crash. The instant
  // alone does not tell: children of a bracket come later and carry that of their parent.
  #clientOrderIdOf({ id, instrument, submittedMs }: Order): string {
    const { symbol } = this.account.instruments[instrument]!;
    return clientOrderId({ ...this.#scope(), intentKey: `${submittedMs}|${id}|${symbol}` });
  }
}

export interface LiveState {
  readonly nodes: StreamSnapshot;
  readonly accounts: readonly AccountState[];
}

/** Streams of a plan with their places: those of the whole strategy come first, in its order, then its nodes. */
function liveStreams({ graphs, plan: whole }: PreparedRun, plan: Plan): readonly LiveStream[] {
  const order = [...whole.nodes].sort((a, b) => Number(b.node.kind === "source") - Number(a.node.kind === "source"));
  const indexOf = new Map(order.map(({ node }, index) => [node.id, index]));
  return plan.nodes.flatMap(({ node }) => {
    if (node.kind !== "source") return [];
    const identified = graphs[0]!.nodes.find(({ id }) => id === node.id)!;
    const { name } = identified.node;
    const symbol = identified.node instanceof StreamInput ? identified.node.instrument?.symbol : undefined;
    const { intervalMs } = identified;
    return [{ index: indexOf.get(node.id)!, id: node.id, name, symbol, intervalMs, fields: node.fields }];
  });
}

// Rows come one by one, into frames that stay where they are: none of them is new yet.
function closeFrames(run: StreamRun): void {
  for (const source of run.sources) source.next = source.frame.length;
}

/** A frame of one row that is written over, so that a row costs no new columns. */
class OneRow {
  readonly id: NodeId;
  readonly frame: Frame;
  readonly #columns: readonly Float64Array[];

  constructor({ id, intervalMs, fields }: LiveStream) {
    this.id = id;
    this.#columns = fields.map(() => new Float64Array(1));
    const columns = Object.fromEntries(fields.map((field, index) => [field, this.#columns[index]!]));
    this.frame = { intervalMs, length: 1, time: new Float64Array(1), columns };
  }

  set(bucketMs: EpochMs, values: Float64Array): void {
    this.frame.time[0] = bucketMs;
    for (let index = 0; index < values.length; index++) this.#columns[index]![0] = values[index]!;
  }
}
