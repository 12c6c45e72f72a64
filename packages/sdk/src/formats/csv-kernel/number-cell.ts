import { fourDigits, foursOf, integerOf, isDigit } from "./digits.ts";
import { everyLane, lanes } from "./lanes.ts";
import { tables } from "./memory-map.ts";
import { nearestDouble } from "./nearest-double.ts";
import { f64, f64x2, i32, i32x4, i64, i8x16, select, v128 } from "./wasm-code.ts";
import type { Code, FunctionCode, Label, Local } from "./wasm-code.ts";

/** `from - a * b` */
export function lessProduct(from: Code, a: Code, b: Code): Code {
  return f64x2.lane(f64x2.relaxedLessProduct(f64x2.splat(a), f64x2.splat(b), f64x2.splat(from)), 0);
}

const minus = 45;
const shortMax = 13;
const longMax = 19;
const placesMax = 27;

/** Where a cell is, and where its value goes. */
export interface CellPlaces {
  readonly start: Local;
  readonly end: Local; // exclusive
  readonly target: Local;
}

/** NaN */
export const absent = 0x7ff8_0000_0000_0000n;

/**
 * How numbers are read. None takes a branch that depends on the number, but for its length.
 *
 * @param fuses - whether the processor takes a product from a number without rounding it
 */
