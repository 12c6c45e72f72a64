import { f64, f64x2, i32, repeatWhile, seq, type Code, type FunctionSource } from "./assembler.ts";

type Larger = (left: Code, right: Code) => Code;

/**
 * Extremes of four rows: that of each row and the three before it, eight rows in a round.
 *
 * Parameters: where the first row stands, where the first result goes, bytes of rows. The result is 0, or NaN when one of the
 * rows is absent or infinite.
 */
export function extremesOfFour(larger: Larger): FunctionSource {
  return {
    params: ["i32", "i32", "i32"],
    result: "f64",
    body({ params, variable }) {
      const [input, output, end] = [params[0]!, params[1]!, params[2]!];
      const [rows, two, before, zero] = [variable("v128"), variable("v128"), variable("v128"), variable("v128")];
      const checks = [variable("v128"), variable("v128")];
      const before2 = i32.sub(input.get, i32.const(16));
      const vectorAt = (place: number, check: (typeof checks)[number]) =>
        seq(
          rows.set(f64x2.load(input.get, place)),
          check.set(f64x2.add(check.get, f64x2.mul(rows.get, zero.get))),
          two.set(larger(rows.get, f64x2.load(i32.sub(input.get, i32.const(8)), place))),
          f64x2.store(output.get, larger(two.get, before.get), place),
          before.set(two.get),
        );
      return seq(
        end.set(i32.add(input.get, end.get)),
        before.set(larger(f64x2.load(before2), f64x2.load(i32.sub(before2, i32.const(8))))),
        repeatWhile(
          i32.lessThan(input.get, end.get),
          ...[0, 16, 32, 48].map((place) => vectorAt(place, checks[(place / 16) & 1]!)),
          input.set(i32.add(input.get, i32.const(64))),
          output.set(i32.add(output.get, i32.const(64))),
        ),
        rows.set(f64x2.add(checks[0]!.get, checks[1]!.get)),
        f64.add(f64x2.lane(rows.get, 0), f64x2.lane(rows.get, 1)),
      );
    },
  };
}

/**
 * Extremes of extremes: of what stands at a row, at `stride`, twice `stride` … before it, and at `reach` before it. -0 is
 * given as 0.
 *
 * Parameters: where the first row stands, where the first result goes, bytes of rows (eight rows a round), stride, reach.
 */
export function extremesOfMany(larger: Larger): FunctionSource {
  return {
    params: ["i32", "i32", "i32", "i32", "i32"],
    body({ params, variable }) {
      const [input, output, end, stride, reach] = [params[0]!, params[1]!, params[2]!, params[3]!, params[4]!];
      const [at, last, zero] = [variable("i32"), variable("i32"), variable("v128")];
      const extremes = [0, 16, 32, 48].map((place) => ({ place, extreme: variable("v128") }));
      return seq(
        end.set(i32.add(input.get, end.get)),
        repeatWhile(
          i32.lessThan(input.get, end.get),
          last.set(i32.sub(input.get, reach.get)),
          ...extremes.map(({ place, extreme }) => extreme.set(f64x2.load(last.get, place))),
          at.set(input.get),
          repeatWhile(
            i32.lessThan(last.get, at.get),
            ...extremes.map(({ place, extreme }) => extreme.set(larger(extreme.get, f64x2.load(at.get, place)))),
            at.set(i32.sub(at.get, stride.get)),
          ),
          ...extremes.map(({ place, extreme }) => f64x2.store(output.get, f64x2.add(extreme.get, zero.get), place)),
          input.set(i32.add(input.get, i32.const(64))),
          output.set(i32.add(output.get, i32.const(64))),
        ),
      );
    },
  };
}
