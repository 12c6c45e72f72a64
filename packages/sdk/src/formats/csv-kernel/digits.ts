import { everyLane, shortLanes } from "./lanes.ts";
import { i16x8, i32, i32x4, i64, i64x2, i8x16 } from "./wasm-code.ts";
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

/** Four digits as numbers, the lowest byte the first. */
export function fourDigits(digits: Local): Code {
  const twos = i32.shrU(i32.mul(digits.get, i32.const(10 * 256 + 1)), i32.const(8));
  return i32.shrU(i32.mul(i32.and(twos, i32.const(0x00ff_00ff)), i32.const(100 * 65_536 + 1)), i32.const(16));
}
