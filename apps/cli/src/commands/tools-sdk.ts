import { Option } from "commander";
import { addBrokerOptions, brokerOf } from "./broker-options.ts";
import {
  addTimeRange,
  collect,
  commandOf,
  dataFilesOf,
  parametersOf,
  strategyArgument,
  strategyOrDefault,
  timeRangeOf,
  type CommandBody,
  type StrategyReference,
  type TimeRange,
} from "./request.ts";
import type { RunArguments } from "@qmtl/sdk/world-run";
import type { CommandCall, CommandModule } from "../shell/index.ts";
import type { Command } from "commander";

export interface SdkRunRequest extends StrategyReference, TimeRange {
  /** Files by stream; the empty name stands for every stream. */
  readonly data: Readonly<Record<string, string>>;
  readonly params: Readonly<Record<string, unknown>>;
  /** Broker options by name, as given. */
  readonly broker: Readonly<Record<string, unknown>>;
  readonly executor: "batch" | "stream" | undefined;
  /** Folder the run is kept in. */
  readonly out: string | undefined;
  /** The world to follow; undefined for a backtest. */
  readonly world: RunArguments | undefined;
}

/** `tools sdk run`: with a world it follows that world, without one it is a backtest. */
export function sdkRun(body: CommandBody<SdkRunRequest>): CommandModule {
  return commandOf(
    (command) =>
      addRunOptions(command)
        .option("--world-id <id>", "world whose decisions the strategy follows")
        .option(
          "--gateway-url <url>",
          "gateway to reach it through; default QMTL_GATEWAY_URL, then http://127.0.0.1:8000",
        )
        .option(
          "--replay <speed>",
          "play the history's second half as if it happened now, so many times faster, or max",
        )
        .addHelpText("after", examples("run")),
    requestOf,
    body,
  );
}

/** `tools sdk offline`: a backtest, no server. */
export function sdkOffline(body: CommandBody<SdkRunRequest>): CommandModule {
  return commandOf((command) => addRunOptions(command).addHelpText("after", examples("offline")), requestOf, body);
}

function addRunOptions(command: Command): Command {
  addTimeRange(command.argument(...strategyArgument)).option(
    "--param <name=value>",
    "override a parameter of the strategy; may be repeated",
    collect,
    [],
  );
  return addBrokerOptions(command)
    .addOption(
      new Option("--executor <kind>", "column by column, or event by event: the results are equal").choices([
        "batch",
        "stream",
      ]),
    )
    .option("--out <folder>", "folder that runs are kept in; .qmtl/runs by default");
}

async function requestOf({ words: [strategy], options }: CommandCall): Promise<SdkRunRequest> {
  return {
    ...(await strategyOrDefault(strategy as string | undefined)),
    ...timeRangeOf(options),
    data: dataFilesOf(options["data"] as readonly string[]),
    params: parametersOf(options["param"] as readonly string[]),
    broker: brokerOf(options),
    executor: options["executor"] as SdkRunRequest["executor"],
    out: options["out"] as string | undefined,
    world: await worldOf(options),
  };
}

/** The words are those of a strategy file that is run by itself. */
async function worldOf({ worldId, gatewayUrl, replay }: CommandCall["options"]): Promise<RunArguments | undefined> {
  const words = Object.entries({ "world-id": worldId, "gateway-url": gatewayUrl, replay })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `--${name}=${value as string}`);
  if (words.length === 0) return undefined;
  const { runArguments } = await import("@qmtl/sdk/world-run");
  return runArguments(words);
}

function examples(name: string): string {
  return `
A strategy file may export "backtest", options for Runner.offline: the account, its fees, the range. They hold for
this command too; what stands on the command line wins.

Examples:
  $ qmtl tools sdk ${name} strategy.ts
  $ qmtl tools sdk ${name} strategy.ts:Momentum --start-time 1700000000 --end-time 1700003600
  $ qmtl tools sdk ${name} strategy.ts --data prices=data/btc.csv --param lag=10 --cash 50000 --fee 0.001`;
}
