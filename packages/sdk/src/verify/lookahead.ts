import { formatInstant, type EpochMs, type NodeId } from "@qmtl/core";
import { runBatch, type BatchRun } from "@qmtl/engine/execute";
import { sliceFrame, type Frame } from "@qmtl/engine/frame";
import type { Plan, PlannedNode } from "@qmtl/engine/plan";
import type { IdentifiedNode } from "../graph/build-graph.ts";
import { bindData, withFields } from "../runner/bind-data.ts";
import { prepareRun, type StrategyInput } from "../runner/offline.ts";
import type { OfflineOptions } from "../runner/options.ts";
import { StreamInput } from "../strategy/stream-input.ts";

export interface LookaheadOptions extends OfflineOptions {
  /** How many instants the data is cut at. Default: every one up to 3,000 rows, then 600 spread over the run. */
  readonly cuts?: number;
}

/** A node whose past changed when later rows arrived. */
export interface RewrittenNode {
  readonly node: string;
  readonly nodeId: NodeId;
  readonly field: string | null;
  /** First bar whose value changed, and the data end before which it was still another. */
  readonly barMs: EpochMs;
  readonly seenUntilMs: EpochMs;
  readonly before: number | string | null; // null: absent
  readonly after: number | string | null;
  /** Largest absolute change over all cuts; null when a value only appeared or went. */
  readonly largestChange: number | null;
  /** Cuts, of all that were tried, at which this node's past differed. */
  readonly cutsAffected: number;
  /** True when an input of the node was rewritten too: the cause is further up. */
  readonly inherited: boolean;
}

/** A node whose values depend on where the data starts, though it never looks ahead. */
export interface StartSensitivity {
  readonly node: string;
  readonly nodeId: NodeId;
  /** Rows after the later start until the relative difference stays below 1e-9; null: it never settles. */
  readonly settledAfterRows: number | null;
  readonly largestRelativeDifference: number;
}

export interface LookaheadReport {
  readonly strategy: string;
  readonly rows: number;
  readonly cuts: number;
  readonly clean: boolean;
  /** Topological order: the first one that is not inherited is the cause. */
  readonly rewritten: readonly RewrittenNode[];
  readonly startSensitive: readonly StartSensitivity[];
}

/**
 * Prefix replay, node by node: computes the graph on the rows up to an instant, for many instants, and compares every
 * value with what the whole data gives. A value that changes when later rows arrive has used them.
 *
 * Streams with a history are asked again for every prefix, so a provider that scales, fills or merges over its whole
 * range is caught at the source. The start is varied too: what that changes is reported apart, as start sensitivity.
 */
export async function verifyLookahead(
  strategy: StrategyInput,
  options: LookaheadOptions = {},
): Promise<LookaheadReport> {
  const prepared = prepareRun([strategy], options.params);
  const data = await bindData(prepared.graphs, options);
  const { plan } = prepared;
  const whole = runBatch(plan, data.frames);
  const instants = closeTimes(data.frames);
  const cuts = chooseCuts(instants, options.cuts);
  const found = new Map<NodeId, Finding>();
  const providers = prepared.graphs[0]!.nodes.filter((node) => rereads(node, options));
  for (const [index, cutMs] of cuts.entries()) {
    options.signal?.throwIfAborted();
    const frames = await prefixOf(data.frames, cutMs, providers);
    comparePast(plan, whole, runBatch(plan, frames), cutMs, found);
    options.onProgress?.((index + 1) / (cuts.length + 1), "replaying prefixes");
  }
  const rewritten = plan.nodes.flatMap((planned) => {
    const finding = found.get(planned.node.id);
    return finding ? [describe(planned, finding, found)] : [];
  });
  return {
    strategy: prepared.graphs[0]!.name,
    rows: instants.length,
    cuts: cuts.length,
    clean: rewritten.length === 0,
    rewritten,
    startSensitive: startSensitivity(plan, whole, data.frames, found),
  };
}

interface Finding {
  field: string | null;
  row: number;
  barMs: EpochMs;
  cutMs: EpochMs;
  before: number | string | null;
  after: number | string | null;
  largestChange: number | null;
  cuts: number;
}

