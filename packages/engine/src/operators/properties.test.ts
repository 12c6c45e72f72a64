import {
  awkwardColumns,
  firstDifference,
  publishedBars,
  runBatch,
  runInChunks,
  runInMirroredRing,
  runRowByRow,
  type OperatorRun,
} from "@qmtl/testkit/operators";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { operatorRegistry } from "./index.ts";

/** Parameters for operators that cannot do without, and shorter windows than the defaults, so that many fit. */
const given: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  macd: { fastPeriod: 3, slowPeriod: 6, signalPeriod: 4 },
  keltner_channel: { emaPeriod: 7, atrPeriod: 4 },
  ichimoku_cloud: { tenkanPeriod: 3, kijunPeriod: 5, senkouPeriod: 8, displacement: 2 },
  awesome_oscillator: { fastPeriod: 3, slowPeriod: 7 },
  anchored_vwap: { anchorTime: 1_700_000_340_000 },
  rolling_quantile: { period: 6, q: 0.3 },
  obi_regime: { windowS: 180, emaSpan: 2 },
  threshold_signal: { longThreshold: 1, shortThreshold: -1, stopLoss: 3 },
  position_target: { longEnter: 1, longExit: 0.2, shortEnter: -1, shortExit: -0.2 },
};

/** Operators whose first value waits for an event, not for a row. */
const eventDriven = new Set(["crossover", "anchored_vwap"]);

const scenarios = fc.record({
  seed: fc.integer(),
  rows: fc.integer({ min: 0, max: 120 }),
  cuts: fc.array(fc.nat({ max: 120 }), { maxLength: 5 }),
});

describe.each([...operatorRegistry])("%s", (name, operator) => {
  const params = resolved(name);
  const runOn = (inputs: readonly Float64Array[]): OperatorRun => ({ operator, params, inputs });
  const difference = (run: OperatorRun, found: readonly Float64Array[], rows?: number) =>
    firstDifference(operator, runBatch(run), found, rows);

  it("gives the same bits in batch, row by row, in chunks, and in a ring cut into save and load", () => {
    fc.assert(
      fc.property(scenarios, ({ seed, rows, cuts }) => {
        const run = runOn(awkwardColumns(operator.inputs, rows, seed));
        expect(difference(run, runRowByRow(run))).toBeUndefined();
        expect(difference(run, runInChunks(run, cuts))).toBeUndefined();
        expect(difference(run, runInMirroredRing(run, cuts))).toBeUndefined();
      }),
      { numRuns: 40 },
    );
  });

  it("gives the same bits on real bars", () => {
    const run = runOn(realColumns(operator.inputs));
    expect(difference(run, runInMirroredRing(run, [1, 57, 58, 300, 499]))).toBeUndefined();
    expect(difference(run, runInChunks(run, [3, 100, 101, 450]))).toBeUndefined();
  });

  it("does not change a row when later rows change", () => {
    fc.assert(
      fc.property(scenarios, fc.nat({ max: 120 }), ({ seed, rows }, known) => {
        const past = awkwardColumns(operator.inputs, rows, seed);
        const other = awkwardColumns(operator.inputs, rows, seed + 1);
        for (const [index, column] of other.entries()) column.set(past[index]!.subarray(0, known));
        expect(difference(runOn(past), runBatch(runOn(other)), Math.min(known, rows))).toBeUndefined();
      }),
      { numRuns: 15 },
    );
  });

  it("has its first value on the row it declares", () => {
    const warmupRows = operator.warmupRows(params);
    const inputs = awkwardColumns(operator.inputs, warmupRows + 30, 5, { clean: true });
    const outputs = runBatch(runOn(inputs));
    const first = inputs[0]!.findIndex((_, row) => outputs.some((output) => !Number.isNaN(output[row])));
    if (eventDriven.has(name)) expect(first).toBeGreaterThanOrEqual(warmupRows);
    else expect(first).toBe(warmupRows);
  });

  it("resolves what it resolved to itself and refuses a parameter it does not know", () => {
    expect(operator.resolve(params)).toEqual(params);
    expect(() => operator.resolve({ ...params, nonsense: 1 })).toThrow('has no parameter "nonsense"');
  });
});

function resolved(name: string): Readonly<Record<string, unknown>> {
  const operator = operatorRegistry.get(name)!;
  if (given[name] !== undefined) return operator.resolve(given[name]);
  for (const guess of [{ period: 5 }, { period: 5, emaPeriod: 4 }, { window: 6 }, {}]) {
    try {
      return operator.resolve(guess);
    } catch {
      // Not one of its parameters: the next guess.
    }
  }
  throw new Error(`say which parameters ${name} is to be tested with`);
}

function realColumns(inputs: readonly string[]): Float64Array[] {
  const bars = publishedBars("default");
  return inputs.map((input, index) => bars[input] ?? bars[["close", "open", "high", "low"][index % 4]!]!);
}
