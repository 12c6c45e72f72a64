import type { SdkRunRequest } from "../commands/tools-sdk.ts";
import type { CommandContext, CommandResult } from "../shell/index.ts";
import { summaryJson, summaryText } from "./run-offline.ts";
import { loadStrategy, optionsOf } from "./strategy-module.ts";

/** Runs a strategy in a world until its rows end or the user presses Ctrl-C. */
export async function followWorld(
  request: SdkRunRequest,
  world: NonNullable<SdkRunRequest["world"]>,
  context: CommandContext,
): Promise<CommandResult> {
  const { Runner } = await import("@qmtl/sdk/runner");
  const { strategy, backtest } = await loadStrategy(request);
  const { startTime, endTime, data, load, params, broker } = optionsOf(backtest, request);
  const result = await Runner.run(strategy, {
    ...world,
    ...(data !== undefined && { data }),
    ...(load && { load }),
    ...(params && { params }),
    ...(broker && { broker }),
    ...(startTime !== undefined && { historyStart: startTime }),
    ...(endTime !== undefined && { historyEnd: endTime }),
    onNotice: ({ message }) => context.note(message),
    signal: context.signal,
  });
  return { exitCode: 0, json: summaryJson(result), text: () => summaryText(result, context) };
}
