import {
  f64,
  f64x2,
  i32,
  repeatWhile,
  seq,
  when,
  type Code,
  type FunctionSource,
  type Scope,
  type Variable,
} from "./assembler.ts";

/**
 * Window means of whole blocks: `RollingMean.run` from the start of a block on, the same operations in the same order, but
 * four blocks side by side. A block needs nothing of the others but their rows, so their chains of additions overlap.
 *
 * Parameters: where the input, the output and the suffix sums stand, bytes of a block, rounds of four blocks, last row before
 * them, `1 / period`. Of the suffix sums there are three stretches, one vector for a row of a block; those of the block before
 * are expected in the high lanes of the first, and those of the last block are left in the high lanes of the first again.
 */
export const meanBlocks: FunctionSource = {
  params: ["i32", "i32", "i32", "i32", "i32", "f64", "f64"],
  body(scope) {
    const [input, output, suffixes, block, rounds, before, weight] = scope.params as Variables<7>;
    const weights = scope.variable("v128");
    return seq(
      output.set(i32.sub(output.get, input.get)),
      weights.set(f64x2.splat(weight.get)),
      fourBlocks(scope, { input, suffixes, block, rounds, before, powers: 1 }, ({ anchors, sums: [sum], store }) =>
        store(output, f64x2.add(anchors, f64x2.mul(sum!, weights.get))),
      ),
    );
  },
};

/**
 * Bands of whole blocks: `RollingMoments.runBands`, as `meanBlocks` does it.
 *
 * Parameters: where the input, means, upper bands, lower bands and suffix sums stand, bytes of a block, rounds of four blocks,
 * last row before them, `1 / period`, what the root is multiplied by. Of the suffix sums a row has two vectors: the second
 * has those of squares.
 */
export const bandBlocks: FunctionSource = {
  params: ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "f64", "f64", "f64"],
  body(scope) {
    const [input, mids, uppers, lowers, suffixes, block, rounds, before, share, scale] = scope.params as Variables<10>;
    const [shares, scales, first, offset, mean, half] = variables(scope, 6) as Variables<6>;
    return seq(
      ...[mids, uppers, lowers].map((column) => column.set(i32.sub(column.get, input.get))),
      shares.set(f64x2.splat(share.get)),
      scales.set(f64x2.splat(scale.get)),
      fourBlocks(scope, { input, suffixes, block, rounds, before, powers: 2 }, ({ anchors, sums, store }) =>
        seq(
          first.set(sums[0]!),
          offset.set(f64x2.mul(first.get, shares.get)),
          mean.set(f64x2.add(anchors, offset.get)),
          half.set(f64x2.abs(f64x2.sub(sums[1]!, f64x2.mul(first.get, offset.get)))),
          half.set(f64x2.mul(scales.get, f64x2.sqrt(half.get))),
          store(mids, mean.get),
          store(uppers, f64x2.add(mean.get, half.get)),
          store(lowers, f64x2.sub(mean.get, half.get)),
        ),
      ),
    );
  },
};

interface Walk {
  readonly input: Variable;
  readonly suffixes: Variable;
  readonly block: Variable;
  readonly rounds: Variable;
  readonly before: Variable;
  /** 1 for sums of deviations, 2 for those of their squares too. */
  readonly powers: 1 | 2;
}

/** What is known of two rows at one place of their blocks. */
interface Pair {
  /** The rows that the sums are relative to. */
  readonly anchors: Code;
  /** Sums over the windows that end with the rows, of deviations and of their squares. */
  readonly sums: readonly Code[];
  /** Where a column stands is told relative to the input. */
  readonly store: (column: Variable, value: Code) => Code;
}

