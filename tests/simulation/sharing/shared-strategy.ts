import { computeContextOf, computeKey, type NodeId } from "../../../packages/core/src/index.ts";
import { runBatch } from "../../../packages/engine/src/execute/index.ts";
import type { Frame } from "../../../packages/engine/src/frame/index.ts";
import { ema, sma } from "../../../packages/sdk/src/indicators/index.ts";
import { prepareRun, type PreparedRun } from "../../../packages/sdk/src/runner/offline.ts";
import type { SharedNodeAddress } from "../../../packages/sdk/src/sharing/index.ts";
import { encodeRow } from "../../../packages/sdk/src/sharing/row-payload.ts";
import { Strategy, StreamInput } from "../../../packages/sdk/src/strategy/index.ts";

export const intervalMs = 60_000;
const firstMs = Date.UTC(2026, 0, 1);

/** Every row that there will be. Both nodes remember all rows before: a gap or a doubled row shows in each that follows. */
export const frame: Frame = (() => {
  const length = 120;
  const time = Float64Array.from({ length }, (_, row) => firstMs + row * intervalMs);
  const close = Float64Array.from({ length }, (_, row) => 100 + 10 * Math.sin(row / 3) + (row % 7));
  return { intervalMs, length, time, columns: { close } };
})();

/** Two nodes in a row that everybody shares, and one behind them that is each runner's own. */
class Smooth extends Strategy<{ own: number }> {
  static override readonly defaults = { own: 2 };
  override setup(): void {
    const price = new StreamInput({ name: "price", interval: "1m", fields: ["close"] });
    const fast = ema(price.field("close"), 3);
    const slow = ema(fast, 5);
    this.addNodes(price, fast, slow, sma(slow, this.params.own));
  }
}

/** One runner's strategy, with the ids of its parts. */
export interface SharedStrategy {
  readonly prepared: PreparedRun;
  readonly inputId: NodeId;
  /** Where rows of the shared nodes go. */
  readonly addresses: ReadonlyMap<NodeId, SharedNodeAddress>;
  readonly ownId: NodeId;
  /** What its own node makes of every row, by the batch executor, which knows nothing of sharing. */
  readonly ownTruth: ReadonlyMap<number, number>;
}

const context = computeContextOf({ worldId: "w" });

/** By the compute key, what a node's row of a bucket has to be, as it is sent. */
export const truth = new Map<string, ReadonlyMap<number, string>>();

export function sharedStrategy(own: number): SharedStrategy {
  const prepared = prepareRun([Smooth], { own });
  const [input, fast, slow, last] = prepared.graphs[0]!.nodes.map(({ id }) => id) as [NodeId, NodeId, NodeId, NodeId];
  const addresses = new Map(
    [fast, slow].map((id) => [id, { id, key: computeKey(id, context), topic: `w.live.${id.slice(7, 19)}` }]),
  );
  const batch = runBatch(prepared.plan, new Map([[input, frame]]));
  const rowsOf = <Value>(id: NodeId, valueOf: (names: string[], values: number[]) => Value): Map<number, Value> => {
    const columns = [...batch.columnsOf(id).numeric];
    const names = columns.map(([name]) => name);
    return new Map(
      Array.from(batch.rowsOf(id).time, (bucketMs, row) => [
        bucketMs,
        valueOf(
          names,
          columns.map(([, column]) => column[row]!),
        ),
      ]),
    );
  };
  for (const { id, key } of addresses.values()) {
    truth.set(
      key,
      rowsOf(id, (names, values) => JSON.stringify(encodeRow(names, values))),
    );
  }
  return { prepared, inputId: input, addresses, ownId: last, ownTruth: rowsOf(last, (_, [value]) => value!) };
}
