import { QmtlError } from "@qmtl/core/errors";
import { parseInstant, type EpochMs } from "@qmtl/core";
import type { Command } from "commander";
import type { CommandCall, CommandContext, CommandModule, CommandResult } from "../shell/index.ts";

/** What a command does once its words are read. */
export type CommandBody<Request> = (request: Request, context: CommandContext) => Promise<CommandResult>;

/** Puts a command together from its words, their meaning and the work itself. */
export function commandOf<Request>(
  configure: (command: Command) => void,
  requestOf: (call: CommandCall) => Request | Promise<Request>,
  body: CommandBody<Request>,
): CommandModule {
  return { configure, run: async (call) => body(await requestOf(call), call.context) };
}

/** A strategy file, and the class in it when the file has several. */
export interface StrategyReference {
  readonly file: string;
  readonly className: string | undefined;
}

/** `path/to/file.ts` or `path/to/file.ts:ClassName`. A drive letter is no class name. */
export function strategyReference(text: string): StrategyReference {
  const [, file, className] = /^(.+?\.[cm]?[jt]s)(?::([^:\\/]*))?$/.exec(text) ?? [];
  if (file === undefined || className === "") {
    throw new QmtlError("USAGE", `expected FILE.ts or FILE.ts:ClassName, found "${text}"`, {
      details: { found: text },
    });
  }
  return { file, className };
}

/** The strategy a command names, or the one that `qmtl.yml` of the working directory names for all. */
export async function strategyOrDefault(text: string | undefined): Promise<StrategyReference> {
  if (text !== undefined) return strategyReference(text);
  const { readProjectConfig } = await import("../project/index.ts");
  const { project } = await readProjectConfig(process.cwd());
  if (project.defaultStrategy !== undefined) return strategyReference(project.defaultStrategy);
  throw new QmtlError("USAGE", "expected a strategy file, found none", {
    hint: "name one: FILE.ts or FILE.ts:ClassName; or set project.default_strategy in qmtl.yml",
  });
}

export const strategyArgument = [
  "[strategy]",
  "FILE.ts, or FILE.ts:ClassName when the file has several; default: that of qmtl.yml",
] as const;

/** Which rows of the data: a half-open range of event times, open where an end is absent. */
export interface TimeRange {
  readonly startTimeMs: EpochMs | undefined;
  readonly endTimeMs: EpochMs | undefined;
  /** Findings in the data that do not stop the command. */
  readonly allow: readonly string[];
}

export function addTimeRange(command: Command): Command {
  return command
    .option("--start-time <time>", "first bucket, epoch seconds or ISO-8601")
    .option("--end-time <time>", "end of the range, exclusive")
    .option("--data <[stream=]file>", "history file, for one stream or for all", collect, [])
    .option(
      "--allow <rule>",
      "go on in spite of this finding in the data: gap, duplicate, ...; may be repeated",
      collect,
      [],
    );
}

/** @throws QmtlError `TIME_INVALID`; `USAGE` for a range that ends before it starts */
export function timeRangeOf({ startTime, endTime, allow }: Readonly<Record<string, unknown>>): TimeRange {
  const startTimeMs = startTime === undefined ? undefined : parseInstant(startTime, "--start-time");
  const endTimeMs = endTime === undefined ? undefined : parseInstant(endTime, "--end-time");
  if (startTimeMs !== undefined && endTimeMs !== undefined && endTimeMs <= startTimeMs) {
    throw new QmtlError(
      "USAGE",
      `expected --end-time after --start-time, found ${String(startTime)} to ${String(endTime)}`,
    );
  }
  return { startTimeMs, endTimeMs, allow: (allow ?? []) as readonly string[] };
}

/** For options that may be given several times. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** `["lag=10", "side=long"]` → `{ lag: 10, side: "long" }`: JSON where it parses, text elsewhere. */
export function parametersOf(pairs: readonly string[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    pairs.map((pair) => splitPair(pair, "name=value")).map(([name, value]) => [name, plain(value)]),
  );
}

/** Files by stream; the empty name stands for every stream. */
export function dataFilesOf(entries: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    entries.map((entry) => (entry.includes("=") ? splitPair(entry, "stream=file") : ["", entry])),
  );
}

export function splitPair(pair: string, form: string): readonly [string, string] {
  const at = pair.indexOf("=");
  if (at < 1) throw new QmtlError("USAGE", `expected ${form}, found "${pair}"`, { details: { found: pair } });
  return [pair.slice(0, at), pair.slice(at + 1)];
}

function plain(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
