import { QmtlError } from "@qmtl/core";

/**
 * Has a `QmtlError` that nobody catches end the process as it ends a command: with message, code and hint, and the exit
 * code of its kind. Other errors are bugs, and keep their stack. A process that has a handler of its own is left alone.
 *
 * @param isDebug - print the stack of every error
 */
export function printUncaughtErrors(isDebug: boolean): void {
  if (process.listenerCount("uncaughtException") > 0) return;
  process.once("uncaughtException", (error: unknown) => {
    process.stderr.write(`${uncaughtText(error, isDebug)}\n`);
    process.exit(error instanceof QmtlError ? error.exitCode : 1);
  });
}

function uncaughtText(error: unknown, isDebug: boolean): string {
  const { inspect } = process.getBuiltinModule("node:util"); // loading it takes a millisecond, and most processes end well
  if (!(error instanceof QmtlError)) return inspect(error, { depth: 4 });
  const lines = [`error: ${error.message} (${error.code})`];
  if (error.hint !== undefined) lines.push(`hint: ${error.hint}`);
  if (isDebug) lines.push("", inspect(error, { depth: 4 }));
  return lines.join("\n");
}

/** Whether `QMTL_DEBUG` asks for stacks. */
export function debugAsked(environment: Readonly<Record<string, string | undefined>>): boolean {
  return /^(1|true|yes|on)$/i.test(environment["QMTL_DEBUG"] ?? "");
}