function fourBlocks(scope: Scope, walk: Walk, emit: (pair: Pair) => Code): Code {
  const { input, suffixes, block, rounds, before, powers } = walk;
  const [old, middle, young, left] = [0, 1, 2, 3].map(() => scope.variable("i32")) as Variables<4>;
  const rows = [0, 1, 2, 3].map(() => scope.variable("i32"));
  const place = scope.variable("i32");
  const [ends, deviation, low, high] = variables(scope, 4) as Variables<4>;
  const anchors = variables(scope, 2) as Variables<2>;
  const sums = [variables(scope, powers), variables(scope, powers)];

  const zeroSums = seq(...sums.flat().map((sum) => sum.set(f64x2.splat(f64.const(0)))));
  const suffixAt = (stretch: Variable) => i32.add(stretch.get, i32.mul(place.get, i32.const(2 * powers)));
  const shift = (bytes: Code) => seq(...rows.map((row) => row.set(i32.add(row.get, bytes))));
  /** Adds two rows, one of each block of a pair, to its sums. */
  const addTo = (pair: 0 | 1, two: Code) =>
    seq(
      deviation.set(f64x2.sub(two, anchors[pair].get)),
      sums[pair]![0]!.set(f64x2.add(sums[pair]![0]!.get, deviation.get)),
      powers === 2 ? sums[pair]![1]!.set(f64x2.add(sums[pair]![1]!.get, f64x2.mul(deviation.get, deviation.get))) : [],
    );
  const storeSuffix = (pair: 0 | 1, placesOn: 0 | 1) =>
    seq(
      ...sums[pair]!.map((sum, power) =>
        f64x2.store(suffixAt(pair === 0 ? middle : young), sum.get, 16 * (power + placesOn * powers)),
      ),
    );
  /** Sums over the windows, with those of the block before each of the pair's two: of the other pair, or the round before. */
  const windowSums = (pair: 0 | 1, placesOn: 0 | 1) => {
    const [low, high] = pair === 0 ? [old, middle] : [middle, young];
    return sums[pair]!.map((sum, power) => {
      const offset = 16 * (power + placesOn * powers);
      const suffix = f64x2.pick(f64x2.load(suffixAt(low), offset), f64x2.load(suffixAt(high), offset), 1, 2);
      return f64x2.add(suffix, sum.get);
    });
  };
  const emitRow = (pair: 0 | 1, placesOn: 0 | 1, store: Pair["store"]) =>
    emit({ anchors: anchors[pair].get, sums: windowSums(pair, placesOn), store });

  const lanes = [0, 1] as const;
  const rowOf = (pair: 0 | 1, lane: 0 | 1) => rows[2 * pair + lane]!.get;
  /** What is stored of two rows of each block waits for the second, and goes as two neighbours. */
  const waiting = new Map<Variable, Variable>();
  const keep: Pair["store"] = (column, value) => {
    if (!waiting.has(column)) waiting.set(column, scope.variable("v128"));
    return waiting.get(column)!.set(value);
  };
  const storeBoth =
    (pair: 0 | 1): Pair["store"] =>
    (column, value) =>
      seq(
        deviation.set(value),
        ...lanes.map((lane) =>
          f64x2.store(
            i32.add(column.get, rowOf(pair, lane)),
            f64x2.pick(waiting.get(column)!.get, deviation.get, lane, lane === 0 ? 2 : 3),
          ),
        ),
      );
  const storeOne =
    (pair: 0 | 1): Pair["store"] =>
    (column, value) =>
      seq(
        deviation.set(value),
        ...lanes.map((lane) => f64x2.storeLane(lane, i32.add(column.get, rowOf(pair, lane)), deviation.get)),
      );
  const pairs = [0, 1] as const;
  const one = (pair: 0 | 1) => f64x2.gather(rowOf(pair, 0), rowOf(pair, 1));
  const loadBoth = (pair: 0 | 1) => seq(low.set(f64x2.load(rowOf(pair, 0))), high.set(f64x2.load(rowOf(pair, 1))));
  const earlier = f64x2.pick(low.get, high.get, 0, 2);
  const later = f64x2.pick(low.get, high.get, 1, 3);
  const isOdd = i32.and(block.get, i32.const(8));
  const lastOf = (index: number) => i32.sub(rows[index]!.get, i32.const(8));
  const back = (places: number) =>
    seq(place.set(i32.sub(place.get, i32.const(8 * places))), shift(i32.const(-8 * places)));
  const on = (places: number) =>
    seq(place.set(i32.add(place.get, i32.const(8 * places))), shift(i32.const(8 * places)));

  return seq(
    old.set(suffixes.get),
    middle.set(i32.add(old.get, i32.mul(block.get, i32.const(2 * powers)))),
    young.set(i32.add(middle.get, i32.mul(block.get, i32.const(2 * powers)))),
    ends.set(f64x2.splat(before.get)),
    rows[0]!.set(input.get),
    ...[1, 2, 3].map((index) => rows[index]!.set(i32.add(rows[index - 1]!.get, block.get))),
    repeatWhile(
      rounds.get,
      shift(block.get), // to the ends of the blocks
      anchors[0].set(f64x2.gather(lastOf(0), lastOf(1))),
      anchors[1].set(f64x2.gather(lastOf(2), lastOf(3))),
      zeroSums,
      place.set(block.get),
      when(isOdd, back(1), ...pairs.map((pair) => seq(addTo(pair, one(pair)), storeSuffix(pair, 0)))),
      when(
        place.get,
        repeatWhile(
          place.get,
          back(2),
          ...pairs.map((pair) =>
            seq(loadBoth(pair), addTo(pair, later), storeSuffix(pair, 1), addTo(pair, earlier), storeSuffix(pair, 0)),
          ),
        ),
      ),
      // The rows of a block are summed relative to the last one of the block before.
      deviation.set(anchors[1].get),
      anchors[1].set(f64x2.pick(anchors[0].get, anchors[1].get, 1, 2)),
      anchors[0].set(f64x2.pick(ends.get, anchors[0].get, 1, 2)),
      ends.set(deviation.get),
      zeroSums,
      when(
        i32.lessThan(i32.const(8), block.get),
        repeatWhile(
          i32.lessThan(i32.add(place.get, i32.const(8)), block.get),
          ...pairs.map((pair) =>
            seq(
              loadBoth(pair),
              addTo(pair, earlier),
              emitRow(pair, 0, keep),
              addTo(pair, later),
              emitRow(pair, 1, storeBoth(pair)),
            ),
          ),
          on(2),
        ),
      ),
      when(isOdd, ...pairs.map((pair) => seq(addTo(pair, one(pair)), emitRow(pair, 0, storeOne(pair)))), on(1)),
      shift(i32.mul(block.get, i32.const(3))),
      left.set(old.get),
      old.set(young.get),
      young.set(left.get),
      rounds.set(i32.sub(rounds.get, i32.const(1))),
    ),
    // An odd number of rounds has left them in the third stretch.
    copyWhenMoved(scope, old, suffixes, i32.mul(block.get, i32.const(2 * powers))),
  );
}

/** Copies so many bytes, vector by vector, unless both places are one. */
function copyWhenMoved(scope: Scope, from: Variable, to: Variable, bytes: Code): Code {
  const at = scope.variable("i32");
  return when(
    i32.notEqual(from.get, to.get),
    at.set(bytes),
    repeatWhile(
      at.get,
      at.set(i32.sub(at.get, i32.const(16))),
      f64x2.store(i32.add(to.get, at.get), f64x2.load(i32.add(from.get, at.get))),
    ),
  );
}

type Variables<Count extends number, Found extends Variable[] = []> = Found["length"] extends Count
  ? Found
  : Variables<Count, [...Found, Variable]>;

function variables(scope: Scope, count: number): Variable[] {
  return Array.from({ length: count }, () => scope.variable("v128"));
}
