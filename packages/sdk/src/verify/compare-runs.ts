import type { EpochMs, NodeId } from "@qmtl/core";
import type { RunResult } from "@qmtl/engine/result";

/** The first place where two runs of one plan differ. */
export interface Difference {
  /** Node name, or "orders", "fills", "trades", "equity". */
  readonly where: string;
  readonly nodeId: NodeId | null;
  readonly field: string | null;
  readonly row: number;
  readonly timeMs: EpochMs | null;
  readonly expected: string;
  readonly found: string;
}

/** Compares by value, bit for bit (NaN equals NaN, -0 does not equal 0), nodes in topological order, then money. */
export function firstDifference(expected: RunResult, found: RunResult): Difference | undefined {
  for (const node of expected.nodes) {
    const [left, right] = [expected.columns.get(node.id), found.columns.get(node.id)];
    if (!left || !right) continue;
    const at = (
      field: string | null,
      row: number,
      values: readonly [number | string | undefined, number | string | undefined],
    ): Difference => ({
      where: node.name,
      nodeId: node.id,
      field,
      row,
      timeMs: left.time[row] ?? right.time[row] ?? null,
      expected: text(values[0]),
      found: text(values[1]),
    });
    const timeRow = firstRow(left.time, right.time);
    if (timeRow >= 0) return at("time", timeRow, [left.time[timeRow], right.time[timeRow]]);
    for (const field of new Set([...Object.keys(left.fields), ...Object.keys(right.fields)])) {
      // A field that never had a value may be missing on one side.
      const absent = new Float64Array(left.time.length).fill(Number.NaN);
      const [a, b] = [left.fields[field] ?? absent, right.fields[field] ?? absent];
      const row = firstRow(a, b);
      if (row >= 0) return at(field, row, [a[row], b[row]]);
    }
    const rows = Math.max(left.payloads?.length ?? 0, right.payloads?.length ?? 0);
    for (let row = 0; row < rows; row++) {
      const values = [JSON.stringify(left.payloads?.[row]), JSON.stringify(right.payloads?.[row])] as const;
      if (values[0] !== values[1]) return at(null, row, values);
    }
  }
  for (const list of ["orders", "fills", "trades"] as const) {
    const [a, b] = [expected[list], found[list]];
    for (let row = 0; row < Math.max(a.length, b.length); row++) {
      const values = [JSON.stringify(a[row]), JSON.stringify(b[row])] as const;
      if (values[0] !== values[1])
        return {
          where: list,
          nodeId: null,
          field: null,
          row,
          timeMs: null,
          expected: text(values[0]),
          found: text(values[1]),
        };
    }
  }
  const row = firstRow(expected.equity, found.equity);
  if (row < 0) return undefined;
  return {
    where: "equity",
    nodeId: null,
    field: null,
    row,
    timeMs: expected.times[row] ?? null,
    expected: text(expected.equity[row]),
    found: text(found.equity[row]),
  };
}

/** First row whose values differ by `Object.is`; -1 when none does. */
function firstRow(a: Float64Array, b: Float64Array): number {
  const length = Math.max(a.length, b.length);
  for (let row = 0; row < length; row++) if (!Object.is(a[row], b[row])) return row;
  return -1;
}

function text(value: number | string | undefined): string {
  return value === undefined || Number.isNaN(value) ? "absent" : Object.is(value, -0) ? "-0" : String(value);
}
