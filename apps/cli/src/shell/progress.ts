import type { SingleBar } from "cli-progress";
import type { Report } from "./command.ts";

/** Work shorter than this gets no bar: a bar that flashes up and goes is noise. */
const quietMs = 2_000;

export interface ProgressOptions {
  /** Standard error. A bar is drawn only on a terminal. */
  readonly stream: NodeJS.WriteStream;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

/**
 * Runs `work` and shows how far it is, once it has taken longer than two seconds.
 *
 * @param total - units of work, as counted by `report`
 */
export async function withProgress<T>(
  label: string,
  total: number,
  work: (report: Report) => Promise<T>,
  options: ProgressOptions,
): Promise<T> {
  if (!options.stream.isTTY) return work(() => {});
  const now = options.now ?? performance.now.bind(performance);
  const startedMs = now();
  let bar: SingleBar | undefined;
  let loading: Promise<void> | undefined;
  let doneLast = 0;
  let finished = false;

  const show = async (): Promise<void> => {
    const { default: progress } = await import("cli-progress");
    if (finished) return;
    const format = `${label} {bar} {percentage}% | {value}/{total} | {eta_formatted} left`;
    bar = new progress.SingleBar({ stream: options.stream, format, clearOnComplete: true, hideCursor: true });
    bar.start(total, doneLast);
  };
  const report: Report = (done) => {
    doneLast = done;
    if (bar !== undefined) bar.update(done);
    else if (loading === undefined && now() - startedMs >= quietMs) loading = show();
  };

  try {
    return await work(report);
  } finally {
    finished = true;
    bar?.stop();
  }
}
