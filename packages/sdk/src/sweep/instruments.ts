import { QmtlError, type NodeId } from "@qmtl/core";
import type { Frame } from "@qmtl/engine/frame";
import type { StrategyGraph } from "../graph/build-graph.ts";
import { bindData, isSource } from "../runner/bind-data.ts";
import { StreamInput } from "../strategy/stream-input.ts";
import type { SweepOptions } from "./options.ts";
import { sharedNumbers } from "./program.ts";

/** What one instrument's runs read. Rows are loaded and judged once. */
export class SweptInstrument {
  readonly name: string;
  readonly frames = new Map<NodeId, Frame>();
  readonly #data: SweepOptions["data"];

  constructor(name: string, data: SweepOptions["data"]) {
    this.name = name;
    this.#data = data;
  }

  /** Sees to it that the rows of every stream of these graphs are here. */
  async bind(graphs: readonly StrategyGraph[], options: SweepOptions): Promise<void> {
    const missing = graphs.filter((graph) =>
      graph.nodes.some(({ node, id }) => node instanceof StreamInput && !this.frames.has(id)),
    );
    if (missing.length === 0) return;
    const { load, startTime, endTime, signal } = options;
    const { frames } = await bindData(missing, {
      ...(this.#data !== undefined && { data: this.#data }),
      ...(load && { load }),
      ...(startTime !== undefined && { startTime }),
      ...(endTime !== undefined && { endTime }),
      ...(signal && { signal }),
    });
    for (const [id, frame] of frames) if (!this.frames.has(id)) this.frames.set(id, sharedFrame(frame));
  }
}

/**
 * The instruments of a sweep. A strategy of one stream runs once for every entry of a record of data; a strategy of
 * several streams runs once, its streams bound by name, as in any run.
 */
export function sweptInstruments(graph: StrategyGraph, data: SweepOptions["data"]): readonly SweptInstrument[] {
  const streams = graph.nodes.flatMap(({ node }) => (node instanceof StreamInput ? [node as StreamInput<string>] : []));
  const isOne = streams.length !== 1 || data === undefined || isSource(data);
  if (isOne) {
    const symbols = [...new Set(streams.map((stream) => stream.instrument?.symbol ?? stream.name))];
    return [new SweptInstrument(symbols.join("+"), data)];
  }
  const named = Object.entries(data);
  if (named.length === 0) {
    throw new QmtlError("DATA_MISSING", "data names no instrument; expected a source for at least one", {
      hint: 'pass rows or a file, data: "btc.csv", or several by name, data: { btc: "btc.csv", eth: "eth.csv" }',
    });
  }
  return named.map(([name, source]) => new SweptInstrument(name, source));
}

// Columns every thread reads in place.
function sharedFrame(frame: Frame): Frame {
  const shared = (column: Float64Array) => {
    const copy = sharedNumbers(column.length);
    copy.set(column);
    return copy;
  };
  const columns = Object.fromEntries(Object.entries(frame.columns).map(([field, column]) => [field, shared(column)]));
  return { ...frame, time: shared(frame.time), columns };
}
