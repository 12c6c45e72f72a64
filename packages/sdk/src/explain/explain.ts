import { formatInstant, QmtlError, type EpochMs, type IntervalMs, type JsonValue, type NodeId } from "@qmtl/core";
import type { Fill, Order } from "@qmtl/engine/broker";
import type { NodeSummary, RunResult } from "@qmtl/engine/result";

/** What a node knew at an instant: its last row that was closed by then. */
export interface NodeMoment {
  readonly node: string;
  readonly nodeId: NodeId;
  readonly operator: string | null;
  readonly intervalMs: IntervalMs;
  readonly params: JsonValue;
  /** Bucket start of that row; null before the first. */
  readonly barMs: EpochMs | null;
  /** True when the row closed at this very instant. */
  readonly fresh: boolean;
  /** Numbers by field (null: absent), or the JSON value; null when there is no output. */
  readonly value: JsonValue;
  readonly inputs: readonly string[];
}

export interface Explanation {
  readonly atMs: EpochMs;
  readonly nodes: readonly NodeMoment[];
  readonly order: Order | null;
  readonly fills: readonly Fill[];
  readonly account: {
    readonly equity: number;
    readonly cash: number;
    readonly positions: Readonly<Record<string, number>>;
  } | null;
  /** In words: what led to the order, or the first condition that was not met. */
  readonly because: readonly string[];
  readonly limits: readonly { readonly name: string; readonly value: string }[];
}

/**
 * Why an order was sent: every node it depends on, with the row it had, when the order left.
 *
 * @throws QmtlError `ORDER_INVALID` when the run has no such order
 */
export function explainOrder(result: RunResult, orderId: number): Explanation {
  const order = result.orders.find((each) => each.id === orderId);
  if (!order) {
    throw new QmtlError(
      "ORDER_INVALID",
      `the run has no order ${orderId}; it has ${result.orders.length === 0 ? "none" : `1 to ${result.orders.length}`}`,
    );
  }
  const nodes = momentsOf(result, order.submittedMs);
  const fills = result.fills.filter((fill) => fill.orderId === order.id);
  const symbol = result.instruments[order.instrument]!.symbol;
  const because = [
    `order ${order.id}: ${order.side} ${order.quantity} ${symbol} ${order.type}, sent at ${formatInstant(order.submittedMs)}`,
    ...sinksOf(result).flatMap((sink) => {
      const moment = nodes.find((each) => each.nodeId === sink.id)!;
      return moment.fresh && moment.value !== null ? chain(sink, nodes, result) : [];
    }),
    ...fills.map(
      (fill) =>
        `filled ${fill.quantity} at ${fill.price} on ${formatInstant(fill.timeMs)}, fee ${fill.fee}, slippage ${fill.slippage}`,
    ),
    ...(order.reason === null ? [] : [`${order.status}: ${order.reason}`]),
  ];
  return {
    atMs: order.submittedMs,
    nodes,
    order,
    fills,
    account: accountAt(result, order.submittedMs),
    because,
    limits: result.assumptions,
  };
}

/** What every node knew at an instant, and, when no order left then, the first condition that was not met. */
export function explainMoment(result: RunResult, atMs: EpochMs): Explanation {
  const nodes = momentsOf(result, atMs);
  const sent = result.orders.filter((order) => order.submittedMs === atMs);
  const because: string[] = sent.map(
    (order) =>
      `order ${order.id} was sent: ${order.side} ${order.quantity} (${order.status}${order.reason === null ? "" : `: ${order.reason}`})`,
  );
  if (sent.length === 0) {
    const sinks = sinksOf(result);
    if (sinks.length === 0) because.push("no node sends orders");
    for (const sink of sinks) because.push(whyNothing(sink, nodes, result, atMs));
  }
  return {
    atMs,
    nodes,
    order: sent[0] ?? null,
    fills: result.fills.filter((fill) => fill.timeMs === atMs),
    account: accountAt(result, atMs),
    because,
    limits: result.assumptions,
  };
}

const orderStages = new Set(["OrderPublishNode"]);

/** Nodes that send orders. */
function sinksOf(result: RunResult): readonly NodeSummary[] {
  return result.nodes.filter((node) => node.operator === "order_target" || orderStages.has(node.type));
}

