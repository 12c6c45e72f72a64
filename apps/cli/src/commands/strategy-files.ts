import { QmtlError } from "@qmtl/core/errors";
import { Option } from "commander";
import { parseCount, type CommandCall, type CommandModule } from "../shell/index.ts";
import { addBrokerOptions, brokerOf } from "./broker-options.ts";
import {
  addTimeRange,
  collect,
  commandOf,
  dataFilesOf,
  parametersOf,
  splitPair,
  strategyArgument,
  strategyOrDefault,
  timeRangeOf,
  type CommandBody,
  type StrategyReference,
  type TimeRange,
} from "./request.ts";
import type { Command } from "commander";

// The commands that look at a strategy file: graph, verify parity, verify lookahead, sweep.

export interface GraphRequest extends StrategyReference {
  readonly format: "text" | "mermaid" | "dot";
}

export function graph(body: CommandBody<GraphRequest>): CommandModule {
  return commandOf(
    (command) =>
      command
        .argument(...strategyArgument)
        .addOption(
          new Option("--format <format>", "how to draw it").choices(["text", "mermaid", "dot"]).default("text"),
        )
        .addHelpText(
          "after",
          `\nExamples:\n  $ qmtl graph strategy.ts\n  $ qmtl graph strategy.ts --format dot | dot -Tsvg > graph.svg`,
        ),
    async ({ words: [strategy], options }) => ({
      ...(await strategyOrDefault(strategy as string | undefined)),
      format: options["format"] as GraphRequest["format"],
    }),
    body,
  );
}

export interface VerifyRequest extends StrategyReference, TimeRange {
  readonly data: Readonly<Record<string, string>>;
  readonly params: Readonly<Record<string, unknown>>;
}

/** `verify parity`: batch, stream and restart at every cut agree bit for bit. */
export function verifyParity(body: CommandBody<VerifyRequest>): CommandModule {
  return commandOf((command) => addVerifyOptions(command, "parity"), verifyRequestOf, body);
}

/** `verify lookahead`: no node's past changes when later data arrives. */
export function verifyLookahead(body: CommandBody<VerifyRequest>): CommandModule {
  return commandOf((command) => addVerifyOptions(command, "lookahead"), verifyRequestOf, body);
}

function addVerifyOptions(command: Command, name: string): Command {
  return addTimeRange(command.argument(...strategyArgument))
    .option("--param <name=value>", "override a parameter of the strategy; may be repeated", collect, [])
    .addHelpText("after", `\nExits with 1 when it finds something.\n\nExamples:\n  $ qmtl verify ${name} strategy.ts`);
}

async function verifyRequestOf({ words: [strategy], options }: CommandCall): Promise<VerifyRequest> {
  return {
    ...(await strategyOrDefault(strategy as string | undefined)),
    ...timeRangeOf(options),
    data: dataFilesOf(options["data"] as readonly string[]),
    params: parametersOf(options["param"] as readonly string[]),
  };
}

export interface SweepRequest extends StrategyReference, TimeRange {
  /** Files by instrument, each swept by itself; the empty name: one file. */
  readonly data: Readonly<Record<string, string>>;
  /** Broker options by name, as given. */
  readonly broker: Readonly<Record<string, unknown>>;
  /** Values to try, by parameter. */
  readonly grid: Readonly<Record<string, readonly unknown[]>>;
  /** Comparisons that every combination must pass. */
  readonly where: readonly string[];
  readonly metric: string;
  /** Default: by the size of the sweep. */
  readonly workers: number | undefined;
  readonly top: number;
  /** CSV file for the whole table. */
  readonly out: string | undefined;
}

export function sweep(body: CommandBody<SweepRequest>): CommandModule {
  return commandOf(
    (command) =>
      addBrokerOptions(addTimeRange(command.argument(...strategyArgument)))
        .requiredOption("--param <name=values>", "values to try: 5..50, 5..50:5 or a,b,c; may be repeated", collect)
        .option("--where <comparison>", 'try only what passes it, such as "fast < slow"; may be repeated', collect, [])
        .option("--metric <name>", "what to rank by", "sharpe")
        .option("--workers <count>", "threads; by the size of the sweep by default", parseCount)
        .option("--top <count>", "how many of the best to print", parseCount, 10)
        .option("--out <file>", "write every run to a CSV file")
        .addHelpText("after", sweepExamples),
    async ({ words: [strategy], options }) => ({
      ...(await strategyOrDefault(strategy as string | undefined)),
      ...timeRangeOf(options),
      data: dataFilesOf(options["data"] as readonly string[]),
      broker: brokerOf(options),
      grid: gridOf(options["param"] as readonly string[]),
      where: options["where"] as readonly string[],
      metric: options["metric"] as string,
      workers: options["workers"] as number | undefined,
      top: options["top"] as number,
      out: options["out"] as string | undefined,
    }),
    body,
  );
}

const sweepExamples = `
Several files by name (--data btc=btc.csv --data eth=eth.csv) are instruments, each swept by itself.

Examples:
  $ qmtl sweep strategy.ts --param fast=2..100 --param slow=2..100 --where "fast < slow"
  $ qmtl sweep strategy.ts --param lag=5..50:5 --data btc=btc.csv --data eth=eth.csv --metric totalReturn --out runs.csv`;

const valuesMax = 1_000_000;

/** `fast=2..100`, `slow=10..200:10` (both ends included) or `side=long,short`. */
export function gridOf(entries: readonly string[]): Readonly<Record<string, readonly unknown[]>> {
  return Object.fromEntries(
    entries.map((entry) => {
      const [name, values] = splitPair(entry, "name=values");
      return [name, rangeOf(values, entry) ?? values.split(",").map((value) => parametersOf([`v=${value}`])["v"])];
    }),
  );
}

function rangeOf(text: string, entry: string): readonly number[] | undefined {
  if (!text.includes("..")) return undefined;
  const [, from = "", to = "", by = "1"] = /^([^:]+?)\.\.([^:]+)(?::(.+))?$/.exec(text) ?? [];
  const [first, last, step] = [Number(from || NaN), Number(to || NaN), Number(by)] as const;
  const count = Math.floor((last - first) / step + 1e-9) + 1;
  if (!(step > 0) || !(count >= 1) || count > valuesMax) {
    throw new QmtlError("USAGE", `expected FROM..TO or FROM..TO:STEP with FROM <= TO and STEP > 0, found "${entry}"`);
  }
  // Rounded to the digits that were written: three times 0.1 is to be 0.3.
  const digits = Math.max(...[from, by].map((number) => number.split(".")[1]?.length ?? 0));
  return Array.from({ length: count }, (_, index) => Number((first + index * step).toFixed(digits)));
}
