import {
  either,
  f64,
  f64x2,
  i32,
  i64,
  repeatWhile,
  returnWhen,
  seq,
  when,
  type Code,
  type FunctionSource,
  type Scope,
  type Variable,
} from "./assembler.ts";

/** Of the rows that one loop leaves to the next, where two take turns: few, because one loop reads the columns while the other computes. */
const BLOCK_BYTES = 2_048;

/**
 * Groups of `ExponentialMean`, the same operations in the same order.
 *
 * Parameters: where the input, the output and the mean before the first group stand, bytes of whole groups, alpha. Leaves the
 * mean where it was found; the result is the bytes taken, fewer than asked for when a group with an absent row follows.
 */
export const exponentialGroups: FunctionSource = {
  params: ["i32", "i32", "i32", "i32", "f64"],
  result: "i32",
  body(scope) {
    const [input, output, state, end, alpha] = scope.params as Five;
    const { powers, rest } = powersOf(scope, alpha);
    const [first, tail2, tail3, tail4, base, mean] = numbers(scope, 6) as Six;
    const at = scope.variable("i32");
    const step = (row: number) => f64.mul(alpha.get, f64.sub(f64.load(i32.add(input.get, at.get), 8 * row), first.get));
    const store = (row: number, value: Code) => f64.store(i32.add(output.get, at.get), value, 8 * row);
    return seq(
      powers.set,
      mean.set(f64.load(state.get)),
      repeatWhile(
        i32.lessThan(at.get, end.get),
        first.set(f64.load(i32.add(input.get, at.get))),
        tail2.set(step(1)),
        tail3.set(f64.add(f64.mul(rest.get, tail2.get), step(2))),
        tail4.set(f64.add(f64.mul(rest.get, tail3.get), step(3))),
        returnWhen(isAbsent(tail4.get), seq(f64.store(state.get, mean.get), at.get)),
        base.set(f64.sub(mean.get, first.get)),
        store(0, f64.add(first.get, f64.mul(powers.of(1), base.get))),
        store(1, f64.add(f64.add(first.get, tail2.get), f64.mul(powers.of(2), base.get))),
        store(2, f64.add(f64.add(first.get, tail3.get), f64.mul(powers.of(3), base.get))),
        mean.set(f64.add(f64.add(first.get, tail4.get), f64.mul(powers.of(4), base.get))),
        store(3, mean.get),
        at.set(i32.add(at.get, i32.const(32))),
      ),
      f64.store(state.get, mean.get),
      at.get,
    );
  },
};

/**
 * Groups of `WilderRange`, the same operations in the same order.
 *
 * Parameters: where highs, lows, closes, the output and the state (close before, mean) stand, bytes of whole groups, alpha.
 * Leaves the state where it was found; the result is the bytes taken, as in `exponentialGroups`.
 */
