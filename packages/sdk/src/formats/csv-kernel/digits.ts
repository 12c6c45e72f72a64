import { everyLane, shortLanes } from "./lanes.ts";
import { i16x8, i32x4, i64, i64x2, i8x16 } from "./wasm-code.ts";
import type { Code, FunctionCode, Local } from "./wasm-code.ts";

/** 0xff in the lanes of digits: they are the only bytes that are above 117 once 70 is added, as signed numbers. */
export function isDigit(code: FunctionCode, bytes: Code): Code {
  return i8x16.gtS(i8x16.add(bytes, code.constant(everyLane(70))), code.constant(everyLane(117)));
}

/** Sixteen digits, the last lane the least. */
export function integerOf(code: FunctionCode, digits: Code, scratch: Local): Code {
  const eights = i32x4.dot(
    i16x8.narrowI32(foursOf(code, digits), code.constant(everyLane(0))),
    code.constant(shortLanes(10_000, 1)),
  );
  return i64.add(
    i64.mul(i64.and(scratch.tee(i64x2.lane(eights, 0)), i64.const(0xffff_ffffn)), i64.const(100_000_000n)),
    i64.shrU(scratch.get, i64.const(32n)),
  );
}

export function foursOf(code: FunctionCode, digits: Code): Code {
  return i32x4.dot(pairsOf(code, digits), code.constant(shortLanes(100, 1)));
}

/** Ten times the even lane plus the odd one. */
export function pairsOf(code: FunctionCode, digits: Code): Code {
  return i16x8.relaxedDot(digits, code.constant(shortLanes(0x010a)));
}

/** Eight digits, the lowest byte the first. */
export function eightDigits(digits: Local): Code {
  const twos = i64.shrU(
    i64.mul(i64.and(digits.get, i64.const(bytes8(0x0f))), i64.const(10n * 256n + 1n)),
    i64.const(8n),
  );
  const fours = i64.shrU(
    i64.mul(i64.and(twos, i64.const(0x00ff_00ff_00ff_00ffn)), i64.const(100n * 65_536n + 1n)),
    i64.const(16n),
  );
  return i64.shrU(
    i64.mul(i64.and(fours, i64.const(0x0000_ffff_0000_ffffn)), i64.const(10_000n * 2n ** 32n + 1n)),
    i64.const(32n),
  );
}

export function bytes8(byte: number): bigint {
  return BigInt(byte) * 0x0101_0101_0101_0101n;
}
