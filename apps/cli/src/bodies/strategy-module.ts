import { QmtlError, shown } from "@qmtl/core";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { OfflineOptions } from "@qmtl/sdk/runner";
import type { StrategyClass } from "@qmtl/sdk/strategy";
import type { StrategyReference, TimeRange } from "../commands/request.ts";

export interface StrategyModule {
  readonly strategy: StrategyClass;
  /** What the file exports as `backtest`: the options its runs start from. */
  readonly backtest: OfflineOptions;
}

/**
 * Loads the strategy that a command means, and the options its file gives.
 *
 * @throws QmtlError of `loadStrategyClass`; `STRATEGY_LOAD_FAILED` when `backtest` is no record
 */
export async function loadStrategy({ file, className }: StrategyReference): Promise<StrategyModule> {
  const { loadStrategyClass } = await import("@qmtl/sdk/strategy-file");
  const strategy = await loadStrategyClass(file, className);
  const module = (await import(/* @vite-ignore */ pathToFileURL(resolve(file)).href)) as { backtest?: unknown };
  const { backtest = {} } = module;
  if (typeof backtest !== "object" || backtest === null || Array.isArray(backtest)) {
    throw new QmtlError("STRATEGY_LOAD_FAILED", `"backtest" in ${file} must be a record; found ${shown(backtest)}`, {
      hint: "export const backtest: OfflineOptions = { broker: { cash: 100_000 } };",
    });
  }
  return { strategy, backtest };
}

/** What a command on a strategy was told. */
export interface RunWords extends TimeRange {
  /** Files by stream; the empty name stands for every stream. */
  readonly data: Readonly<Record<string, string>>;
  readonly params: Readonly<Record<string, unknown>>;
  readonly broker?: Readonly<Record<string, unknown>>;
}

/** The file's options with the words of the command over them. */
export function optionsOf(backtest: OfflineOptions, words: RunWords): OfflineOptions {
  const { startTimeMs, endTimeMs, allow, data, params, broker } = words;
  const overrides = { ...backtest.params, ...params };
  return {
    ...backtest,
    ...(startTimeMs !== undefined && { startTime: new Date(startTimeMs) }),
    ...(endTimeMs !== undefined && { endTime: new Date(endTimeMs) }),
    ...(Object.keys(data).length > 0 && { data: dataOf(data) }),
    ...(Object.keys(overrides).length > 0 && { params: overrides }),
    broker: { ...backtest.broker, ...broker } as NonNullable<OfflineOptions["broker"]>,
    ...(allow.length > 0 && {
      load: { ...backtest.load, allow: [...(backtest.load?.allow ?? []), ...allow] as never },
    }),
  };
}

function dataOf(files: Readonly<Record<string, string>>): NonNullable<OfflineOptions["data"]> {
  const { "": single, ...named } = files;
  if (single === undefined) return named;
  const [name] = Object.keys(named);
  if (name === undefined) return single;
  throw new QmtlError("USAGE", `expected one --data FILE, or one per stream, found "${single}" beside "${name}="`);
}
