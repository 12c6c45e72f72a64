import { nearestWord, parseInstant, QmtlError, type EpochMs, type NodeId } from "@qmtl/core";
import { firstRowAt, sliceFrame, type Frame } from "@qmtl/engine/frame";
import type { DataQuality } from "@qmtl/engine/result";
import type { IdentifiedNode, StrategyGraph } from "../graph/build-graph.ts";
import { checkFrame, refuseErrors, type LoadedFrame } from "../data-quality/index.ts";
import { FileHistory, loadFrame, type HistoryProvider, type LoadOptions } from "../history/index.ts";
import { QueueInput } from "../strategy/queue-input.ts";
import { StreamInput } from "../strategy/stream-input.ts";
import type { DataSource, OfflineOptions } from "./options.ts";

export interface BoundData {
  readonly frames: ReadonlyMap<NodeId, Frame>;
  readonly quality: ReadonlyMap<NodeId, DataQuality>;
}

/**
 * Finds, loads and cuts the rows of every stream, each distinct stream and each file once.
 *
 * @throws QmtlError `DATA_MISSING`, and what loading a file raises
 */
export async function bindData(graphs: readonly StrategyGraph[], options: OfflineOptions): Promise<BoundData> {
  const frames = new Map<NodeId, Frame>();
  const quality = new Map<NodeId, DataQuality>();
  const startMs = options.startTime === undefined ? undefined : parseInstant(options.startTime, "startTime");
  const endMs = options.endTime === undefined ? undefined : parseInstant(options.endTime, "endTime");
  if (startMs !== undefined && endMs !== undefined && startMs >= endMs) {
    throw new QmtlError(
      "TIME_INVALID",
      `the range must start before it ends; found ${String(options.startTime)} to ${String(options.endTime)}`,
    );
  }
  const streams = new Map<NodeId, IdentifiedNode[]>();
  for (const graph of graphs) {
    for (const node of graph.nodes) {
      if (!(node.node instanceof StreamInput) || node.node instanceof QueueInput) continue;
      const same = streams.get(node.id);
      if (same) same.push(node);
      else streams.set(node.id, [node]);
    }
  }
  checkNames(options, [...streams.values()].flat());
  const loads = new Map<string, Promise<LoadedFrame>>();
  for (const [id, same] of streams) {
    options.signal?.throwIfAborted();
    const { identified, loaded } = await loadOne(same, (each) =>
      placeOf(each, options, streams.size, loads, startMs, endMs),
    );
    const { frame } = loaded;
    const from = startMs === undefined ? 0 : firstRowAt(frame, startMs);
    const to = endMs === undefined ? frame.length : firstRowAt(frame, endMs);
    const cut = from === 0 && to === frame.length ? frame : sliceFrame(frame, from, to);
    checkStream(identified, cut, loaded);
    frames.set(id, withFields(cut, (identified.node as StreamInput<string>).fields));
    quality.set(id, loaded.quality);
  }
  return { frames, quality };
}

/** Where the rows of a stream are; nodes with one key are not loaded twice. */
interface Place {
  readonly key: unknown;
  load(): Promise<LoadedFrame>;
}

/**
 * The rows of one stream, whichever of the nodes that stand for it says where they are.
 *
 * @throws QmtlError `DATA_INVALID` when two of them say differently: the graph cannot tell such streams apart
 */
async function loadOne(
  same: readonly IdentifiedNode[],
  placeOf: (node: IdentifiedNode) => Place | undefined,
): Promise<{ readonly identified: IdentifiedNode; readonly loaded: LoadedFrame }> {
  let first: { readonly identified: IdentifiedNode; readonly loaded: LoadedFrame } | undefined;
  const seen = new Set<unknown>();
  for (const identified of same) {
    const place = placeOf(identified);
    if (place === undefined || seen.has(place.key)) continue;
    seen.add(place.key);
    const loaded = await place.load();
    if (first === undefined) {
      first = { identified, loaded };
      continue; // one source is what nearly every stream has: nobody needs to hash it
    }
    if (first.loaded.quality.digest === loaded.quality.digest) continue;
    const names = `"${first.identified.node.name}" and "${identified.node.name}"`;
    throw new QmtlError(
      "DATA_INVALID",
      `streams ${names} are one stream by their tags, instrument and interval, but have different data`,
      { hint: "tell them apart: give each tags or an instrument of its own" },
    );
  }
  if (first) return first;
  const { name, tags } = same[0]!.node;
  throw new QmtlError("DATA_MISSING", `stream "${name}" has no data`, {
    details: { stream: name, tags },
    hint: `pass it to the run, data: { ${JSON.stringify(name)}: "prices.csv" }, or give the stream a history`,
  });
}

/** A history may have more columns than the stream names: they are none of its outputs. */
export function withFields(frame: Frame, fields: readonly string[]): Frame {
  if (Object.keys(frame.columns).length === fields.length) return frame;
  return { ...frame, columns: Object.fromEntries(fields.map((field) => [field, frame.columns[field]!])) };
}

