import type { CommandContext, CommandResult } from "../shell/index.ts";
import { paletteFor } from "../shell/index.ts";
import { openFoundation, type Foundation } from "./foundation.ts";
import { logDestination } from "./log-destination.ts";

const leftoverMsMax = 1_000;

/** Names and addresses of what listens. */
export type Addresses = Readonly<Record<string, string>>;

/**
 * Starts services and keeps them up until the user stops the command. What listens where is printed once everything is
 * ready: as lines, or with `--json` as one document. Whatever fails on the way, what was started is stopped.
 */
export async function runServices(
  configPath: string | undefined,
  context: CommandContext,
  start: (foundation: Foundation) => Promise<Addresses>,
): Promise<CommandResult> {
  const destination = logDestination(process.stderr, paletteFor(process.stderr, process.env));
  const foundation = await openFoundation({ configPath, note: context.note, logDestination: destination });
  try {
    const addresses = await start(foundation);
    if (!context.signal.aborted) announce(addresses, context);
    await stopAsked(context.signal);
  } finally {
    await foundation.host.stop();
    // Whatever still holds the process after that must not keep it.
    setTimeout(() => process.exit(), leftoverMsMax).unref();
  }
  return { exitCode: 0, json: undefined, text: () => "" };
}

/** Says what is ready. The result of a command is printed when it ends; a service is of use while it runs. */
export function announce(addresses: Addresses, { json, palette }: CommandContext): void {
  const ready = { ready: true, ready_ms: Math.round(performance.now()), addresses };
  process.stdout.write(json ? `${JSON.stringify(ready)}\n` : `${readyLines(addresses, palette.bold)}\n`);
}

function readyLines(addresses: Addresses, bold: (text: string) => string): string {
  const width = Math.max(...Object.keys(addresses).map((name) => name.length));
  const lines = Object.entries(addresses).map(([name, address]) => `  ${name.padEnd(width)}  ${address}`);
  return [bold("ready"), ...lines].join("\n");
}

/** Resolves when the user stops the command, and keeps the process until then. */
export function stopAsked(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const heartbeat = setInterval(() => {}, 1_000_000);
    signal.addEventListener("abort", () => {
      clearInterval(heartbeat);
      resolve();
    });
  });
}
