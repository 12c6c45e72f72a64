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
  readonly store: (column: Variable, value: Code) => Code;
}

function fourBlocks(scope: Scope, walk: Walk, emit: (pair: Pair) => Code): Code {
  const { input, suffixes, block, rounds, before, powers } = walk;
  const [old, middle, young, left] = [0, 1, 2, 3].map(() => scope.variable("i32")) as Variables<4>;
  const rows = [0, 1, 2, 3].map(() => scope.variable("i32"));
  const place = scope.variable("i32");
  const [ends, deviation] = variables(scope, 2) as Variables<2>;
  const anchors = variables(scope, 2) as Variables<2>;
  const sums = [variables(scope, powers), variables(scope, powers)];
  const pairs = [0, 1] as const;

  const zeroSums = seq(...sums.flat().map((sum) => sum.set(f64x2.splat(f64.const(0)))));
  const suffixAt = (stretch: Variable) => i32.add(stretch.get, i32.mul(place.get, i32.const(2 * powers)));
  const lastOf = (index: number) => i32.sub(rows[index]!.get, i32.const(8));
  const shift = (bytes: Code) => seq(...rows.map((row) => row.set(i32.add(row.get, bytes))));
  /** Adds the deviation at the present place to the sums of a pair. */
  const addTo = (pair: 0 | 1) =>
    seq(
      deviation.set(f64x2.sub(f64x2.gather(rows[2 * pair]!.get, rows[2 * pair + 1]!.get), anchors[pair].get)),
      sums[pair]![0]!.set(f64x2.add(sums[pair]![0]!.get, deviation.get)),
      powers === 2 ? sums[pair]![1]!.set(f64x2.add(sums[pair]![1]!.get, f64x2.mul(deviation.get, deviation.get))) : [],
    );
  /** Suffix sums of the block before each of the pair's two, which may belong to the other pair, or to the round before. */
  const suffixBefore = (pair: 0 | 1, power: number) => {
    const [low, high] = pair === 0 ? [old, middle] : [middle, young];
    return f64x2.pick(f64x2.load(suffixAt(low), 16 * power), f64x2.load(suffixAt(high), 16 * power), 1, 2);
  };
  const emitPair = (pair: 0 | 1) =>
    emit({
      anchors: anchors[pair].get,
      sums: sums[pair]!.map((sum, power) => f64x2.add(suffixBefore(pair, power), sum.get)),
      store: (column, value) =>
        seq(
          deviation.set(value),
          ...([0, 1] as const).map((lane) =>
            f64x2.storeLane(lane, i32.add(i32.sub(column.get, input.get), rows[2 * pair + lane]!.get), deviation.get),
          ),
        ),
    });

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
      repeatWhile(
        place.get,
        place.set(i32.sub(place.get, i32.const(8))),
        shift(i32.const(-8)),
        ...pairs.map((pair) =>
          seq(
            addTo(pair),
            ...sums[pair]!.map((sum, power) => f64x2.store(suffixAt(pair === 0 ? middle : young), sum.get, 16 * power)),
          ),
        ),
      ),
      // The rows of a block are summed relative to the last one of the block before.
      deviation.set(anchors[1].get),
      anchors[1].set(f64x2.pick(anchors[0].get, anchors[1].get, 1, 2)),
      anchors[0].set(f64x2.pick(ends.get, anchors[0].get, 1, 2)),
      ends.set(deviation.get),
      zeroSums,
      repeatWhile(
        i32.lessThan(place.get, block.get),
        ...pairs.map((pair) => seq(addTo(pair), emitPair(pair))),
        place.set(i32.add(place.get, i32.const(8))),
        shift(i32.const(8)),
      ),
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
