import type { Palette } from "./palette.ts";

/** How long a command may clean up after Ctrl-C before the process ends without it. */
const usualGraceMs = 2_000;

export interface Interrupt {
  readonly signal: AbortSignal;
  /** 130 after Ctrl-C, 143 after a termination request, else undefined. */
  readonly exitCode: () => number | undefined;
  /** Runs work during which Ctrl-C ends the process at once, as it does where nobody listens. */
  readonly without: <T>(work: () => Promise<T>) => Promise<T>;
  readonly dispose: () => void;
}

/**
 * Turns Ctrl-C into an abort signal. The first one asks the command to stop and clean up; a second one, or
 * the end of the grace time, ends the process there and then.
 */
export function listenForInterrupt(palette: Palette, graceMs = usualGraceMs): Interrupt {
  const controller = new AbortController();
  let exitCode: number | undefined;
  const onSignal = (name: NodeJS.Signals): void => {
    const code = name === "SIGINT" ? 130 : 143;
    if (exitCode !== undefined) process.exit(code);
    exitCode = code;
    process.stderr.write(`\n${palette.yellow("stopping")} (Ctrl-C again to stop at once)\n`);
    controller.abort();
    setTimeout(() => process.exit(code), graceMs).unref();
  };
  const listen = (): void => void process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  const dispose = (): void => void process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
  listen();
  return {
    signal: controller.signal,
    exitCode: () => exitCode,
    without: async (work) => {
      dispose();
      try {
        return await work();
      } finally {
        listen();
      }
    },
    dispose,
  };
}