export const rangeGroups: FunctionSource = {
  params: ["i32", "i32", "i32", "i32", "i32", "i32", "f64"],
  result: "i32",
  body(scope) {
    const [highs, lows, closes, output, state, end, alpha] = scope.params as Seven;
    const [at, block, blockEnd, share] = [0, 1, 2, 3].map(() => scope.variable("i32")) as Four;
    const rowAt = (column: Variable) => i32.add(column.get, at.get);
    const nextGroup = seq(at.set(i32.add(at.get, i32.const(32))), share.set(i32.add(share.get, i32.const(32))));

    const [shares, signs, close, last, before, low, high] = vectors(scope, 7) as Seven;
    const distance = (price: Variable) => f64x2.without(f64x2.sub(price.get, before.get), signs.get);
    /** Twice the true range of two rows, times half of alpha. */
    const ranges = (offset: number) =>
      seq(
        close.set(f64x2.load(rowAt(closes), offset)),
        before.set(f64x2.pick(last.get, close.get, 1, 2)),
        last.set(close.get),
        high.set(f64x2.load(rowAt(highs), offset)),
        low.set(f64x2.load(rowAt(lows), offset)),
        f64x2.store(
          share.get,
          f64x2.mul(shares.get, f64x2.add(f64x2.add(f64x2.sub(high.get, low.get), distance(high)), distance(low))),
          offset,
        ),
      );

    const { powers, rest } = powersOf(scope, alpha);
    const [tail1, tail2, tail3, tail4, mean, meanBefore] = numbers(scope, 6) as Six;
    const [means, early, late] = vectors(scope, 3) as Three;
    const shareOf = (row: number) => f64.load(share.get, 8 * row);
    const tails = seq(
      tail1.set(shareOf(0)),
      tail2.set(f64.add(f64.mul(rest.get, tail1.get), shareOf(1))),
      tail3.set(f64.add(f64.mul(rest.get, tail2.get), shareOf(2))),
      tail4.set(f64.add(f64.mul(rest.get, tail3.get), shareOf(3))),
    );
    const store = (powers: Variable, left: Variable, right: Variable, offset: number) =>
      f64x2.store(
        rowAt(output),
        f64x2.add(f64x2.mul(powers.get, means.get), f64x2.fromNumbers(left.get, right.get)),
        offset,
      );
    const storeMeans = seq(
      means.set(f64x2.splat(mean.get)),
      store(early, tail1, tail2, 0),
      store(late, tail3, tail4, 16),
      mean.set(f64.add(f64.mul(powers.of(4), mean.get), tail4.get)),
      nextGroup,
    );
    const lastClose = f64.load(i32.sub(rowAt(closes), i32.const(8)));
    const startBlock = seq(at.set(block.get), share.set(i32.const(SHARES)));
    return seq(
      powers.set,
      early.set(f64x2.fromNumbers(powers.of(1), powers.of(2))),
      late.set(f64x2.fromNumbers(powers.of(3), powers.of(4))),
      shares.set(f64x2.splat(f64.div(alpha.get, f64.const(2)))),
      signs.set(f64x2.splat(f64.const(-0))),
      last.set(f64x2.loadSplat(state.get)),
      mean.set(f64.load(state.get, 8)),
      repeatWhile(
        i32.lessThan(at.get, end.get),
        // One loop after the other: a group that waits for its ranges leaves no room for the next ones to begin.
        block.set(at.get),
        blockEnd.set(i32.add(at.get, i32.const(BLOCK_BYTES))),
        when(i32.lessThan(end.get, blockEnd.get), blockEnd.set(end.get)),
        meanBefore.set(mean.get),
        startBlock,
        repeatWhile(i32.lessThan(at.get, blockEnd.get), ranges(0), ranges(16), nextGroup),
        startBlock,
        repeatWhile(i32.lessThan(at.get, blockEnd.get), tails, storeMeans),
        // An absent row stays in the mean. Then once more, up to its group.
        when(
          isAbsent(f64.add(mean.get, lastClose)),
          mean.set(meanBefore.get),
          startBlock,
          repeatWhile(
            i32.lessThan(at.get, blockEnd.get),
            tails,
            either(
              isAbsent(f64.add(tail4.get, f64.load(rowAt(closes), 24))),
              seq(end.set(at.get), blockEnd.set(at.get)),
              storeMeans,
            ),
          ),
        ),
      ),
      when(at.get, f64.store(state.get, lastClose)),
      f64.store(state.get, mean.get, 8),
      at.get,
    );
  },
};

/** Where in the working memory `rangeGroups` leaves what it found of a block. */
const SHARES = 64;

/**
 * Groups of `WilderStrength`, the same operations in the same order: a vector has the sum of changes and that of their sizes.
 *
 * Parameters: where the input, the output and the state (row before, sum of changes, sum of sizes) stand, bytes of whole
 * groups, `1 - 1 / period`. Leaves the state where it was found; the result is the bytes taken, as in `exponentialGroups`.
 */
export const strengthGroups: FunctionSource = {
  params: ["i32", "i32", "i32", "i32", "f64"],
  result: "i32",
  body(scope) {
    const [input, output, state, end, rest] = scope.params as Five;
    const at = scope.variable("i32");
    const [sums, rests, rests2, rests3, rests4, fifty] = vectors(scope, 6) as Six;
    const [early, late, before, steps, sizes] = vectors(scope, 5) as Five;
    const tails = vectors(scope, 4);
    const [tail1, tail2, tail3, tail4] = tails as Four;
    const [index, next, signs] = vectors(scope, 3) as Three;
    const differences = (rows: Variable, rowsBefore: Code) =>
      seq(steps.set(f64x2.sub(rows.get, rowsBefore)), sizes.set(f64x2.without(steps.get, signs.get)));
    const pairs = [f64x2.pick(steps.get, sizes.get, 0, 2), f64x2.pick(steps.get, sizes.get, 1, 3)] as const;
    const decayed = (power: Variable, tail: Variable) => f64x2.add(f64x2.mul(power.get, sums.get), tail.get);
    const store = (offset: number, left: Variable, right: Variable) =>
      f64x2.store(
        i32.add(output.get, at.get),
        f64x2.add(
          fifty.get,
          f64x2.mul(fifty.get, f64x2.div(f64x2.pick(left.get, right.get, 0, 2), f64x2.pick(left.get, right.get, 1, 3))),
        ),
        offset,
      );
    const keep = seq(f64.store(state.get, f64x2.lane(before.get, 1)), f64x2.store(state.get, sums.get, 8));
    return seq(
      signs.set(f64x2.splat(f64.const(-0))),
      fifty.set(f64x2.splat(f64.const(50))),
      rests.set(f64x2.splat(rest.get)),
      rests2.set(f64x2.mul(rests.get, rests.get)),
      rests3.set(f64x2.mul(rests2.get, rests.get)),
      rests4.set(f64x2.mul(rests3.get, rests.get)),
      before.set(f64x2.splat(f64.load(state.get))),
      sums.set(f64x2.load(state.get, 8)),
      repeatWhile(
        i32.lessThan(at.get, end.get),
        early.set(f64x2.load(i32.add(input.get, at.get))),
        late.set(f64x2.load(i32.add(input.get, at.get), 16)),
        differences(early, f64x2.pick(before.get, early.get, 1, 2)),
        tail1.set(pairs[0]),
        tail2.set(f64x2.add(f64x2.mul(rests.get, tail1.get), pairs[1])),
        differences(late, f64x2.pick(early.get, late.get, 1, 2)),
        tail3.set(f64x2.add(f64x2.mul(rests.get, tail2.get), pairs[0])),
        tail4.set(f64x2.add(f64x2.mul(rests.get, tail3.get), pairs[1])),
        returnWhen(isAbsent(f64x2.lane(tail4.get, 1)), seq(keep, at.get)),
        before.set(late.get),
        index.set(decayed(rests, tail1)),
        next.set(decayed(rests2, tail2)),
        store(0, index, next),
        index.set(decayed(rests3, tail3)),
        sums.set(decayed(rests4, tail4)),
        store(16, index, sums),
        at.set(i32.add(at.get, i32.const(32))),
      ),
      keep,
      at.get,
    );
  },
};