function rereads({ node }: IdentifiedNode, options: OfflineOptions): boolean {
  return node instanceof StreamInput && node.history !== undefined && options.data === undefined;
}

async function prefixOf(
  frames: ReadonlyMap<NodeId, Frame>,
  cutMs: EpochMs,
  providers: readonly IdentifiedNode[],
): Promise<ReadonlyMap<NodeId, Frame>> {
  const prefix = new Map<NodeId, Frame>();
  for (const [id, frame] of frames) {
    let length = 0;
    while (length < frame.length && frame.time[length]! + frame.intervalMs <= cutMs) length++;
    prefix.set(id, sliceFrame(frame, 0, length));
  }
  for (const { id, node, intervalMs } of providers) {
    const first = frames.get(id)!.time[0];
    const { history, fields } = node as StreamInput<string>;
    if (first === undefined || prefix.get(id)!.length === 0) continue;
    const rows = await history!.fetch({ nodeId: id, intervalMs, start: first, end: cutMs - intervalMs + 1 });
    prefix.set(id, withFields(rows, fields));
  }
  return prefix;
}

function comparePast(plan: Plan, whole: BatchRun, prefix: BatchRun, cutMs: EpochMs, found: Map<NodeId, Finding>): void {
  for (const { node } of plan.nodes) {
    const [then, now] = [prefix.columnsOf(node.id), whole.columnsOf(node.id)];
    const time = prefix.rowsOf(node.id).time;
    let finding = found.get(node.id);
    let affected = false;
    const note = (row: number, field: string | null, before: Finding["before"], after: Finding["after"]) => {
      affected = true;
      const barMs = time[row]!;
      const change = typeof before === "number" && typeof after === "number" ? Math.abs(after - before) : null;
      if (!finding || barMs < finding.barMs) {
        finding = {
          field,
          row,
          barMs,
          cutMs,
          before,
          after,
          largestChange: maxOf(finding?.largestChange ?? null, change),
          cuts: finding?.cuts ?? 0,
        };
      } else finding.largestChange = maxOf(finding.largestChange, change);
    };
    const absent = new Float64Array(time.length).fill(Number.NaN);
    for (const field of new Set([...then.numeric.keys(), ...now.numeric.keys()])) {
      const [a, b] = [then.numeric.get(field) ?? absent, now.numeric.get(field) ?? absent];
      for (let row = 0; row < time.length; row++) {
        const [before, after] = [a[row]!, b[row] ?? Number.NaN];
        if (Object.is(before, after) || before === after) continue;
        note(row, field, Number.isNaN(before) ? null : before, Number.isNaN(after) ? null : after);
      }
    }
    if (then.payload || now.payload) {
      for (let row = 0; row < time.length; row++) {
        const [before, after] = [JSON.stringify(then.payload?.[row]), JSON.stringify(now.payload?.[row])];
        if (before !== after) note(row, null, before ?? null, after ?? null);
      }
    }
    if (affected && finding) {
      finding.cuts++;
      found.set(node.id, finding);
    }
  }
}

function describe({ node, inputs }: PlannedNode, finding: Finding, found: ReadonlyMap<NodeId, Finding>): RewrittenNode {
  return {
    node: node.name,
    nodeId: node.id,
    field: finding.field,
    barMs: finding.barMs,
    seenUntilMs: finding.cutMs,
    before: finding.before,
    after: finding.after,
    largestChange: finding.largestChange,
    cutsAffected: finding.cuts,
    inherited: inputs.some((input) => found.has(input.node.id)),
  };
}

