import { resolve } from "node:path";
import { QmtlError } from "@qmtl/core";
import type { RunResult } from "@qmtl/engine/result";
import { fileHistory, type LoadOptions } from "../history/index.ts";
import { runOffline } from "../runner/offline.ts";
import type { OfflineOptions } from "../runner/options.ts";
import { loadStrategyClass } from "../strategy-file/index.ts";
import type { RunManifest } from "./manifest.ts";
import type { StoredRun } from "./read-run.ts";
import { manifestOf } from "./write-run.ts";

export interface Reproduction {
  readonly identical: boolean;
  /** Inputs that are not what they were, most telling first; empty when the result alone differs. */
  readonly changedInputs: readonly Change[];
  /** Parts of the result that differ, nodes in topological order first. */
  readonly changedParts: readonly Change[];
  readonly result: RunResult;
  readonly manifest: RunManifest;
}

export interface Change {
  readonly what: string;
  readonly recorded: string;
  readonly found: string;
}

/**
 * Runs a recorded run again from its manifest: same strategy file, data files and options.
 *
 * @throws QmtlError `REPRODUCE_MISMATCH` when the manifest does not say where strategy or data came from
 */
export async function reproduceRun({ manifest, base }: StoredRun, signal?: AbortSignal): Promise<Reproduction> {
  const { strategy } = manifest;
  if (strategy.file === null) {
    throw new QmtlError("REPRODUCE_MISMATCH", `run ${manifest.runId} does not say which file its strategy came from`, {
      hint: "make runs with: qmtl tools sdk offline FILE",
    });
  }
  const options: OfflineOptions = { ...optionsOf(manifest, base), ...(signal && { signal }) };
  const file = resolve(base, strategy.file);
  const [result] = await runOffline([await loadStrategyClass(file, strategy.name)], options);
  const found = manifestOf(result!, base, file, options);
  const changedParts = changes(manifest.result.parts, found.result.parts);
  return {
    identical: manifest.result.hash === found.result.hash,
    changedInputs: changedInputs(manifest, found),
    changedParts,
    result: result!,
    manifest: found,
  };
}

/** The options a manifest records, as the runner takes them. */
export function optionsOf(manifest: RunManifest, base: string): OfflineOptions {
  const { startTime, endTime, returnsBasis, broker, load } = manifest.options;
  // Rows that were made in memory come from the strategy's own history again; their digest tells whether they are equal.
  const files = manifest.data.filter(({ source }) => !source.startsWith("memory:"));
  return {
    data: Object.fromEntries(
      files.map(({ stream, source, load: own }) => {
        const path = resolve(base, source);
        return [stream, own === undefined ? path : fileHistory(path, own as LoadOptions)];
      }),
    ),
    params: manifest.strategy.params as Readonly<Record<string, unknown>>,
    returnsBasis,
    broker,
    load: load as NonNullable<OfflineOptions["load"]>,
    ...(startTime !== null && { startTime }),
    ...(endTime !== null && { endTime }),
    ...(manifest.seed !== null && { seed: manifest.seed }),
  };
}

function changedInputs(recorded: RunManifest, found: RunManifest): readonly Change[] {
  const inputs = (manifest: RunManifest) => ({
    ...Object.fromEntries(
      manifest.data.map(({ stream, source, digest }) => [`data of stream "${stream}" (${source})`, digest]),
    ),
    ...Object.fromEntries(manifest.nodes.map(({ name, codeHash }) => [`code of node "${name}"`, codeHash])),
    ...Object.fromEntries(manifest.nodes.map(({ name, id }) => [`definition of node "${name}"`, id])),
    "qmtl version": manifest.versions.qmtl,
    "node version": manifest.versions.node,
  });
  return changes(inputs(recorded), inputs(found));
}

function changes(
  recorded: Readonly<Record<string, string>>,
  found: Readonly<Record<string, string>>,
): readonly Change[] {
  const names = new Set([...Object.keys(recorded), ...Object.keys(found)]);
  return [...names].flatMap((what) =>
    recorded[what] === found[what]
      ? []
      : [{ what, recorded: recorded[what] ?? "absent", found: found[what] ?? "absent" }],
  );
}
