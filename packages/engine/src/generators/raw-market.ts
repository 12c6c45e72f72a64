import type { Frame } from "../frame/index.ts";
import { requireNumber, startRun, type SyntheticOptions } from "./synthetic.ts";

export interface RawMarketOptions extends SyntheticOptions {
  /** Deviation of the log return of a row; 0.001 unless told. */
  readonly volatility?: number;
}

/** Features of one side of the book: columns `ask_z_<name>` and `bid_z_<name>`, standard normal. */
export const rawMarketFeatures = [
  "C",
  "Cliff",
  "Gap",
  "CH",
  "RL",
  "Shield",
  "QDT_inv",
  "Pers",
  "OFI",
  "MicroSlope",
  "AggFlow",
] as const;

/**
 * Unstructured market data to try a graph on: every input that the hazard and microstructure functions take, with
 * nothing to be found in it. Price is a geometric random walk (row 0 one step from the start price); volume is a
 * whole number from 50 to 149, split at random into buy and sell; spread and fee are constant.
 *
 * @throws QmtlError `PARAMETER_INVALID`, `PERIOD_INVALID`, `INTERVAL_INVALID`, `TIME_INVALID`
 */
export function rawMarket(options: RawMarketOptions): Frame {
  const run = startRun(options);
  const volatility = requireNumber("volatility", options.volatility ?? 0.001, { min: 0 });
  const { rows, random } = run;
  const column = (value: (row: number) => number) => {
    const values = new Float64Array(rows);
    for (let i = 0; i < rows; i++) values[i] = value(i);
    return values;
  };
  let logPrice = Math.log(run.startPrice);
  const volume = column(() => 50 + random.integer(100));
  const buyVolume = column((row) => random.integer(volume[row]! + 1));
  const columns: Record<string, Float64Array> = {
    price: column(() => Math.exp((logPrice += volatility * random.normal()))),
    volume,
    buy_volume: buyVolume,
    sell_volume: column((row) => volume[row]! - buyVolume[row]!),
    bid_volume: column(() => 50 + random.integer(100)),
    ask_volume: column(() => 50 + random.integer(100)),
    depth_change: column(() => random.normal()),
    impact: column(() => 0.01 * random.uniform()),
    spread: column(() => 0.01),
    taker_fee: column(() => 0.001),
  };
  for (const feature of rawMarketFeatures) {
    columns[`ask_z_${feature}`] = column(() => random.normal());
    columns[`bid_z_${feature}`] = column(() => random.normal());
  }
  return run.frame(columns);
}
