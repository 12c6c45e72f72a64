import type { JsonValue, NodeId } from "@qmtl/core";
import { blake3Text, createDigest, digestColumns } from "@qmtl/core/identity";
import type { BrokerOptions } from "@qmtl/engine/broker";
import type { NodeColumns, RunResult } from "@qmtl/engine/result";

/** Everything a run depends on, and what it led to. Holds no clock time and no absolute path: equal runs are equal bytes. */
export interface RunManifest {
  readonly schema: "qmtl.run/1";
  readonly runId: string;
  readonly strategy: { readonly name: string; readonly file: string | null; readonly params: JsonValue };
  readonly strategyId: string;
  readonly nodes: readonly {
    readonly id: NodeId;
    readonly name: string;
    readonly codeHash: string;
    readonly params: JsonValue;
  }[];
  readonly data: readonly {
    readonly stream: string;
    readonly source: string;
    readonly digest: string;
    readonly rows: number;
    /** How the stream's own history reads the file; absent where `options.load` says it, and without options. */
    readonly load?: JsonValue;
  }[];
  readonly options: RunManifestOptions;
  readonly seed: number | null;
  readonly versions: { readonly qmtl: string; readonly node: string };
  readonly result: { readonly hash: string; readonly parts: Readonly<Record<string, string>> };
}

/** Options that change results, resolved. `executor` is none of them: both give the same bytes. */
export interface RunManifestOptions {
  readonly startTime: string | null;
  readonly endTime: string | null;
  readonly returnsBasis: "1d" | "bar";
  readonly broker: BrokerOptions;
  readonly load: JsonValue;
}

/**
 * Digests of everything a result says, by part, and one over all of them. Node columns have a part each, so that a
 * difference can be traced to the first node that has it.
 */
export function resultDigests(result: RunResult): RunManifest["result"] {
  const parts: Record<string, string> = {};
  for (const node of result.nodes) {
    const columns = result.columns.get(node.id);
    if (columns) parts[`node:${node.name}`] = digestNode(columns);
  }
  parts["orders"] = blake3Text(JSON.stringify(result.orders));
  parts["fills"] = blake3Text(JSON.stringify(result.fills));
  parts["trades"] = blake3Text(JSON.stringify(result.trades));
  parts["curves"] = digestColumns({
    times: result.times,
    equity: result.equity,
    cash: result.cash,
    ...Object.fromEntries(result.positions.map((column, index) => [`position:${index}`, column])),
  });
  parts["metrics"] = blake3Text(JSON.stringify(result.metrics));
  const digest = createDigest();
  for (const [name, value] of Object.entries(parts)) digest.update(new TextEncoder().encode(`${name}=${value}\n`));
  return { hash: digest.text(), parts };
}

function digestNode(columns: NodeColumns): string {
  // An author's function may have fields in another order: digestColumns sorts them.
  const numbers = digestColumns({ time: columns.time, ...prefixed(columns.fields) });
  return columns.payloads ? blake3Text(`${numbers}|${JSON.stringify(columns.payloads)}`) : numbers;
}

function prefixed(fields: NodeColumns["fields"]): Record<string, Float64Array> {
  return Object.fromEntries(Object.entries(fields).map(([field, column]) => [`field:${field}`, column]));
}

/** Short, stable name of a run: what it ran and on what, not when. */
export function runIdOf(manifest: Omit<RunManifest, "runId" | "result">): string {
  const { strategy, strategyId, data, options, seed, versions } = manifest;
  const inputs = {
    params: strategy.params,
    strategyId,
    data: data.map(({ stream, digest }) => [stream, digest]),
    options,
    seed,
    versions,
  };
  const slug = strategy.name
    .replace(/([a-z0-9])([A-Z])/g, "$1-$2")
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-");
  return `${slug}-${blake3Text(JSON.stringify(inputs)).slice(7, 19)}`;
}
