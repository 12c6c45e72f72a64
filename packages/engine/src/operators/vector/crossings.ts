import { either, f64, f64x2, i32, repeatWhile, seq, v128, type FunctionSource, type Variable } from "./assembler.ts";

/**
 * Where one line crosses another: the rows of `crossover`, eight a round. Where the lines differ on every row of a round,
 * nearly always, two rows are compared with the two before them at a time.
 *
 * Parameters: where the two lines and the result stand, bytes of rows (eight rows a round), the side before the first row
 * (1 above, -1 below, 0 not known). Hands back the side of the last row.
 */
export const crossingRows: FunctionSource = {
  params: ["i32", "i32", "i32", "i32", "f64"],
  result: "f64",
  body({ params, variable }) {
    const [a, b, output, end, side] = params as [Variable, Variable, Variable, Variable, Variable];
    const [at, stop] = [variable("i32"), variable("i32")];
    const [left, right, now] = [variable("f64"), variable("f64"), variable("f64")];
    const [above, below, absent] = [variable("v128"), variable("v128"), variable("v128")];
    const pairs = [0, 16, 32, 48].map((place) => ({ place, isAbove: variable("v128") }));
    const sides = [variable("v128"), variable("v128")] as const;

    const lineAt = (line: Variable, place: number) => f64x2.load(i32.add(line.get, at.get), place);
    const compare = pairs.map(({ place, isAbove }) => isAbove.set(f64x2.greater(lineAt(a, place), lineAt(b, place))));
    const differs = pairs
      .map(({ place, isAbove }) => v128.or(isAbove.get, f64x2.greater(lineAt(b, place), lineAt(a, place))))
      .reduce((all, each) => v128.and(all, each));
    const events = pairs.map(({ place, isAbove }, index) => {
      const [before, here] = index % 2 === 0 ? sides : [sides[1], sides[0]];
      return seq(
        here.set(v128.pick(above.get, below.get, isAbove.get)),
        f64x2.store(
          i32.add(output.get, at.get),
          v128.pick(here.get, absent.get, f64x2.notEqual(here.get, f64x2.pick(before.get, here.get, 1, 2))),
          place,
        ),
      );
    });
    const oneRow = seq(
      left.set(f64.load(i32.add(a.get, at.get))),
      right.set(f64.load(i32.add(b.get, at.get))),
      now.set(
        f64.pick(
          f64.greater(left.get, right.get),
          f64.const(1),
          f64.pick(f64.greater(right.get, left.get), f64.const(-1), side.get),
        ),
      ),
      f64.store(
        i32.add(output.get, at.get),
        f64.pick(
          i32.and(f64.notEqual(now.get, side.get), f64.notEqual(side.get, f64.const(0))),
          now.get,
          f64.const(Number.NaN),
        ),
      ),
      side.set(now.get),
      at.set(i32.add(at.get, i32.const(8))),
    );
    return seq(
      above.set(f64x2.splat(f64.const(1))),
      below.set(f64x2.splat(f64.const(-1))),
      absent.set(f64x2.splat(f64.const(Number.NaN))),
      repeatWhile(
        i32.lessThan(at.get, end.get),
        ...compare,
        either(
          i32.and(v128.allTrue(differs), f64.notEqual(side.get, f64.const(0))),
          seq(
            sides[0].set(f64x2.splat(side.get)),
            ...events,
            side.set(f64x2.lane(sides[0].get, 1)), // an even number of pairs: the last are where the first were
            at.set(i32.add(at.get, i32.const(64))),
          ),
          seq(stop.set(i32.add(at.get, i32.const(64))), repeatWhile(i32.lessThan(at.get, stop.get), oneRow)),
        ),
      ),
      side.get,
    );
  },
};
