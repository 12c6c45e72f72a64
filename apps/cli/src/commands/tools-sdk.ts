import {
  addTimeRange,
  collect,
  commandOf,
  dataFilesOf,
  parametersOf,
  strategyReference,
  timeRangeOf,
  type CommandBody,
  type StrategyReference,
  type TimeRange,
} from "./request.ts";
import type { Command } from "commander";
import type { CommandCall, CommandModule } from "../shell/index.ts";

export interface SdkRunRequest extends StrategyReference, TimeRange {
  /** Files by stream; the empty name stands for every stream. */
  readonly data: Readonly<Record<string, string>>;
  readonly params: Readonly<Record<string, unknown>>;
  /** Folder the run is kept in. */
  readonly out: string | undefined;
  /** A world to follow and the gateway that knows it: both or neither. */
  readonly worldId: string | undefined;
  readonly gatewayUrl: string | undefined;
}

/** `tools sdk run`: with a world it follows that world, without one it is a backtest. */
export function sdkRun(body: CommandBody<SdkRunRequest>): CommandModule {
  return commandOf(
    (command) =>
      addRunOptions(command)
        .option("--world-id <id>", "world whose decisions the strategy follows")
        .option("--gateway-url <url>", "gateway to reach that world through")
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
  return addTimeRange(command.argument("<strategy>", "FILE.ts, or FILE.ts:ClassName when the file has several"))
    .option("--param <name=value>", "override a parameter of the strategy; may be repeated", collect, [])
    .option("--out <folder>", "where the run is kept");
}

function requestOf({ words: [strategy], options }: CommandCall): SdkRunRequest {
  return {
    ...strategyReference(strategy as string),
    ...timeRangeOf(options),
    data: dataFilesOf(options["data"] as readonly string[]),
    params: parametersOf(options["param"] as readonly string[]),
    out: options["out"] as string | undefined,
    worldId: options["worldId"] as string | undefined,
    gatewayUrl: options["gatewayUrl"] as string | undefined,
  };
}

function examples(name: string): string {
  return `
Examples:
  $ qmtl tools sdk ${name} strategy.ts
  $ qmtl tools sdk ${name} strategy.ts:Momentum --start-time 1700000000 --end-time 1700003600
  $ qmtl tools sdk ${name} strategy.ts --data prices=data/btc.csv --param lag=10`;
}
