import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import { QmtlError, type JsonValue } from "@qmtl/core";
import { resolveBrokerOptions } from "@qmtl/engine/broker";
import type { RunResult } from "@qmtl/engine/result";
import { renderReports } from "../report/index.ts";
import type { OfflineOptions } from "../runner/options.ts";
import { packageVersion } from "./package-version.ts";
import { resultDigests, runIdOf, type RunManifest } from "./manifest.ts";

export interface WriteRunOptions {
  /** Folder that holds runs. Default `.qmtl/runs` below `base`. */
  readonly folder?: string;
  /** Folder that paths in the manifest are relative to. Default: the working directory. */
  readonly base?: string;
  /** Strategy file and class, so that the run can be reproduced. */
  readonly strategyFile?: string;
  readonly options: OfflineOptions;
}

export interface WrittenRun {
  readonly runId: string;
  readonly folder: string;
  readonly reportFile: string;
  readonly manifest: RunManifest;
}

/**
 * Leaves a run on disk: `manifest.json`, `report.json`, `report.md`, `report.html`. Files are written beside and moved
 * into place, so a run that is there is whole.
 *
 * @throws QmtlError `FILE_UNWRITABLE`
 */
export async function writeRun(
  result: RunResult,
  { folder, base = process.cwd(), strategyFile, options }: WriteRunOptions,
): Promise<WrittenRun> {
  const manifest = manifestOf(result, base, strategyFile, options);
  const target = resolve(folder ?? join(base, ".qmtl", "runs"), manifest.runId);
  const staged = `${target}.${crypto.randomUUID().slice(0, 8)}.part`;
  try {
    await mkdir(staged, { recursive: true });
    await writeFile(join(staged, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
    const reports = renderReports(result);
    await writeFile(join(staged, "report.json"), reports.json);
    await writeFile(join(staged, "report.md"), reports.markdown);
    await writeFile(join(staged, "report.html"), reports.html);
    await mkdir(dirname(target), { recursive: true });
    await replaceFolder(staged, target);
  } catch (cause) {
    await rm(staged, { recursive: true, force: true }).catch(() => undefined);
    throw new QmtlError("FILE_UNWRITABLE", `the run cannot be written to ${target}: ${(cause as Error).message}`, {
      details: { folder: target },
      hint: "choose another folder with --out, or make this one writable",
      cause,
    });
  }
  return { runId: manifest.runId, folder: target, reportFile: join(target, "report.html"), manifest };
}

/** Moves a folder into place. What was there stays until the new one is; several at once leave the last one. */
async function replaceFolder(staged: string, target: string): Promise<void> {
  const before = `${staged.slice(0, -".part".length)}.old.part`;
  for (let attempt = 1; ; attempt++) {
    await rename(target, before).catch(() => undefined); // there may be none
    try {
      await rename(staged, target);
      await rm(before, { recursive: true, force: true });
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const isTaken = code === "ENOTEMPTY" || code === "EEXIST"; // by the same run, put there in between
      if (isTaken) await rm(before, { recursive: true, force: true });
      else await rename(before, target).catch(() => undefined);
      if (!isTaken || attempt === 10) throw error;
    }
  }
}

export function manifestOf(
  result: RunResult,
  base: string,
  strategyFile: string | undefined,
  options: OfflineOptions,
): RunManifest {
  const inputs = {
    schema: "qmtl.run/1",
    strategy: {
      name: result.strategy,
      file: strategyFile === undefined ? null : portablePath(base, strategyFile),
      params: (options.params ?? {}) as JsonValue,
    },
    strategyId: result.strategyId,
    nodes: result.nodes.map(({ id, name, codeHash, params }) => ({ id, name, codeHash, params })),
    data: result.dataQuality.map(({ stream, source, digest, rows, load }) => ({
      stream,
      source: portablePath(base, source),
      digest,
      rows,
      ...(load !== undefined && { load }),
    })),
    options: {
      startTime: timeText(options.startTime),
      endTime: timeText(options.endTime),
      returnsBasis: options.returnsBasis ?? "1d",
      broker: resolveBrokerOptions(options.broker ?? {}),
      load: JSON.parse(JSON.stringify({ ...options.load, signal: undefined })) as JsonValue,
    },
    seed: options.seed ?? null,
    versions: { qmtl: packageVersion(), node: process.versions.node },
  } as const;
  return { ...inputs, runId: runIdOf(inputs), result: resultDigests(result) };
}

function timeText(time: OfflineOptions["startTime"]): string | null {
  return time === undefined ? null : time instanceof Date ? time.toISOString() : String(time);
}

// Paths below the base are written relative and with "/", so that a project can be moved and shared.
function portablePath(base: string, path: string): string {
  if (!/[\\/]/.test(path) && !path.includes(".")) return path;
  const away = relative(base, resolve(base, path));
  return (away === "" ? "." : away).split(sep).join("/");
}
