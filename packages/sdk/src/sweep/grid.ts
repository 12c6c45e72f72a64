import { nearestWord, QmtlError, shown, type JsonValue } from "@qmtl/core";
import type { StrategyClass } from "../strategy/strategy.ts";

export type SweepGrid = Readonly<Record<string, readonly JsonValue[]>>;
export type Combination = Readonly<Record<string, JsonValue>>;

/** Combinations of a grid in grid order: the last parameter changes fastest. */
export class Combinations {
  readonly names: readonly string[];
  readonly count: number;
  readonly values: readonly (readonly JsonValue[])[];
  /** For each combination, the place of each parameter's value. */
  readonly places: Int32Array;

  constructor({ names, values, places }: Pick<Combinations, "names" | "values" | "places">) {
    this.names = names;
    this.values = values;
    this.places = places;
    this.count = places.length / names.length;
  }

  at(index: number): Combination {
    const params: Record<string, JsonValue> = {};
    for (let name = 0; name < this.names.length; name++) params[this.names[name]!] = this.value(index, name);
    return params;
  }

  value(index: number, name: number): JsonValue {
    return this.values[name]![this.places[index * this.names.length + name]!]!;
  }
}

const combinationsMax = 5_000_000;

/**
 * Every combination of the grid's values that the constraint lets through.
 *
 * @throws QmtlError `PARAMETER_INVALID`: a name the strategy does not declare, no values, a value of another type than
 * the parameter's default, a value given twice, more than 5,000,000 combinations, or none that is let through
 */
export function expandGrid(
  strategy: StrategyClass,
  grid: SweepGrid,
  constraint?: (params: Combination) => boolean,
): Combinations {
  const names = Object.keys(grid);
  if (names.length === 0) {
    throw new QmtlError("PARAMETER_INVALID", "a sweep needs values for at least one parameter; found none", {
      hint: `parameters of ${strategy.name}: ${Object.keys(strategy.defaults).join(", ") || "none; declare them in static defaults"}`,
    });
  }
  const values = names.map((name) => checkedValues(strategy, name, grid[name]!));
  const total = values.reduce((product, list) => product * list.length, 1);
  if (total > combinationsMax) {
    throw new QmtlError(
      "PARAMETER_INVALID",
      `the grid has ${total} combinations; at most ${combinationsMax} are swept`,
      {
        hint: "take fewer values, or sweep in parts",
      },
    );
  }
  const places: number[] = [];
  const at = names.map(() => 0);
  for (let index = 0; index < total; index++) {
    if (constraint === undefined || allowed(constraint, names, values, at)) for (const place of at) places.push(place);
    for (let name = names.length - 1; name >= 0; name--) {
      if (++at[name]! < values[name]!.length) break;
      at[name] = 0;
    }
  }
  if (places.length === 0) {
    throw new QmtlError("PARAMETER_INVALID", `the constraint lets none of ${total} combinations through`);
  }
  return new Combinations({ names, values, places: Int32Array.from(places) });
}

function allowed(
  constraint: (params: Combination) => boolean,
  names: readonly string[],
  values: readonly (readonly JsonValue[])[],
  at: readonly number[],
): boolean {
  const params: Record<string, JsonValue> = {};
  for (let name = 0; name < names.length; name++) params[names[name]!] = values[name]![at[name]!]!;
  return constraint(params);
}

function checkedValues(strategy: StrategyClass, name: string, values: readonly JsonValue[]): readonly JsonValue[] {
  const { defaults } = strategy;
  if (!Object.hasOwn(defaults, name)) {
    const guess = nearestWord(name, Object.keys(defaults));
    throw new QmtlError(
      "PARAMETER_INVALID",
      `${strategy.name} has no parameter "${name}"; it has ${Object.keys(defaults).join(", ") || "none"}`,
      { hint: guess === undefined ? "declare it in static defaults" : `did you mean "${guess}"?` },
    );
  }
  if (!Array.isArray(values) || values.length === 0) {
    throw new QmtlError("PARAMETER_INVALID", `parameter "${name}" needs a list of values; found ${shown(values)}`);
  }
  const expected = typeof defaults[name];
  const seen = new Set<string>();
  for (const value of values) {
    if (typeof value !== expected || (typeof value === "number" && !Number.isFinite(value))) {
      throw new QmtlError(
        "PARAMETER_INVALID",
        `values of parameter "${name}" must be of type ${expected}; found ${shown(value)}`,
      );
    }
    const text = JSON.stringify(value);
    if (seen.has(text)) throw new QmtlError("PARAMETER_INVALID", `parameter "${name}" has the value ${text} twice`);
    seen.add(text);
  }
  return values;
}