/** Leaves out the first rows and looks how long the rest differs from what the whole data gave. */
function startSensitivity(
  plan: Plan,
  whole: BatchRun,
  frames: ReadonlyMap<NodeId, Frame>,
  rewritten: ReadonlyMap<NodeId, Finding>,
): readonly StartSensitivity[] {
  const skipped = new Map<NodeId, Frame>();
  const instants = closeTimes(frames);
  // An odd share, so that the later start does not fall on a whole hour, day or period.
  const startMs = instants[Math.floor(instants.length * 0.23)];
  if (startMs === undefined) return [];
  for (const [id, frame] of frames) {
    let from = 0;
    while (from < frame.length && frame.time[from]! + frame.intervalMs <= startMs) from++;
    skipped.set(id, sliceFrame(frame, from, frame.length));
  }
  const later = runBatch(plan, skipped);
  return plan.nodes.flatMap(({ node }) => {
    if (node.kind === "source" || rewritten.has(node.id)) return [];
    const sensitivity = compareStarts(
      whole.columnsOf(node.id).numeric,
      whole.rowsOf(node.id).time,
      later.columnsOf(node.id).numeric,
      later.rowsOf(node.id).time,
    );
    return sensitivity ? [{ node: node.name, nodeId: node.id, ...sensitivity }] : [];
  });
}

const settledBelow = 1e-9;

function compareStarts(
  whole: ReadonlyMap<string, Float64Array>,
  wholeTime: Float64Array,
  later: ReadonlyMap<string, Float64Array>,
  laterTime: Float64Array,
): { settledAfterRows: number | null; largestRelativeDifference: number } | undefined {
  let largest = 0;
  let lastUnsettled = -1;
  let rows = 0;
  for (const [field, values] of later) {
    const reference = whole.get(field);
    if (!reference) continue;
    let at = 0;
    let first = -1;
    for (let row = 0; row < laterTime.length; row++) {
      while (at < wholeTime.length && wholeTime[at]! < laterTime[row]!) at++;
      const [now, then] = [values[row]!, reference[at]!];
      if (wholeTime[at] !== laterTime[row] || now !== now || then !== then) continue; // warm-up is no difference
      if (first < 0) first = row;
      rows = Math.max(rows, row - first + 1);
      const difference = Math.abs(now - then) / Math.max(Math.abs(now), Math.abs(then), Number.MIN_VALUE);
      if (difference > largest) largest = difference;
      if (difference > settledBelow) lastUnsettled = Math.max(lastUnsettled, row - first);
    }
  }
  if (largest <= settledBelow) return undefined;
  const settledAfterRows = lastUnsettled + 1 >= rows ? null : lastUnsettled + 1;
  return { settledAfterRows, largestRelativeDifference: largest };
}

function closeTimes(frames: ReadonlyMap<NodeId, Frame>): number[] {
  const times = new Set<number>();
  for (const frame of frames.values()) for (const time of frame.time) times.add(time + frame.intervalMs);
  return [...times].sort((a, b) => a - b);
}

// The last instant is the whole data: nothing can differ there.
function chooseCuts(
  instants: readonly number[],
  wanted = instants.length <= 3_000 ? instants.length : 600,
): readonly number[] {
  const before = instants.slice(0, -1);
  if (wanted >= before.length) return before;
  // Dense at the start, where warm-up ends; then evenly, with odd steps so that no period is always hit in phase.
  const early = before.slice(0, Math.min(64, Math.floor(wanted / 4)));
  const rest = wanted - early.length;
  const spread = Array.from(
    { length: rest },
    (_, index) => before[early.length + Math.floor(((index + 0.618) * (before.length - early.length)) / rest)]!,
  );
  return [...early, ...spread];
}

function maxOf(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.max(a, b);
}

/** The report in a sentence per finding, cause first. */
export function describeLookahead(report: LookaheadReport): readonly string[] {
  return report.rewritten.map((found) => {
    const size = found.largestChange === null ? "" : `, by up to ${found.largestChange}`;
    const what = `${found.node}${found.field === null || found.field === "value" ? "" : `.${found.field}`}`;
    const origin = found.inherited ? " (follows from an input)" : "";
    return `${what} at ${formatInstant(found.barMs)} was ${found.before ?? "absent"} with data to ${formatInstant(found.seenUntilMs)} and became ${found.after ?? "absent"}${size}; seen at ${found.cutsAffected} of ${report.cuts} cuts${origin}`;
  });
}
