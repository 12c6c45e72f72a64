import { QmtlError, type JsonValue, type NodeId } from "@qmtl/core";
import { createBroker, resolveBrokerOptions, type Broker, type BrokerOptions } from "@qmtl/engine/broker";
import type { Frame } from "@qmtl/engine/frame";
import type { Instrument } from "@qmtl/engine/instrument";
import { createEquityTracker } from "@qmtl/engine/metrics";
import { Simulation, type BarFeed } from "@qmtl/engine/simulate";
import type { OutputColumns } from "@qmtl/engine/view";
import type { IdentifiedNode, StrategyGraph } from "../graph/build-graph.ts";
import { OrderStageNode } from "../orders/order-stage.ts";
import { OrderPath } from "../orders/order-path.ts";
import { PositionTargetNode } from "../orders/position-target-node.ts";
import { StreamInput } from "../strategy/stream-input.ts";
import type { OfflineOptions } from "./options.ts";

/** One strategy's account: its instruments and their bars, its broker, its order path. */
export interface Account {
  readonly graph: StrategyGraph;
  readonly options: BrokerOptions;
  readonly instruments: readonly Instrument[];
  readonly feeds: SourcedFeed[];
  readonly broker: Broker;
  readonly simulation: Simulation;
  readonly orderPath: OrderPath;
  readonly targets: readonly {
    readonly node: IdentifiedNode;
    readonly instrument: number;
    readonly unit: "percent" | "quantity";
  }[];
}

/** Bars of an instrument and the stream they came from. */
export type SourcedFeed = BarFeed & { readonly source: NodeId };

/** The next rows of a stream: those before them were traded. */
export function extendFeeds(account: Account, source: NodeId, frame: Frame): void {
  account.feeds.forEach((feed, index) => {
    if (feed.source === source) account.feeds[index] = feedOf(frame, feed.instrument, source);
  });
}

/** An account for each strategy. Those that only compute share one: nothing ever happens on it. */
export function openAccounts(
  graphs: readonly StrategyGraph[],
  frames: ReadonlyMap<NodeId, Frame>,
  options: OfflineOptions,
): readonly Account[] {
  let idle: Account | undefined;
  return graphs.map((graph) => {
    if (!onlyComputes(graph)) return openAccount(graph, frames, options);
    idle ??= openAccount(graph, frames, options);
    return { ...idle, graph, orderPath: new OrderPath(graph, idle.simulation, idle.instruments) };
  });
}

function onlyComputes({ nodes }: StrategyGraph): boolean {
  return nodes.every(({ node }) =>
    node instanceof StreamInput ? node.instrument === undefined : !(node instanceof OrderStageNode),
  );
}

export function openAccount(
  graph: StrategyGraph,
  frames: ReadonlyMap<NodeId, Frame>,
  options: OfflineOptions,
  // What stands between orders and the broker; a backtest has nothing there.
  wrapBroker: (broker: Broker, instruments: readonly Instrument[]) => Broker = (broker) => broker,
): Account {
  const traded = tradedStreams(graph);
  const instruments = traded.map(({ stream }) => stream.instrument!);
  const brokerOptions = resolveBrokerOptions(options.broker ?? {});
  const broker = wrapBroker(createBroker(brokerOptions, instruments), instruments);
  const feeds = traded.map(({ identified }, instrument) =>
    feedOf(frames.get(identified.id)!, instrument, identified.id),
  );
  const rows = feeds.reduce((most, feed) => Math.max(most, feed.length), 0);
  const tracker = createEquityTracker({
    calendar: instruments[0]?.calendar ?? "24x7",
    startEquity: brokerOptions.cash,
    intervalMs: feeds.length > 0 ? Math.min(...feeds.map((feed) => feed.intervalMs)) : 86_400_000,
    ...(options.returnsBasis !== undefined && { basis: options.returnsBasis }),
  });
  const simulation = new Simulation(broker, tracker, instruments.length, rows);
  const instrumentOf = new Map(instruments.map((instrument, index) => [instrument.symbol, index]));
  const targets = graph.nodes.flatMap((node) =>
    node.node instanceof PositionTargetNode
      ? [{ node, instrument: instrumentOf.get(node.node.instrument.instrument!.symbol)!, unit: node.node.unit }]
      : [],
  );
  return {
    graph,
    options: brokerOptions,
    instruments,
    feeds,
    broker,
    simulation,
    orderPath: new OrderPath(graph, simulation, instruments),
    targets,
  };
}

/** The stream whose bars an instrument is filled on: the finest, of one definition per symbol. */
function tradedStreams(graph: StrategyGraph): readonly { identified: IdentifiedNode; stream: StreamInput<string> }[] {
  const bySymbol = new Map<string, { identified: IdentifiedNode; stream: StreamInput<string> }>();
  for (const identified of graph.nodes) {
    const stream = identified.node;
    if (!(stream instanceof StreamInput) || !stream.instrument || !stream.hasBars) continue;
    const known = bySymbol.get(stream.instrument.symbol);
    if (known && JSON.stringify(known.stream.instrument) !== JSON.stringify(stream.instrument)) {
      throw new QmtlError(
        "INSTRUMENT_INVALID",
        `two streams define instrument "${stream.instrument.symbol}" differently`,
        {
          hint: "share one instrument record between them",
        },
      );
    }
    if (!known || identified.intervalMs < known.identified.intervalMs)
      bySymbol.set(stream.instrument.symbol, { identified, stream });
  }
  return [...bySymbol.values()];
}

function feedOf(frame: Frame, instrument: number, source: NodeId): SourcedFeed {
  const { intervalMs, length, time } = frame;
  const { open, high, low, close, volume } = frame.columns;
  const prices = { source, instrument, intervalMs, length, time, open: open!, high: high!, low: low!, close: close! };
  if (volume) return { ...prices, volume };
  let absent: Float64Array | undefined;
  return {
    ...prices,
    // As large as any other column: made when somebody asks.
    get volume() {
      return (absent ??= new Float64Array(length).fill(Number.NaN));
    },
  };
}

/** A row of a pure node as the order path takes it: its JSON value, or its numbers by field. */
export function payloadAt(columns: OutputColumns, row: number): JsonValue | undefined {
  const payload = columns.payload?.[row];
  if (payload !== undefined) return payload;
  if (!columns.delivered(row)) return undefined;
  const fields: Record<string, number> = {};
  for (const [field, column] of columns.numeric) if (column[row]! === column[row]!) fields[field] = column[row]!;
  return fields;
}