function momentsOf(result: RunResult, atMs: EpochMs): readonly NodeMoment[] {
  const names = new Map(result.nodes.map((node) => [node.id, node.name]));
  return result.nodes.map((node) => {
    const columns = result.columns.get(node.id);
    const row = columns ? lastClosed(columns.time, node.intervalMs, atMs) : -1;
    const barMs = row < 0 ? null : columns!.time[row]!;
    return {
      node: node.name,
      nodeId: node.id,
      operator: node.operator,
      intervalMs: node.intervalMs,
      params: node.params,
      barMs,
      fresh: barMs !== null && barMs + node.intervalMs === atMs,
      value: row < 0 ? null : valueAt(columns!, row),
      inputs: node.inputs.map((id) => names.get(id) ?? id),
    };
  });
}

function valueAt(columns: NonNullable<ReturnType<RunResult["columns"]["get"]>>, row: number): JsonValue {
  const payload = columns.payloads?.[row];
  if (payload !== undefined) return payload;
  const fields = Object.entries(columns.fields).map(
    ([field, column]) => [field, Number.isNaN(column[row]!) ? null : column[row]!] as const,
  );
  return fields.every(([, value]) => value === null) ? null : Object.fromEntries(fields);
}

function lastClosed(time: Float64Array, intervalMs: IntervalMs, atMs: EpochMs): number {
  let low = 0;
  let high = time.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (time[middle]! + intervalMs <= atMs) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** From a node that has a value up to the sources: one sentence a node. */
function chain(sink: NodeSummary, nodes: readonly NodeMoment[], result: RunResult): readonly string[] {
  const wanted = new Set<NodeId>([sink.id]);
  for (const node of [...result.nodes].reverse())
    if (wanted.has(node.id)) for (const input of node.inputs) wanted.add(input);
  return nodes
    .filter((moment) => wanted.has(moment.nodeId))
    .reverse()
    .map(
      (moment) =>
        `${moment.node} = ${shownValue(moment.value)}${place(moment)}${moment.inputs.length > 0 ? `, from ${moment.inputs.join(", ")}` : ""}`,
    );
}

/** Follows the first absent input upwards: the node whose inputs are all there is the condition that was not met. */
function whyNothing(sink: NodeSummary, nodes: readonly NodeMoment[], result: RunResult, atMs: EpochMs): string {
  const momentOf = (id: NodeId) => nodes.find((moment) => moment.nodeId === id)!;
  let node = sink;
  for (;;) {
    const moment = momentOf(node.id);
    if (moment.fresh && moment.value !== null) break;
    const absent = node.inputs.find((id) => !momentOf(id).fresh || momentOf(id).value === null);
    const inputs = node.inputs.map((id) => momentOf(id));
    if (absent === undefined || node.inputs.length === 0) {
      if (node.inputs.length === 0) return `${node.name} delivered no row that closed at ${formatInstant(atMs)}`;
      const given = inputs.map((input) => `${input.node} = ${shownValue(input.value)}`).join(", ");
      return `${node.name} had no output: its condition was not met with ${given}`;
    }
    node = result.nodes.find((each) => each.id === absent)!;
  }
  const moment = momentOf(node.id);
  const payload = moment.value as { rejected?: unknown; reason?: unknown } | null;
  if (payload?.rejected === true)
    return `${node.name} refused the order: ${typeof payload.reason === "string" ? payload.reason : "no reason given"}`;
  if (node.operator === "order_target")
    return `${node.name} asked for ${shownValue(moment.value)}, which was the position already`;
  return `${node.name} = ${shownValue(moment.value)}, and nothing further was asked for`;
}

function accountAt(result: RunResult, atMs: EpochMs): Explanation["account"] {
  const row = lastClosed(result.times, 0, atMs);
  if (row < 0) return null;
  const positions = result.instruments.map(
    (instrument, index) => [instrument.symbol, result.positions[index]![row]!] as const,
  );
  return { equity: result.equity[row]!, cash: result.cash[row]!, positions: Object.fromEntries(positions) };
}

function place({ barMs, fresh }: NodeMoment): string {
  if (barMs === null) return "";
  return fresh ? ` (bar ${formatInstant(barMs)})` : ` (last closed bar ${formatInstant(barMs)})`;
}

function shownValue(value: JsonValue): string {
  if (value === null) return "nothing";
  if (typeof value === "object" && !Array.isArray(value)) {
    const entries = Object.entries(value);
    if (entries.length === 1 && entries[0]![0] === "value") return JSON.stringify(entries[0]![1]);
  }
  return JSON.stringify(value);
}