export function numberCells(
  code: FunctionCode,
  { start, end, target, decimal, decimals }: CellPlaces & { readonly decimal: Local; readonly decimals: Local },
  fuses: boolean,
): (odd: Label) => Code {
  const [negative, length, marks, markAt, places, first] = code.locals("i32", 6);
  const [bytes, low, high, keep, keepHigh] = code.locals("v128", 5);
  const [integer, head] = code.locals("i64", 2);
  const [dividend, divisor, reciprocal, quotient, correction, doubt, value] = code.locals("f64", 7);

  const store = (bits: Code) => i64.store(target.get, i64.or(bits, i64.shl(i64.fromI32(negative.get), i64.const(63n))));
  const before = (count: number) => i32.sub(end.get, i32.const(count));
  const kept = (lanes: Code) => v128.load(i32.shl(lanes, i32.const(4)), tables.keep);
  /** The last sixteen characters: what of them is of the number, and its decimal mark. Anything else is odd. */
  const lastSixteen = (odd: Label): Code => [
    keep.set(kept(length.get)),
    bytes.set(v128.load(before(16))),
    marks.set(i8x16.bitmask(v128.and(i8x16.eq(bytes.get, decimals.get), keep.get))),
    code.branchIf(
      odd,
      i32.or(
        i32.and(marks.get, i32.sub(marks.get, i32.const(1))),
        i32.xor(marks.get, i8x16.bitmask(v128.andNot(keep.get, isDigit(code, bytes.get)))),
      ),
    ),
    // Lane 16: there is none.
    markAt.set(i32.ctz(i32.or(marks.get, i32.const(0x1_0000)))),
  ];

  /** The digits of the vector, as numbers, the mark taken out. */
  const withoutMark = () =>
    i8x16.relaxedSwizzle(v128.and(bytes.get, keep.get), v128.load(i32.shl(markAt.get, i32.const(4)), tables.closeGap));

  /** Two to thirteen characters: one vector, from which the mark is taken out. */
  const short = (odd: Label): Code => [
    ...lastSixteen(odd),
    integer.set(integerOf(code, withoutMark(), head)),
    store(i64.ofF64(f64.div(f64.fromI64(integer.get), f64.load(i32.shl(markAt.get, i32.const(3)), tables.divisors)))),
  ];

  /** Up to eighteen digits, which fit into a signed number of 64 bits: those of the vector, and up to three before. */
  const long = (other: Label): Code => [
    keep.set(kept(length.get)),
    bytes.set(v128.load(before(16))),
    marks.set(i8x16.bitmask(v128.andNot(keep.get, isDigit(code, bytes.get)))),
    code.branchIf(other, i32.eqz(marks.get)),
    markAt.set(i32.ctz(marks.get)),
    code.branchIf(
      other,
      i32.or(
        i32.and(marks.get, i32.sub(marks.get, i32.const(1))),
        i32.xor(i32.load8(i32.add(before(16), markAt.get)), decimal.get),
      ),
    ),
    first.set(
      i32.and(
        i32.xor(i32.load(before(20)), i32.const(0x3030_3030)),
        i32.load(i32.shl(length.get, i32.const(2)), tables.first),
      ),
    ),
    // A byte that is above nine has its top bit, or gets it.
    code.branchIf(
      other,
      i32.and(i32.or(i32.add(first.get, i32.const(0x7676_7676)), first.get), i32.const(0x8080_8080 | 0)),
    ),
    integer.set(
      i64.add(integerOf(code, withoutMark(), head), i64.mul(i64.fromI32(fourDigits(first)), i64.const(10n ** 15n))),
    ),
    ...settledQuotient(other),
  ];

  /**
   * `integer / 10^places`, from a quotient that is nearly right. The last seven bits are left out of the dividend, which
   * then is a double. What they and the remainder of the quotient, a double as well, add to it is known to three roundings:
   * in the rare case that these leave two doubles to choose from, another way has to.
   */
  const settledQuotient = (other: Label): Code => [
    markAt.set(i32.shl(markAt.get, i32.const(3))),
    dividend.set(f64.fromI64(i64.and(integer.get, i64.const(-128n)))),
    divisor.set(f64.load(markAt.get, tables.divisors)),
    reciprocal.set(f64.load(markAt.get, tables.reciprocals)),
    quotient.set(f64.mul(dividend.get, reciprocal.get)),
    correction.set(
      f64.mul(
        f64.add(
          lessProduct(dividend.get, quotient.get, divisor.get),
          f64.fromI32(i32.and(i32.fromI64(integer.get), i32.const(127))),
        ),
        reciprocal.get,
      ),
    ),
    doubt.set(f64.mul(correction.get, f64.const(2 ** -48))),
    value.set(f64.add(quotient.get, f64.add(correction.get, doubt.get))),
    code.branchIf(other, f64.ne(value.get, f64.add(quotient.get, f64.sub(correction.get, doubt.get)))),
    store(i64.ofF64(value.get)),
  ];

  const digitsBefore = (count: number) => i8x16.sub(v128.load(before(count)), code.constant(everyLane(48)));
  const nonDigits = (digits: Local, mask: Local) =>
    i8x16.bitmask(v128.and(i8x16.gtU(digits.get, code.constant(everyLane(9))), mask.get));
  /** Up to 32 characters of any shape: two vectors, the mark taken out of both. */
  const any = (odd: Label): Code => [
    code.branchIf(odd, i32.gtU(length.get, i32.const(32))),
    keepHigh.set(i8x16.geS(code.constant(lanes), i8x16.splat(i32.sub(i32.const(32), length.get)))),
    keep.set(i8x16.geS(code.constant(lanes), i8x16.splat(i32.sub(i32.const(16), length.get)))),
    high.set(v128.and(digitsBefore(32), keepHigh.get)),
    low.set(v128.and(digitsBefore(16), keep.get)),
    marks.set(i32.or(nonDigits(high, keepHigh), i32.shl(nonDigits(low, keep), i32.const(16)))),
    markAt.set(i32.ctz(marks.get)),
    code.branchIf(
      odd,
      i32.and(
        i32.ne(marks.get, i32.const(0)),
        i32.or(
          i32.ne(i32.and(marks.get, i32.sub(marks.get, i32.const(1))), i32.const(0)),
          i32.ne(i32.load8(i32.add(before(32), markAt.get)), decimal.get),
        ),
      ),
    ),
    places.set(select(i32.sub(i32.const(31), markAt.get), i32.const(0), marks.get)),
    markAt.set(select(markAt.get, i32.const(-1), marks.get)),
    low.set(
      v128.select(
        i8x16.shuffle(
          high.get,
          low.get,
          lanes.map((lane) => lane + 15),
        ),
        low.get,
        i8x16.leS(code.constant(lanes), i8x16.splat(i32.sub(markAt.get, i32.const(16)))),
      ),
    ),
    high.set(
      i8x16.swizzle(
        high.get,
        i8x16.add(code.constant(lanes), i8x16.leS(code.constant(lanes), i8x16.splat(markAt.get))),
      ),
    ),
    integer.set(integerOf(code, low.get, head)),
    // The digits before those sixteen: up to 1,843 all fit into 64 bits.
    head.set(i64.fromI32(i32x4.lane(foursOf(code, high.get), 3))),
    code.branchIf(
      odd,
      i32.or(
        i32.or(
          v128.anyTrue(v128.and(high.get, code.constant(lanes.map((lane) => (lane < 12 ? 0xff : 0))))),
          i64.gtU(head.get, i64.const(1_843n)),
        ),
        i32.gtU(places.get, i32.const(placesMax)),
      ),
    ),
    integer.set(i64.add(integer.get, i64.mul(head.get, i64.const(10n ** 16n)))),
    nearestDouble(code, integer, places, store),
  ];

  /** No character: absent. One: a digit. */
  const tiny = (odd: Label): Code => [
    code.if(
      i32.eqz(length.get),
      () => [code.branchIf(odd, negative.get), i64.store(target.get, i64.const(absent))],
      () => [
        places.set(i32.sub(i32.load8(start.get), i32.const(48))),
        code.branchIf(odd, i32.gtU(places.get, i32.const(9))),
        store(i64.ofF64(f64.fromI32(places.get))),
      ],
    ),
  ];

  return (odd) => [
    negative.set(i32.eq(i32.load8(start.get), i32.const(minus))),
    start.set(i32.add(start.get, negative.get)),
    length.set(i32.sub(end.get, start.get)),
    code.block((done) => [
      code.if(
        i32.leU(i32.sub(length.get, i32.const(2)), i32.const(shortMax - 2)),
        () => [...short(odd), code.branch(done)],
      ),
      code.if(i32.leU(length.get, i32.const(1)), () => [...tiny(odd), code.branch(done)]),
      fuses
        ? code.block((other) => [
            code.branchIf(other, i32.gtU(length.get, i32.const(longMax))),
            ...long(other),
            code.branch(done),
          ])
        : [],
      ...any(odd),
    ]),
  ]; // prettier-ignore
}