function placeOf(
  identified: IdentifiedNode,
  options: OfflineOptions,
  streamCount: number,
  loads: Map<string, Promise<LoadedFrame>>,
  startMs: EpochMs | undefined,
  endMs: EpochMs | undefined,
): Place | undefined {
  const node = identified.node as StreamInput<string>;
  const source = sourceFor(node, options.data, streamCount);
  const range = { ...(startMs !== undefined && { start: startMs }), ...(endMs !== undefined && { end: endMs }) };
  const load: LoadOptions = {
    ...options.load,
    ...range,
    interval: identified.intervalMs / 1_000,
    fields: node.fields,
    stream: node.name,
    // An instrument that says when it trades is judged by that; otherwise the rows tell.
    ...(node.instrument && node.instrument.calendar !== "24x7" && { calendar: node.instrument.calendar }),
  };
  if (typeof source === "string") {
    const key = `${source}|${identified.intervalMs}|${node.fields.join(",")}|${load.calendar ?? ""}`;
    return {
      key,
      load: () => {
        let loading = loads.get(key);
        if (!loading) loads.set(key, (loading = loadFrame(source, load)));
        return loading;
      },
    };
  }
  if (source !== undefined && !isHistory(source)) {
    return {
      key: source,
      load: async () => ("frame" in source ? source : checked(source, node.name, options.load)),
    };
  }
  const history = source ?? node.history;
  if (history === undefined) return undefined;
  return {
    key: history instanceof FileHistory ? history.key : history,
    load: async () => {
      if (history.load) return history.load({ ...range, intervalMs: identified.intervalMs, stream: node.name });
      const request = {
        nodeId: identified.id,
        intervalMs: identified.intervalMs,
        start: startMs ?? 0,
        end: endMs ?? Number.MAX_SAFE_INTEGER,
      };
      return checked(await history.fetch(request), node.name, options.load);
    },
  };
}

// Rows that come as a frame are judged like those of a file; a loaded frame was judged when it was loaded.
function checked(frame: Frame, stream: string, load: LoadOptions | undefined): LoadedFrame {
  const { format: _format, interval: _interval, ...check } = load ?? {};
  const loaded = checkFrame(frame, { ...check, stream, source: `memory:${stream}` });
  refuseErrors(loaded, load?.allow);
  return loaded;
}

function sourceFor(
  node: StreamInput<string>,
  data: OfflineOptions["data"],
  streamCount: number,
): DataSource | undefined {
  if (data === undefined) return undefined;
  if (isSource(data)) {
    if (streamCount === 1) return data;
    throw new QmtlError("DATA_MISSING", `the run has ${streamCount} streams, but one source of data without a name`, {
      hint: "name them: data: { btc: …, eth: … }",
    });
  }
  const byName = [node.name, node.instrument?.symbol, ...node.tags];
  for (const name of byName) if (name !== undefined && Object.hasOwn(data, name)) return data[name];
  return undefined;
}

function isHistory(source: object): source is HistoryProvider {
  return "fetch" in source && typeof source.fetch === "function";
}

export function isSource(data: NonNullable<OfflineOptions["data"]>): data is DataSource {
  return (
    typeof data === "string" ||
    isHistory(data) ||
    ("intervalMs" in data && "time" in data) ||
    ("frame" in data && "quality" in data)
  );
}

function checkNames(options: OfflineOptions, streams: readonly IdentifiedNode[]): void {
  if (options.data === undefined || isSource(options.data)) return;
  const names = streams.flatMap(({ node }) => [
    node.name,
    (node as StreamInput<string>).instrument?.symbol ?? node.name,
    ...node.tags,
  ]);
  for (const name of Object.keys(options.data)) {
    if (names.includes(name)) continue;
    const guess = nearestWord(name, names);
    throw new QmtlError("DATA_MISSING", `data is given for "${name}", but no stream has that name, symbol or tag`, {
      hint: guess === undefined ? `the streams are ${[...new Set(names)].join(", ")}` : `did you mean "${guess}"?`,
    });
  }
}

function checkStream(identified: IdentifiedNode, frame: Frame, loaded: LoadedFrame): void {
  const node = identified.node as StreamInput<string>;
  if (frame.intervalMs !== identified.intervalMs) {
    throw new QmtlError(
      "DATA_INVALID",
      `stream "${node.name}" has interval ${identified.intervalMs} ms, its data ${frame.intervalMs} ms`,
      {
        hint: "give the stream the interval of its data, and resample it in the graph",
      },
    );
  }
  for (const field of node.fields) {
    if (Object.hasOwn(frame.columns, field)) continue;
    throw new QmtlError(
      "FIELD_UNKNOWN",
      `the data of stream "${node.name}" has no column "${field}"; it has ${Object.keys(frame.columns).join(", ")}`,
      {
        hint: "name the stream's fields: new StreamInput({ fields: [...] })",
      },
    );
  }
  if (frame.length === 0) {
    const { firstMs, lastMs } = loaded.quality;
    const range =
      firstMs === null || lastMs === null
        ? "is empty"
        : `reaches from ${new Date(firstMs).toISOString()} to ${new Date(lastMs).toISOString()}`;
    throw new QmtlError("DATA_EMPTY", `stream "${node.name}" has no rows in the range; its data ${range}`, {
      hint: "widen startTime and endTime, or load other data",
    });
  }
}