/**
 * Groups of `MacdLines`, the same operations in the same order: a vector has the fast mean and the slow one.
 *
 * Parameters: where the input, lines, signals, histograms and the state (fast, slow and signal mean) stand, bytes of whole
 * groups, the three alphas. Leaves the state where it was found; the result is the bytes taken, as in `exponentialGroups`.
 */
export const convergenceGroups: FunctionSource = {
  params: ["i32", "i32", "i32", "i32", "i32", "i32", "f64", "f64", "f64"],
  result: "i32",
  body(scope) {
    const [input, lines, signals, histograms, state, end, fastAlpha, slowAlpha, signalAlpha] = scope.params as Nine;
    const [at, block, blockEnd] = [0, 1, 2].map(() => scope.variable("i32")) as Three;
    const rowAt = (column: Variable) => i32.add(column.get, at.get);
    const next = at.set(i32.add(at.get, i32.const(32)));

    const [alphas, rests, rests2, rests3, rests4, means] = vectors(scope, 6) as Six;
    const [first, base, tail2, tail3, tail4] = vectors(scope, 5) as Five;
    const [left, right] = vectors(scope, 2) as Two;
    const step = (row: number) => f64x2.mul(alphas.get, f64x2.sub(f64x2.loadSplat(rowAt(input), 8 * row), first.get));
    const storeLines = (offset: number) =>
      f64x2.store(
        rowAt(lines),
        f64x2.sub(f64x2.pick(left.get, right.get, 0, 2), f64x2.pick(left.get, right.get, 1, 3)),
        offset,
      );
    const differences = seq(
      first.set(f64x2.loadSplat(rowAt(input))),
      tail2.set(step(1)),
      tail3.set(f64x2.add(f64x2.mul(rests.get, tail2.get), step(2))),
      tail4.set(f64x2.add(f64x2.mul(rests.get, tail3.get), step(3))),
      either(
        isAbsent(f64x2.lane(tail4.get, 0)),
        seq(end.set(at.get), blockEnd.set(at.get)),
        seq(
          base.set(f64x2.sub(means.get, first.get)),
          left.set(f64x2.mul(rests.get, base.get)),
          right.set(f64x2.add(f64x2.mul(rests2.get, base.get), tail2.get)),
          storeLines(0),
          left.set(f64x2.add(f64x2.mul(rests3.get, base.get), tail3.get)),
          right.set(f64x2.add(f64x2.mul(rests4.get, base.get), tail4.get)),
          storeLines(16),
          means.set(f64x2.add(f64x2.add(first.get, tail4.get), f64x2.mul(rests4.get, base.get))),
          next,
        ),
      ),
    );

    const decay = decayOf(scope, f64.sub(f64.const(1), signalAlpha.get));
    const [signalAlphas, signal, early, late, shares12, shares34, found] = vectors(scope, 7) as Seven;
    const tails = tailsOf(scope, decay.rest, shares12, shares34);
    const storeSignals = (rows: Variable, offset: number) =>
      seq(
        f64x2.store(rowAt(signals), found.get, offset),
        f64x2.store(rowAt(histograms), f64x2.sub(rows.get, found.get), offset),
      );
    const smoothing = seq(
      early.set(f64x2.load(rowAt(lines))),
      late.set(f64x2.load(rowAt(lines), 16)),
      shares12.set(f64x2.mul(signalAlphas.get, early.get)),
      shares34.set(f64x2.mul(signalAlphas.get, late.get)),
      tails.set,
      found.set(f64x2.add(f64x2.mul(decay.early.get, signal.get), tails.early.get)),
      storeSignals(early, 0),
      found.set(f64x2.add(f64x2.mul(decay.late.get, signal.get), tails.late.get)),
      storeSignals(late, 16),
      signal.set(f64x2.pick(found.get, found.get, 1, 1)),
      next,
    );

    return seq(
      alphas.set(f64x2.fromNumbers(fastAlpha.get, slowAlpha.get)),
      rests.set(f64x2.sub(f64x2.splat(f64.const(1)), alphas.get)),
      rests2.set(f64x2.mul(rests.get, rests.get)),
      rests3.set(f64x2.mul(rests2.get, rests.get)),
      rests4.set(f64x2.mul(rests3.get, rests.get)),
      decay.set,
      signalAlphas.set(f64x2.splat(signalAlpha.get)),
      means.set(f64x2.load(state.get)),
      signal.set(f64x2.loadSplat(state.get, 16)),
      repeatWhile(
        i32.lessThan(at.get, end.get),
        // One loop after the other: the values of both are more than there are registers.
        block.set(at.get),
        blockEnd.set(i32.add(at.get, i32.const(BLOCK_BYTES))),
        when(i32.lessThan(end.get, blockEnd.get), blockEnd.set(end.get)),
        repeatWhile(i32.lessThan(at.get, blockEnd.get), differences),
        at.set(block.get),
        when(i32.lessThan(at.get, blockEnd.get), repeatWhile(i32.lessThan(at.get, blockEnd.get), smoothing)),
      ),
      f64x2.store(state.get, means.get),
      f64.store(state.get, f64x2.lane(signal.get, 1), 16),
      at.get,
    );
  },
};

