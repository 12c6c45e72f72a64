import { parseInterval, type IntervalMs } from "@qmtl/core";
import { inspectRows, refuseErrors, type CheckOptions, type LoadedFrame } from "../data-quality/index.ts";
import { readDataFile, type FileFormat, type ReadOptions } from "../formats/index.ts";

/** How a data file is read and judged. */
export interface LoadOptions extends ReadOptions, Omit<CheckOptions, "intervalMs"> {
  /** Default: by the file's name. */
  readonly format?: FileFormat;
  /** `"1m"`, `"1d"`, or a number of seconds. Default: the step that most rows follow. */
  readonly interval?: string | number;
}

/**
 * Reads a data file, checks it, and gives its rows as a frame.
 *
 * @throws QmtlError of the first rule that is broken and not in `allow`; besides those of reading the file
 */
export async function loadFrame(path: string, options: LoadOptions = {}): Promise<LoadedFrame> {
  const loaded = await inspectFile(path, options);
  refuseErrors(loaded, options.allow);
  return loaded;
}

/** As `loadFrame`, but bad rows only show up in `findings`: what `qmtl data check` prints. */
export async function inspectFile(path: string, options: LoadOptions = {}): Promise<LoadedFrame> {
  const intervalMs: IntervalMs | undefined =
    options.interval === undefined ? undefined : parseInterval(options.interval);
  const rows = await readDataFile(path, options);
  return inspectRows(rows, { ...options, ...(intervalMs !== undefined && { intervalMs }) });
}
