const powersOfTen = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));
const splitter = 2 ** 27 + 1;
const powerHeads = powersOfTen.map(headOf);

/**
 * The double nearest to `(head · 10⁹ + tail) / 10^places`, for text of up to eighteen digits; NaN in the rare case that
 * this way cannot tell which of two it is.
 *
 * The integer is held exactly as the sum of two doubles. The first part's quotient is rounded, its remainder is exact,
 * and the quotient of what is left corrects it: together they carry about 104 bits. They name the nearest double unless
 * the true quotient lies within the last few of those bits of the middle between two.
 *
 * @param head - whole, below 10⁹
 * @param tail - whole, below 10⁹
 * @param places - 0 to 22: powers of ten that are doubles
 * @see Dekker, "A floating-point technique for extending the available precision", Numerische Mathematik 18, 1971
 */
export function divideDigits(head: number, tail: number, places: number): number {
  // 10⁹ is 1,953,125 · 2⁹: the product has less than 53 significant bits.
  const upper = head * 1e9;
  const integer = upper + tail;
  const integerRest = tail - (integer - upper);
  const divisor = powersOfTen[places]!;
  const quotient = integer / divisor;
  const remainder = integer - quotient * divisor - productRest(quotient, divisor, powerHeads[places]!);
  const correction = (remainder + integerRest) / divisor;
  const value = quotient + correction;
  const rest = correction - (value - quotient);
  const doubt = Math.abs(correction) * 2 ** -48;
  return value + (rest + doubt) === value && value + (rest - doubt) === value ? value : Number.NaN;
}

/** What rounding leaves out of `a · b`: `a · b` is exactly the rounded product plus this. */
function productRest(a: number, b: number, bHead: number): number {
  const product = a * b;
  const aHead = headOf(a);
  const aTail = a - aHead;
  const bTail = b - bHead;
  return aTail * bTail - (product - aHead * bHead - aTail * bHead - aHead * bTail);
}

/** The upper 26 bits. */
function headOf(value: number): number {
  const scaled = splitter * value;
  return scaled - (scaled - value);
}