/** `r` in both lanes, `r` and its square, its third and fourth power, by the multiplications of `groupPower`. */
function decayOf(scope: Scope, rest: Code) {
  const [both, early, late] = vectors(scope, 3) as Three;
  const set = seq(
    both.set(f64x2.splat(rest)),
    late.set(f64x2.mul(both.get, both.get)), // the square
    early.set(f64x2.pick(both.get, late.get, 0, 3)),
    late.set(f64x2.mul(late.get, both.get)), // the third power
    late.set(f64x2.pick(late.get, f64x2.mul(late.get, both.get), 0, 3)),
  );
  return { rest: both, early, late, set };
}

/** `tₖ = r·tₖ₋₁ + xₖ` over the four rows of two vectors. */
function tailsOf(scope: Scope, rest: Variable, rows12: Variable, rows34: Variable) {
  const [early, late] = vectors(scope, 2) as Two;
  const next = (rows: Variable, before: Code) => f64x2.add(f64x2.mul(rest.get, before), rows.get);
  const set = seq(
    early.set(f64x2.pick(rows12.get, next(rows12, f64x2.pick(rows12.get, rows12.get, 0, 0)), 0, 3)),
    late.set(next(rows34, f64x2.pick(early.get, early.get, 1, 1))),
    late.set(f64x2.pick(late.get, next(rows34, f64x2.pick(late.get, late.get, 0, 0)), 0, 3)),
  );
  return { early, late, set };
}

/** `1 - alpha` and its powers, by the multiplications of `groupPower`. */
function powersOf(scope: Scope, alpha: Variable) {
  const found = numbers(scope, 4);
  const [rest] = found as Four;
  const set = seq(
    rest.set(f64.sub(f64.const(1), alpha.get)),
    ...[1, 2, 3].map((index) => found[index]!.set(f64.mul(found[index - 1]!.get, rest.get))),
  );
  return { rest, powers: { set, of: (exponent: number) => found[exponent - 1]!.get } };
}

/** Whether a number is NaN or infinite. Compared as a whole number: a comparison of numbers has to look for NaN as well. */
function isAbsent(number: Code): Code {
  return i64.notZero(i64.bitsOf(f64.sub(number, number)));
}

function numbers(scope: Scope, count: number): Variable[] {
  return Array.from({ length: count }, () => scope.variable("f64"));
}

function vectors(scope: Scope, count: number): Variable[] {
  return Array.from({ length: count }, () => scope.variable("v128"));
}

type Two = [Variable, Variable];
type Three = [...Two, Variable];
type Four = [...Two, ...Two];
type Five = [...Four, Variable];
type Six = [...Four, ...Two];
type Seven = [...Six, Variable];
type Nine = [...Seven, ...Two];
