import { QmtlError } from "@qmtl/core/errors";
import { CommanderError } from "commander";
import {
  failureAsJson,
  failureOf,
  leaveQuietlyOnClosedPipe,
  listenForInterrupt,
  paletteFor,
  print,
  renderFailure,
  withProgress,
  type CommandContext,
  type CommandResult,
  type Palette,
} from "../shell/index.ts";
import { buildProgram } from "./build-program.ts";
import { translateLegacyWords } from "./legacy-words.ts";
import { commandTree } from "./tree.ts";

interface Invocation {
  readonly argv: readonly string[];
  readonly json: boolean;
  readonly debug: boolean;
  readonly palette: Palette;
  readonly errorPalette: Palette;
}

/**
 * Runs the command line.
 *
 * @param words - arguments without the interpreter and the script
 * @returns the exit code: 0 done, 1 the work failed or found something, 2 the call was wrong, 130 Ctrl-C
 */
export async function main(words: readonly string[]): Promise<number> {
  leaveQuietlyOnClosedPipe([process.stdout, process.stderr]);
  const { argv, deprecation } = translateLegacyWords(words);
  const invocation: Invocation = {
    argv,
    json: hasFlag(argv, "--json"),
    debug: hasFlag(argv, "--debug") || /^(1|true|yes|on)$/i.test(process.env["QMTL_DEBUG"] ?? ""),
    palette: paletteFor(process.stdout, process.env),
    errorPalette: paletteFor(process.stderr, process.env),
  };
  if (deprecation !== undefined) await print(process.stderr, deprecation);
  try {
    return await dispatch(invocation);
  } catch (error) {
    return report(error, invocation);
  }
}

async function dispatch(invocation: Invocation): Promise<number> {
  if (asksForVersion(invocation.argv)) return printVersion(invocation.json);
  let shown = "";
  let exitCode = 0;
  const program = buildProgram({
    tree: commandTree,
    write: (text) => (shown += text),
    run: async (command, call) => {
      exitCode = await underInterrupt(invocation, command.stopMsMax, async (context) =>
        command.run({ ...call, context }),
      );
    },
  });
  try {
    await program.parseAsync(invocation.argv, { from: "user" });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (!isHelp(error)) throw usageError(error);
    await print(process.stdout, shown);
    return 0;
  }
}

async function underInterrupt(
  { json, palette, errorPalette }: Invocation,
  stopMsMax: number | undefined,
  run: (context: CommandContext) => Promise<CommandResult>,
): Promise<number> {
  const interrupt = listenForInterrupt(errorPalette, stopMsMax);
  try {
    const result = await run({
      signal: interrupt.signal,
      json,
      palette,
      note: (line) => void process.stderr.write(`${line}\n`),
      interruptibly: interrupt.without,
      withProgress: (label, total, work) => withProgress(label, total, work, { stream: process.stderr }),
    });
    const output = json ? JSON.stringify(result.json, null, 2) : await result.text();
    if (output !== undefined && output !== "") await print(process.stdout, output);
    return result.exitCode;
  } catch (error) {
    const exitCode = interrupt.exitCode();
    if (exitCode === undefined) throw error;
    await print(process.stderr, "stopped before the end");
    return exitCode;
  } finally {
    interrupt.dispose();
  }
}

async function report(error: unknown, { json, debug, errorPalette }: Invocation): Promise<number> {
  const failure = failureOf(error);
  if (json) await print(process.stdout, failureAsJson(failure, debug));
  else await print(process.stderr, renderFailure(failure, { debug, palette: errorPalette }));
  return failure.exitCode;
}

/** Needed before parsing, because parsing itself can fail. */
function hasFlag(argv: readonly string[], flag: string): boolean {
  const end = argv.indexOf("--");
  return (end === -1 ? argv : argv.slice(0, end)).includes(flag);
}

function isHelp({ code }: CommanderError): boolean {
  return code === "commander.help" || code === "commander.helpDisplayed";
}

/** The version is looked up only when it is asked for, and only before a command: there it may mean another thing. */
function asksForVersion(argv: readonly string[]): boolean {
  const [first] = argv.filter((word) => word !== "--json" && word !== "--debug");
  return first === "--version" || first === "-V";
}

async function printVersion(json: boolean): Promise<number> {
  const { packageVersion } = await import("@qmtl/sdk/runs");
  const version = packageVersion();
  await print(process.stdout, json ? JSON.stringify({ version }, null, 2) : version);
  return 0;
}

/** "error: unknown option '--strateg'\n(Did you mean --strategy?)" → message and hint. */
function usageError({ message, code }: CommanderError): QmtlError {
  const [first = "", ...rest] = message.split("\n");
  const suggestion = /^\(Did you mean (.+)\?\)$/.exec(rest.join(" "))?.[1];
  return new QmtlError("USAGE", first.replace(/^error: /, ""), {
    hint: suggestion === undefined ? "add --help to see what the command takes" : `did you mean ${suggestion}?`,
    details: { reason: code.replace(/^commander\./, "") },
  });
}
