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
import { advance, extremeFinder, manyRound, type Larger, type Width } from "./extremes.ts";
import { meansLoop, placesLoop } from "./rows.ts";

/**
 * The stochastic oscillator of its usual smoothing, three rows and three rows, in blocks small enough for the first cache
 * from the prices to both lines. The operations are those of `RollingMax`, `RollingMin`, `placesInRange` and `DirectMean`.
 *
 * Parameters: where highs, lows, closes, `k` and `d` stand; bytes of rows (eight rows a round); the window less `width` rows and
 * less one, the latter in whole rounds, in bytes; a third. So many rows and three more stand before the first, and two of `k`;
 * the two places in range before the first are expected at byte 16 of the working memory, and the last two are left there.
 * The result is the bytes taken: those up to a block with an absent row.
 */
export const stochasticRows = (width: Width): FunctionSource => ({
  params: ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "f64"],
  result: "i32",
  body(scope) {
    const [highs, lows, closes, ks, ds, bytes, reach, ahead] = scope.params as Eight;
    const weight = scope.params[8]!;
    const [at, block] = [scope.variable("i32"), scope.variable("i32")];
    const [check, weights] = [scope.variable("f64"), scope.variable("v128")];
    const rowAt = (column: Variable) => i32.add(column.get, at.get);

    const extremes = (larger: Larger, column: Variable, target: number) => {
      const [input, found, output, end] = [0, 1, 2, 3].map(() => scope.variable("i32")) as Four;
      const finder = extremeFinder(scope, larger, input, found, width);
      return seq(
        input.set(i32.sub(rowAt(column), ahead.get)),
        end.set(i32.add(rowAt(column), block.get)),
        found.set(i32.const(FOUND)),
        finder.start,
        repeatWhile(i32.lessThan(input.get, end.get), finder.round, advance(input), advance(found)),
        check.set(finder.check),
        returnWhen(f64.notEqual(check.get, check.get), at.get),
        found.set(i32.add(i32.const(FOUND), ahead.get)),
        end.set(i32.add(found.get, block.get)),
        output.set(i32.const(target)),
        repeatWhile(
          i32.lessThan(found.get, end.get),
          manyRound(scope, larger, found, output, i32.const(8 * width), reach.get),
          advance(found),
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
        extremes(f64x2.larger, highs, TOPS),
        extremes(f64x2.smaller, lows, BOTTOMS),
        placesLoop(scope, {
          prices: rowAt(closes),
          tops: i32.const(TOPS),
          bottoms: i32.const(BOTTOMS),
          output: places,
          end: block.get,
        }),
        meansLoop(scope, places, rowAt(ks), block.get, weights.get),
        meansLoop(scope, rowAt(ks), rowAt(ds), block.get, weights.get),
        f64x2.store(i32.const(0), f64x2.load(block.get, PLACES - 16), PLACES - 16),
        at.set(i32.add(at.get, block.get)),
      ),
      at.get,
    );
  },
});

/**
 * Bytes of the working memory: a block, and what is found of it. A block is small, because highs and lows are read far faster
 * than the divisions follow: blocks of 4 kB take half as long again.
 */
const BLOCK = 1_024;
const PLACES = 32;
const TOPS = PLACES + BLOCK + 64;
const BOTTOMS = TOPS + BLOCK + 64;
const FOUND = BOTTOMS + BLOCK + 64;

type Four = [Variable, Variable, Variable, Variable];
type Eight = [...Four, ...Four];
