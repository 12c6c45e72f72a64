import { f64x2, f64, i32, repeatWhile, seq, type FunctionSource } from "./assembler.ts";

/**
 * Means of three rows: `DirectMean.run` for that many, the same operations in the same order. Two rows before the first are
 * read.
 *
 * Parameters: where the first row and the first result stand, bytes of rows (four rows a round), a third.
 */
export const meansOfThree: FunctionSource = {
  params: ["i32", "i32", "i32", "f64"],
  body({ params, variable }) {
    const [input, output, end, weight] = [params[0]!, params[1]!, params[2]!, params[3]!];
    const [at, rows, weights] = [variable("i32"), variable("v128"), variable("v128")];
    const before = (rowsBack: number, place: number) =>
      f64x2.sub(f64x2.load(i32.sub(i32.add(input.get, at.get), i32.const(8 * rowsBack)), place), rows.get);
    const vectorAt = (place: number) => {
      const sum = f64x2.add(f64x2.add(f64x2.sub(rows.get, rows.get), before(1, place)), before(2, place));
      return seq(
        rows.set(f64x2.load(i32.add(input.get, at.get), place)),
        f64x2.store(i32.add(output.get, at.get), f64x2.add(rows.get, f64x2.mul(sum, weights.get)), place),
      );
    };
    return seq(
      weights.set(f64x2.splat(weight.get)),
      repeatWhile(i32.lessThan(at.get, end.get), vectorAt(0), vectorAt(16), at.set(i32.add(at.get, i32.const(32)))),
    );
  },
};

/**
 * Where prices stand in ranges, in percent; absent where a range has no width.
 *
 * Parameters: where the prices, tops, bottoms and results stand, bytes of rows (four rows a round).
 */
export const placesInRange: FunctionSource = {
  params: ["i32", "i32", "i32", "i32", "i32"],
  body({ params, variable }) {
    const [prices, tops, bottoms] = [params[0]!, params[1]!, params[2]!];
    const [output, end, at] = [params[3]!, params[4]!, variable("i32")];
    const [bottom, share, hundred] = [variable("v128"), variable("v128"), variable("v128")];
    const vectorAt = (place: number) =>
      seq(
        bottom.set(f64x2.load(i32.add(bottoms.get, at.get), place)),
        share.set(
          f64x2.mul(
            f64x2.div(
              f64x2.sub(f64x2.load(i32.add(prices.get, at.get), place), bottom.get),
              f64x2.sub(f64x2.load(i32.add(tops.get, at.get), place), bottom.get),
            ),
            hundred.get,
          ),
        ),
        f64x2.store(i32.add(output.get, at.get), f64x2.add(share.get, f64x2.sub(share.get, share.get)), place),
      );
    return seq(
      hundred.set(f64x2.splat(f64.const(100))),
      repeatWhile(i32.lessThan(at.get, end.get), vectorAt(0), vectorAt(16), at.set(i32.add(at.get, i32.const(32)))),
    );
  },
};
