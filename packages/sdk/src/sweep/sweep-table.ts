import type { JsonValue } from "@qmtl/core";
import { blake3Text, digestColumns } from "@qmtl/core/identity";
import type { Combinations } from "./grid.ts";
import type { SweepRow } from "./options.ts";
import { directionOf, type SweepMetric } from "./sweep-metric.ts";

/** Figures of every run as columns. Row `i` is combination `i % combinations` of instrument `floor(i / combinations)`. */
export class SweepTable {
  readonly length: number;
  readonly instruments: readonly string[];
  /** Swept parameters, in the order of the grid. */
  readonly parameters: readonly string[];
  readonly metrics: readonly SweepMetric[];
  readonly #combinations: Combinations;
  readonly #columns: readonly Float64Array[];

  constructor(
    instruments: readonly string[],
    combinations: Combinations,
    metrics: readonly SweepMetric[],
    columns: readonly Float64Array[],
  ) {
    this.instruments = instruments;
    this.parameters = combinations.names;
    this.metrics = metrics;
    this.length = instruments.length * combinations.count;
    this.#combinations = combinations;
    this.#columns = columns;
  }

  /** Combinations per instrument. */
  get combinations(): number {
    return this.#combinations.count;
  }

  /** One figure of every run; NaN where it is not defined. Undefined when it was not asked for. */
  column(metric: SweepMetric): Float64Array | undefined {
    const index = this.metrics.indexOf(metric);
    return index < 0 ? undefined : this.#columns[index];
  }

  instrumentOf(row: number): string {
    return this.instruments[Math.floor(row / this.combinations)]!;
  }

  parameter(row: number, name: string): JsonValue {
    return this.#combinations.value(row % this.combinations, this.parameters.indexOf(name));
  }

  at(row: number): SweepRow {
    const metrics: Partial<Record<SweepMetric, number | null>> = {};
    this.metrics.forEach((metric, index) => {
      const value = this.#columns[index]![row]!;
      metrics[metric] = Number.isNaN(value) ? null : value;
    });
    return {
      row,
      instrument: this.instrumentOf(row),
      params: this.#combinations.at(row % this.combinations),
      metrics,
    };
  }

  /** Rows `from..to-1` that have the metric, best first; among equals the earlier. */
  ranked(metric: SweepMetric, count: number, from = 0, to = this.length): readonly number[] {
    const column = this.column(metric)!;
    const direction = directionOf(metric);
    const best: number[] = [];
    for (let row = from; row < to; row++) {
      const value = column[row]! * direction;
      if (Number.isNaN(value)) continue;
      if (best.length === count && !(value > column[best[count - 1]!]! * direction)) continue;
      let place = best.length;
      while (place > 0 && value > column[best[place - 1]!]! * direction) place--;
      best.splice(place, 0, row);
      if (best.length > count) best.pop();
    }
    return best;
  }

  digest(): string {
    const { names, values, places } = this.#combinations;
    const columns: Record<string, Float64Array> = { " places": Float64Array.from(places) };
    this.metrics.forEach((metric, index) => (columns[metric] = this.#columns[index]!));
    return blake3Text(JSON.stringify(["qmtl/sweep/1", this.instruments, names, values, digestColumns(columns)]));
  }

  /** Comma-separated text with a header, row by row; an empty cell where a figure is not defined. */
  *csvLines(): Generator<string> {
    const cells = (values: readonly string[]) => values.map(cell).join(",");
    yield cells(["instrument", ...this.parameters, ...this.metrics]);
    for (let row = 0; row < this.length; row++) {
      const { instrument, params, metrics } = this.at(row);
      yield cells([
        instrument,
        ...this.parameters.map((name) => text(params[name]!)),
        ...this.metrics.map((metric) => String(metrics[metric] ?? "")),
      ]);
    }
  }
}

function text(value: JsonValue): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function cell(value: string): string {
  return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}
