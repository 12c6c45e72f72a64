import {
  f64,
  f64x2,
  i32,
  repeatWhile,
  returnWhen,
  seq,
  when,
  type Code,
  type FunctionSource,
  type Scope,
  type Variable,
} from "./assembler.ts";

/** `f64x2.larger`, or `f64x2.smaller` for minima. */
export type Larger = (left: Code, right: Code) => Code;

/** How many rows the extremes are of that windows are made up of: the most that fit into the window. */
export type Width = 4 | 8 | 16;

export function widthFor(period: number): Width {
  return period < 8 ? 4 : period < 16 ? 8 : 16;
}

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
    body(scope) {
      const [input, fours, end] = [scope.params[0]!, scope.params[1]!, scope.params[2]!];
      const finder = extremeFinder(scope, larger, input, fours, 4);
      return seq(
        end.set(i32.add(input.get, end.get)),
        finder.start,
        repeatWhile(i32.lessThan(input.get, end.get), finder.round, advance(input), advance(fours)),
        finder.check,
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
    body(scope) {
      const [input, output, end, stride, reach] = scope.params as [Variable, Variable, Variable, Variable, Variable];
      return seq(
        end.set(i32.add(input.get, end.get)),
        repeatWhile(
          i32.lessThan(input.get, end.get),
          manyRound(scope, larger, input, output, stride.get, reach.get),
          advance(input),
          advance(output),
        ),
      );
    },
  };
}

/**
 * Extremes of windows that two or a few extremes of `width` rows make up, in blocks small enough for the first cache.
 *
 * Parameters: where the first row and the first result stand; bytes of rows (eight rows a round); the window less `width` rows
 * and less one, the latter in whole rounds, in bytes. So many rows and three more stand before the first. The result is the
 * bytes taken: those up to a block with an absent row.
 */
export function extremesOfWindows(larger: Larger, width: Width): FunctionSource {
  return {
    params: ["i32", "i32", "i32", "i32", "i32"],
    result: "i32",
    body(scope) {
      const [first, target, bytes, reach, ahead] = scope.params as [Variable, Variable, Variable, Variable, Variable];
      const [at, block, end] = [scope.variable("i32"), scope.variable("i32"), scope.variable("i32")];
      const [input, found, output] = [scope.variable("i32"), scope.variable("i32"), scope.variable("i32")];
      const check = scope.variable("f64");
      const finder = extremeFinder(scope, larger, input, found, width);
      return seq(
        repeatWhile(
          i32.lessThan(at.get, bytes.get),
          block.set(i32.sub(bytes.get, at.get)),
          when(i32.lessThan(i32.const(BLOCK), block.get), block.set(i32.const(BLOCK))),
          input.set(i32.sub(i32.add(first.get, at.get), ahead.get)),
          end.set(i32.add(i32.add(first.get, at.get), block.get)),
          found.set(i32.const(0)),
          finder.start,
          repeatWhile(i32.lessThan(input.get, end.get), finder.round, advance(input), advance(found)),
          check.set(finder.check),
          returnWhen(f64.notEqual(check.get, check.get), at.get),
          found.set(ahead.get),
          end.set(i32.add(ahead.get, block.get)),
          output.set(i32.add(target.get, at.get)),
          repeatWhile(
            i32.lessThan(found.get, end.get),
            manyRound(scope, larger, found, output, i32.const(8 * width), reach.get),
            advance(found),
            advance(output),
          ),
          at.set(i32.add(at.get, block.get)),
        ),
        at.get,
      );
    },
  };
}

/** Bytes of a block. The extremes of its rows stand at the beginning of the working memory. */
const BLOCK = 2_048;

const places = [0, 16, 32, 48] as const;

/** Moves a place on by a round of eight rows. */
export function advance(place: Variable): Code {
  return place.set(i32.add(place.get, i32.const(64)));
}

/**
 * Extremes of `width` rows, eight of them in a round; `start` reads the three rows before the first. The first `width - 4`
 * results are of fewer rows and of what was found last.
 */
export function extremeFinder(scope: Scope, larger: Larger, input: Variable, target: Variable, width: Width) {
  const [rows, two, before] = [scope.variable("v128"), scope.variable("v128"), scope.variable("v128")];
  const eight = scope.variable("v128");
  // Of the last eight rows, two to a vector: what is four or eight rows back needs no loading.
  const fours = places.map(() => scope.variable("v128"));
  const eights = places.map(() => scope.variable("v128"));
  const sums = [scope.variable("v128"), scope.variable("v128")] as const;
  const rowBack = (address: Code) => i32.sub(address, i32.const(8));
  const start = i32.sub(input.get, i32.const(16));
  const round = places.map((place, index) => {
    const sum = sums[(index & 1) as 0 | 1];
    const [four, fourBack, eightBack] = [fours[index]!, fours[index ^ 2]!, eights[index]!];
    return seq(
      rows.set(f64x2.load(input.get, place)),
      sum.set(f64x2.add(sum.get, rows.get)),
      two.set(larger(rows.get, f64x2.load(rowBack(input.get), place))),
      four.set(larger(two.get, before.get)),
      before.set(two.get),
      width === 4 ? [] : eight.set(larger(four.get, fourBack.get)),
      f64x2.store(
        target.get,
        width === 4 ? four.get : width === 8 ? eight.get : larger(eight.get, eightBack.get),
        place,
      ),
      width === 16 ? eightBack.set(eight.get) : [],
    );
  });
  return {
    start: before.set(larger(f64x2.load(start), f64x2.load(rowBack(start)))),
    round: seq(...round),
    /** 0, or NaN after an absent or infinite row: a sum of rows keeps it. Overflow counts as one. */
    check: seq(
      rows.set(f64x2.add(sums[0].get, sums[1].get)),
      f64.mul(f64.add(f64x2.lane(rows.get, 0), f64x2.lane(rows.get, 1)), f64.const(0)),
    ),
  };
}

/** Extremes of extremes for eight rows, as `extremesOfMany` says. */
export function manyRound(
  scope: Scope,
  larger: Larger,
  input: Variable,
  output: Variable,
  stride: Code,
  reach: Code,
): Code {
  const [at, last, zero] = [scope.variable("i32"), scope.variable("i32"), scope.variable("v128")];
  const extremes = places.map((place) => ({ place, extreme: scope.variable("v128") }));
  return seq(
    last.set(i32.sub(input.get, reach)),
    ...extremes.map(({ place, extreme }) => extreme.set(f64x2.load(last.get, place))),
    at.set(input.get),
    repeatWhile(
      i32.lessThan(last.get, at.get),
      ...extremes.map(({ place, extreme }) => extreme.set(larger(extreme.get, f64x2.load(at.get, place)))),
      at.set(i32.sub(at.get, stride)),
    ),
    ...extremes.map(({ place, extreme }) => f64x2.store(output.get, f64x2.add(extreme.get, zero.get), place)),
  );
}
