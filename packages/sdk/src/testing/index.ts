import { nearestWord, parseInterval, QmtlError } from "@qmtl/core";
import type { Frame } from "@qmtl/engine/frame";
import type { RunResult } from "@qmtl/engine/result";
import type { StrategyInput } from "../runner/index.ts";
import {
  describeLookahead,
  verifyLookahead,
  verifyParity,
  type LookaheadOptions,
  type ParityOptions,
} from "../verify/index.ts";

// What tests of strategies need, with any test runner.

export interface BarsOptions {
  /** Default "1m". */
  readonly interval?: string | number;
  /** Start of the first bucket, UTC ms. Default 0. */
  readonly startMs?: number;
  /** Default: 1 per bar. */
  readonly volume?: readonly number[];
}

/** Bars from closes: each opens at the close before, high and low are the larger and smaller of both. */
export function barsOf(closes: readonly number[], { interval = "1m", startMs = 0, volume }: BarsOptions = {}): Frame {
  const intervalMs = parseInterval(interval);
  const close = Float64Array.from(closes);
  const open = close.map((value, row) => close[row - 1] ?? value);
  return {
    intervalMs,
    length: close.length,
    time: close.map((_, row) => startMs + row * intervalMs),
    columns: {
      open,
      high: close.map((value, row) => Math.max(value, open[row]!)),
      low: close.map((value, row) => Math.min(value, open[row]!)),
      close,
      volume: Float64Array.from(closes, (_, row) => volume?.[row] ?? 1),
    },
  };
}

/** A node's output as plain numbers, absent as null. @throws QmtlError `FIELD_UNKNOWN` */
export function columnOf(result: RunResult, node: string, field = "value"): readonly (number | null)[] {
  const found = result.nodes.find((each) => each.name === node);
  const names = result.nodes.map((each) => each.name);
  const column = found && result.columns.get(found.id)?.fields[field];
  if (column) return Array.from(column, (value) => (Number.isNaN(value) ? null : value));
  const guess = nearestWord(node, names);
  throw new QmtlError(
    "FIELD_UNKNOWN",
    found ? `node "${node}" has no field "${field}"` : `the run has no node "${node}"; it has ${names.join(", ")}`,
    {
      ...(!found && guess !== undefined && { hint: `did you mean "${guess}"?` }),
    },
  );
}

/** Fails unless batch, stream and a stream restarted at every cut agree bit for bit. @throws QmtlError `PARITY_BROKEN` */
export async function assertParity(strategy: StrategyInput, options: ParityOptions): Promise<void> {
  const report = await verifyParity(strategy, options);
  const difference = report.stream ?? report.restarted;
  if (!difference) return;
  const how = report.stream ? "the stream" : "the restarted stream";
  throw new QmtlError(
    "PARITY_BROKEN",
    `${how} differs first in "${difference.where}", row ${difference.row}: expected ${difference.expected}, found ${difference.found}`,
    { details: { ...difference } },
  );
}

/** Fails when a node's past changes as later rows arrive. @throws QmtlError `LOOKAHEAD_FOUND` */
export async function assertNoLookahead(strategy: StrategyInput, options: LookaheadOptions): Promise<void> {
  const report = await verifyLookahead(strategy, options);
  if (!report.clean)
    throw new QmtlError("LOOKAHEAD_FOUND", describeLookahead(report).join("; "), {
      details: { rewritten: report.rewritten },
    });
}
