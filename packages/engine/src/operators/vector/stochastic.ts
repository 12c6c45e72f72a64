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
  type Variable,
} from "./assembler.ts";
import { advance, foursFinder, manyRound, type Larger } from "./extremes.ts";
import { meansLoop, placesLoop } from "./rows.ts";

/**
 * The stochastic oscillator of its usual smoothing, three rows and three rows, in blocks small enough for the first cache
 * from the prices to both lines. The operations are those of `RollingMax`, `RollingMin`, `placesInRange` and `DirectMean`.
 *
 * Parameters: where highs, lows, closes, `k` and `d` stand; bytes of rows (eight rows a round); the window less four rows and
 * less one, the latter in whole rounds, in bytes; a third. So many rows and three more stand before the first, and two of `k`;
 * the two places in range before the first are expected at byte 16 of the working memory, and the last two are left there.
 * The result is the bytes taken: those up to a block with an absent row.
 */
export const stochasticRows: FunctionSource = {
  params: ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "f64"],
  result: "i32",
  body(scope) {
    const [highs, lows, closes, ks, ds, bytes, reach, ahead] = scope.params as Eight;
    const weight = scope.params[8]!;
    const [at, block] = [scope.variable("i32"), scope.variable("i32")];
    const [check, weights] = [scope.variable("f64"), scope.variable("v128")];
    const [next, touched] = [scope.variable("i32"), scope.variable("v128")];
    const rowAt = (column: Variable) => i32.add(column.get, at.get);
    const touch = (column: Variable, place: Variable) =>
      touched.set(f64x2.add(touched.get, f64x2.load(i32.add(i32.add(rowAt(column), place.get), next.get))));

    const extremes = (larger: Larger, column: Variable, target: number) => {
      const [input, fours, output, end] = [0, 1, 2, 3].map(() => scope.variable("i32")) as Four;
      const finder = foursFinder(scope, larger, input, fours);
      return seq(
        input.set(i32.sub(rowAt(column), ahead.get)),
        end.set(i32.add(rowAt(column), block.get)),
        fours.set(i32.const(FOURS)),
        finder.start,
        repeatWhile(i32.lessThan(input.get, end.get), finder.round, advance(input), advance(fours)),
        check.set(finder.check),
        returnWhen(f64.notEqual(check.get, check.get), at.get),
        fours.set(i32.add(i32.const(FOURS), ahead.get)),
        end.set(i32.add(fours.get, block.get)),
        output.set(i32.const(target)),
        repeatWhile(
          i32.lessThan(fours.get, end.get),
          manyRound(scope, larger, fours, output, i32.const(32), reach.get),
          advance(fours),
          advance(output),
        ),
      );
    };
    const places: Code = i32.const(PLACES);
    return seq(
      weights.set(f64x2.splat(weight.get)),
      repeatWhile(
        i32.lessThan(at.get, bytes.get),
        block.set(i32.sub(bytes.get, at.get)),
        when(i32.lessThan(i32.const(BLOCK), block.get), block.set(i32.const(BLOCK))),
        next.set(i32.const(0)),
        when(i32.lessThan(i32.add(at.get, i32.const(2 * BLOCK)), bytes.get), next.set(i32.const(BLOCK))),
        extremes(f64x2.larger, highs, TOPS),
        extremes(f64x2.smaller, lows, BOTTOMS),
        placesLoop(
          scope,
          {
            prices: rowAt(closes),
            tops: i32.const(TOPS),
            bottoms: i32.const(BOTTOMS),
            output: places,
            end: block.get,
          },
          // The divisions leave time to fetch the highs and lows of the next block, which are read too fast otherwise.
          (place) => seq(touch(highs, place), touch(lows, place)),
        ),
        meansLoop(scope, places, rowAt(ks), block.get, weights.get),
        meansLoop(scope, rowAt(ks), rowAt(ds), block.get, weights.get),
        f64x2.store(i32.const(0), f64x2.load(block.get, PLACES - 16), PLACES - 16),
        at.set(i32.add(at.get, block.get)),
      ),
      f64x2.store(i32.const(0), touched.get, FOURS), // or nothing would be fetched
      at.get,
    );
  },
};

/** Bytes of the working memory: a block, and what is found of it. */
const BLOCK = 4_096;
const PLACES = 32;
const TOPS = PLACES + BLOCK + 64;
const BOTTOMS = TOPS + BLOCK + 64;
const FOURS = BOTTOMS + BLOCK + 64;

type Four = [Variable, Variable, Variable, Variable];
type Eight = [...Four, ...Four];
