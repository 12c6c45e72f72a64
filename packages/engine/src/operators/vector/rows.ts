import {
  f64,
  f64x2,
  i32,
  repeatWhile,
  seq,
  type Code,
  type FunctionSource,
  type Scope,
  type Variable,
} from "./assembler.ts";

/**
 * Means of three rows: `DirectMean.run` for that many, the same operations in the same order. Two rows before the first are
 * read.
 *
 * Parameters: where the first row and the first result stand, bytes of rows (four rows a round), a third.
 */
export const meansOfThree: FunctionSource = {
  params: ["i32", "i32", "i32", "f64"],
  body(scope) {
    const [input, output, end, weight] = scope.params as [Variable, Variable, Variable, Variable];
    const weights = scope.variable("v128");
    return seq(weights.set(f64x2.splat(weight.get)), meansLoop(scope, input.get, output.get, end.get, weights.get));
  },
};

/**
 * Where prices stand in ranges, in percent; absent where a range has no width.
 *
 * Parameters: where the prices, tops, bottoms and results stand, bytes of rows (four rows a round).
 */
export const placesInRange: FunctionSource = {
  params: ["i32", "i32", "i32", "i32", "i32"],
  body(scope) {
    const [prices, tops, bottoms, output, end] = scope.params.map(({ get }) => get) as [Code, Code, Code, Code, Code];
    return placesLoop(scope, { prices, tops, bottoms, output, end });
  },
};

/** The loop of `meansOfThree`, with a third in both lanes. */
export function meansLoop(scope: Scope, input: Code, output: Code, end: Code, weights: Code): Code {
  const [at, rows] = [scope.variable("i32"), scope.variable("v128")];
  const before = (rowsBack: number, place: number) =>
    f64x2.sub(f64x2.load(i32.sub(i32.add(input, at.get), i32.const(8 * rowsBack)), place), rows.get);
  const vectorAt = (place: number) => {
    const sum = f64x2.add(f64x2.add(f64x2.sub(rows.get, rows.get), before(1, place)), before(2, place));
    return seq(
      rows.set(f64x2.load(i32.add(input, at.get), place)),
      f64x2.store(i32.add(output, at.get), f64x2.add(rows.get, f64x2.mul(sum, weights)), place),
    );
  };
  return fourRows(at, end, vectorAt);
}

interface Places {
  readonly prices: Code;
  readonly tops: Code;
  readonly bottoms: Code;
  readonly output: Code;
  readonly end: Code;
}

/** The loop of `placesInRange`. */
export function placesLoop(scope: Scope, { prices, tops, bottoms, output, end }: Places): Code {
  const [at, hundred] = [scope.variable("i32"), scope.variable("v128")];
  const [bottom, share] = [scope.variable("v128"), scope.variable("v128")];
  const vectorAt = (place: number) =>
    seq(
      bottom.set(f64x2.load(i32.add(bottoms, at.get), place)),
      share.set(
        f64x2.mul(
          f64x2.div(
            f64x2.sub(f64x2.load(i32.add(prices, at.get), place), bottom.get),
            f64x2.sub(f64x2.load(i32.add(tops, at.get), place), bottom.get),
          ),
          hundred.get,
        ),
      ),
      f64x2.store(i32.add(output, at.get), f64x2.add(share.get, f64x2.sub(share.get, share.get)), place),
    );
  return seq(hundred.set(f64x2.splat(f64.const(100))), fourRows(at, end, vectorAt));
}

function fourRows(at: Variable, end: Code, vectorAt: (place: number) => Code): Code {
  return seq(
    at.set(i32.const(0)),
    repeatWhile(i32.lessThan(at.get, end), vectorAt(0), vectorAt(16), at.set(i32.add(at.get, i32.const(32)))),
  );
}
