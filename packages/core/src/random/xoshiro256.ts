/**
 * xoshiro256**: 256 bits of state, period 2^256 - 1, passes BigCrush.
 *
 * The 64-bit words are kept as pairs of 32-bit words, low half first, because BigInt arithmetic is some thirty times
 * slower.
 *
 * @see Blackman and Vigna, "Scrambled linear pseudorandom number generators", ACM TOMS 47(4), 2021
 */
export class Xoshiro256 {
  /** s0 low, s0 high, s1 low, ... s3 high. Not all zero. */
  readonly words: Uint32Array;
  /** Halves of the last output. */
  low = 0;
  high = 0;

  constructor(words: Uint32Array) {
    this.words = words;
  }

  /** Steps once; the output is in `high` and `low`, both unsigned. */
  next(): void {
    const s = this.words;
    const [s1Low, s1High] = [s[2]!, s[3]!];

    // output = rotl(s1 * 5, 7) * 9; the product of a word and a small k carries from its low to its high half
    const fiveLow = Math.imul(s1Low, 5) >>> 0;
    const fiveHigh = (Math.imul(s1High, 5) + carry(s1Low, 5)) >>> 0;
    const turnedLow = ((fiveLow << 7) | (fiveHigh >>> 25)) >>> 0;
    const turnedHigh = ((fiveHigh << 7) | (fiveLow >>> 25)) >>> 0;
    this.low = Math.imul(turnedLow, 9) >>> 0;
    this.high = (Math.imul(turnedHigh, 9) + carry(turnedLow, 9)) >>> 0;

    s[4]! ^= s[0]!; // s2 ^= s0
    s[5]! ^= s[1]!;
    s[6]! ^= s1Low; // s3 ^= s1
    s[7]! ^= s1High;
    s[2]! ^= s[4]!; // s1 ^= s2
    s[3]! ^= s[5]!;
    s[0]! ^= s[6]!; // s0 ^= s3
    s[1]! ^= s[7]!;
    s[4]! ^= s1Low << 17; // s2 ^= old s1 << 17
    s[5]! ^= (s1High << 17) | (s1Low >>> 15);
    const [s3Low, s3High] = [s[6]!, s[7]!]; // s3 = rotl(s3, 45)
    s[6] = (s3High << 13) | (s3Low >>> 19);
    s[7] = (s3Low << 13) | (s3High >>> 19);
  }
}

// The part of a 32-bit word times a small factor that does not fit 32 bits.
function carry(word: number, factor: number): number {
  return Math.floor((word * factor) / 0x1_0000_0000);
}
