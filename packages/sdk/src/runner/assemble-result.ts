import { formatInterval, type NodeId } from "@qmtl/core";
import { blake3Text } from "@qmtl/core/identity";
import { describeAssumptions, type RecordList } from "@qmtl/engine/broker";
import { performanceMetrics } from "@qmtl/engine/metrics";
import type { DataQuality, NodeColumns, NodeSummary, RunResult, RunWarning } from "@qmtl/engine/result";
import type { OutputColumns } from "@qmtl/engine/view";
import { OperatorNode } from "../strategy/operator-node.ts";
import { OrderStageNode } from "../orders/order-stage.ts";
import type { Account, SourcedFeed } from "./account.ts";
import type { OfflineOptions } from "./options.ts";
import { lazyArray } from "./lazy-array.ts";
import { explainZeroTrades } from "./zero-trades.ts";

/** Columns of pure nodes after the run, however they were computed. */
export interface NodeOutputs {
  columnsOf(id: NodeId): OutputColumns;
  timeOf(id: NodeId): Float64Array;
}

/**
 * The result of a finished account. What costs time per row or per order (records, summaries, metrics) is made when it
 * is first read, once: a sweep that only wants the metrics pays for nothing else.
 *
 * @param isOver - whether nothing moves the account any more
 */
export function assembleResult(
  account: Account,
  outputs: NodeOutputs,
  quality: ReadonlyMap<NodeId, DataQuality>,
  options: OfflineOptions,
  isOver = false,
): RunResult {
  const { broker, simulation, graph, instruments } = account;
  const nodes = once(() => summariseNodes(account, outputs));
  // Orders of a session can still fill: what was read stays as it was read.
  const records = <T extends object>(list: RecordList<T>) =>
    once(() => (isOver ? lazyArray(list.length, (index) => list.at(index)!) : list.toArray()));
  const lazy = {
    nodes,
    orders: records(broker.orders),
    fills: records(broker.fills),
    trades: records(broker.trades),
    columns: once(() => (options.keep === "none" ? new Map<NodeId, NodeColumns>() : keptColumns(account, outputs))),
    times: once(() => simulation.times),
    cash: once(() => simulation.cash),
    positions: once(() => simulation.positions),
    strategyId: once(() => strategyIdOf(account)),
    warnings: once(() => warningsOf(account)),
    zeroTradeReasons: once(() => explainZeroTrades(account, nodes())),
    metrics: once(() =>
      performanceMetrics(simulation.tracker, broker.tradeOutcomes(), {
        feesPaid: broker.account.feesPaid,
        tradedNotional: broker.counters.turnover,
        ...(options.trials && { trials: options.trials }),
      }),
    ),
    assumptions: once(() => describeAssumptions(account.options)),
    dataQuality: once(() => graph.nodes.flatMap((node) => quality.get(node.id) ?? [])),
  };
  return {
    strategy: graph.name,
    get strategyId() {
      return lazy.strategyId();
    },
    currency: broker.account.currency,
    instruments,
    get times() {
      return lazy.times();
    },
    equity: simulation.equity,
    get cash() {
      return lazy.cash();
    },
    get positions() {
      return lazy.positions();
    },
    get orders() {
      return lazy.orders();
    },
    get fills() {
      return lazy.fills();
    },
    get trades() {
      return lazy.trades();
    },
    get metrics() {
      return lazy.metrics();
    },
    bars: account.feeds,
    get nodes() {
      return lazy.nodes();
    },
    get columns() {
      return lazy.columns();
    },
    get warnings() {
      return lazy.warnings();
    },
    get assumptions() {
      return lazy.assumptions();
    },
    get dataQuality() {
      return lazy.dataQuality();
    },
    intrabarAmbiguousFills: broker.counters.intrabarAmbiguousFills,
    get zeroTradeReasons() {
      return lazy.zeroTradeReasons();
    },
  };
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

/** Equal exactly when the nodes and the broker's options are: the name of a strategy is not its content. */
function strategyIdOf({ graph, options }: Account): string {
  const ids = [...new Set(graph.nodes.map((node) => node.id))].sort();
  return blake3Text(JSON.stringify([ids, options]));
}

function summariseNodes({ graph, orderPath }: Account, outputs: NodeOutputs): readonly NodeSummary[] {
  const summaries = new Map<NodeId, NodeSummary>();
  for (const identified of graph.nodes) {
    const { node, id, intervalMs, inputs, params, codeHash } = identified;
    if (summaries.has(id)) continue;
    const base = {
      id,
      name: node.name,
      type: node.nodeType,
      operator: node instanceof OperatorNode ? node.definition.name : null,
      intervalMs,
      inputs: inputs.map((input) => input.id),
      params,
      codeHash,
    };
    if (node instanceof OrderStageNode) {
      const records = orderPath.recordsOf(id);
      summaries.set(id, { ...base, rows: records.length, firstValueMs: records[0]?.bucketMs ?? null });
    } else summaries.set(id, { ...base, ...valueRows(outputs.columnsOf(id), outputs.timeOf(id)) });
  }
  return [...summaries.values()];
}

function valueRows(columns: OutputColumns, time: Float64Array): { rows: number; firstValueMs: number | null } {
  let rows = 0;
  let first = -1;
  for (let row = 0; row < time.length; row++) {
    if (!columns.delivered(row)) continue;
    if (first < 0) first = row;
    rows++;
  }
  return { rows, firstValueMs: first < 0 ? null : time[first]! };
}

function keptColumns({ graph, orderPath }: Account, outputs: NodeOutputs): ReadonlyMap<NodeId, NodeColumns> {
  const kept = new Map<NodeId, NodeColumns>();
  for (const { node, id } of graph.nodes) {
    if (kept.has(id)) continue;
    if (node instanceof OrderStageNode) {
      const records = orderPath.recordsOf(id);
      kept.set(id, {
        time: Float64Array.from(records, (record) => record.bucketMs),
        fields: {},
        payloads: records.map((record) => record.payload),
      });
      continue;
    }
    const columns = outputs.columnsOf(id);
    kept.set(id, {
      time: outputs.timeOf(id),
      fields: Object.fromEntries(columns.numeric),
      ...(columns.payload && { payloads: columns.payload }),
    });
  }
  return kept;
}

/** Fewer bars than this say nothing of a ratio. */
const fewBars = 30;

/** The warnings of a run that goes back further than this process: how many bars it has is for its whole curve to say. */
export function warningsOfWhole(warnings: readonly RunWarning[], bars: number): readonly RunWarning[] {
  return warnings.flatMap((warning) => {
    if (warning.code !== "SHORT_SAMPLE") return [warning];
    const message = warning.message.replace(/\d+ bars/, `${bars} bars`);
    return bars < fewBars ? [{ ...warning, message, count: bars }] : [];
  });
}

function warningsOf({ broker, simulation, feeds, graph, instruments }: Account): readonly RunWarning[] {
  const warnings: RunWarning[] = [];
  const ambiguous = broker.counters.intrabarAmbiguousFills;
  if (ambiguous > 0) {
    warnings.push({
      code: "INTRABAR_AMBIGUOUS",
      message: `${ambiguous} fills depend on the order of prices inside a bar, which bars cannot tell`,
      count: ambiguous,
    });
  }
  const refused = broker.counters.rejected;
  if (refused > 0)
    warnings.push({ code: "ORDERS_REJECTED", message: `${refused} orders were rejected`, count: refused });
  if (instruments.some((_, index) => broker.account.position(index).quantity !== 0)) {
    warnings.push({ code: "OPEN_AT_END", message: "positions are still open at the end; their profit is unrealised" });
  }
  if (feeds.length > 0 && simulation.rows < fewBars) {
    warnings.push({
      code: "SHORT_SAMPLE",
      message: `the run has ${simulation.rows} bars of ${formatInterval(feeds[0]!.intervalMs)}: ratios mean little`,
      count: simulation.rows,
    });
  }
  feeds.forEach((feed, index) => {
    const { symbol, calendar } = instruments[index]!;
    if (calendar !== "24x7" || !restsAtWeekends(feed)) return;
    warnings.push({
      code: "CALENDAR_UNLIKELY",
      message: `${symbol} has no bars at weekends, but its calendar is 24x7: ratios are annualised with 365 days; give the instrument a calendar, such as "us_equity"`,
    });
  });
  for (const { node } of graph.nodes) {
    if ((node as { shared?: boolean }).shared === false) {
      warnings.push({
        code: "NODE_UNSHARED",
        message: `node "${node.name}" is not shared: its identity does not cover its code`,
        node: node.name,
      });
    }
  }
  return warnings;
}

const dayMs = 86_400_000;

// Two weeks and more without a bar on a Saturday or Sunday (UTC); a month tells.
function restsAtWeekends({ time, length }: SourcedFeed): boolean {
  const firstMs = time[0]!;
  if (length === 0 || time[length - 1]! - firstMs < 14 * dayMs) return false;
  for (let row = 0; row < length && time[row]! - firstMs < 30 * dayMs; row++) {
    const weekday = new Date(time[row]!).getUTCDay();
    if (weekday === 0 || weekday === 6) return false;
  }
  return true;
}
