import { pairsOf } from "./digits.ts";
import { everyLane } from "./lanes.ts";
import { slotMap, timeFlag } from "./memory-map.ts";
import type { CellPlaces } from "./number-cell.ts";
import { f64, i16x8, i32, i64, i8x16, select, v128 } from "./wasm-code.ts";
import type { Code, FunctionCode, Label, Local } from "./wasm-code.ts";

/** `YYYY-MM-DD[(T| )HH:MM[:SS[.fraction]]][Z|+00:00]` as milliseconds: the forms of `readIso` that programs write. */
export function timeCell(
  code: FunctionCode,
  { start, end, target, slot }: CellPlaces & { slot: Local },
): (odd: Label) => Code {
  const [digits, at, year, month, day, milliseconds, flag, isDay] = code.locals("i32", 8);
  const [bytes, pairs] = code.locals("v128", 2);
  const is = (mask: number) => i32.eq(i32.and(digits.get, i32.const(mask)), i32.const(mask));
  const byteIs = (address: Code, text: string, offset = 0) =>
    i32.eq(i32.load8(address, offset), i32.const(text.codePointAt(0)!));
  const digitAt = (offset: number) => i32.sub(i32.load8(at.get, offset), i32.const(48));
  const noDigitAt = (offset: number) => i32.gtU(digitAt(offset), i32.const(9));
  const pair = (lane: number) => i16x8.lane(pairs.get, lane);
  const forward = (count: number) => at.set(i32.add(at.get, i32.const(count)));
  const plus = (value: Code) => milliseconds.set(i32.add(milliseconds.get, value));
  const isLeap = i32.and(
    i32.eqz(i32.and(year.get, i32.const(3))),
    i32.or(
      i32.ne(i32.remU(year.get, i32.const(100)), i32.const(0)),
      i32.eqz(i32.remU(year.get, i32.const(400))),
    ),
  ); // prettier-ignore
  const daysInMonth = select(
    i32.add(i32.const(28), isLeap),
    i32.or(
      i32.const(30),
      i32.and(i32.xor(month.get, i32.shrU(month.get, i32.const(3))), i32.const(1)),
    ),
    i32.eq(month.get, i32.const(2)),
  ); // prettier-ignore

  const timeOfDay = (odd: Label): Code => [
    code.branchIf(
      odd,
      i32.eqz(
        i32.and(
          i32.and(is(0xd800), byteIs(start.get, ":", 13)),
          i32.or(byteIs(start.get, "T", 10), byteIs(start.get, " ", 10)),
        ),
      ),
    ),
    code.branchIf(
      odd,
      i32.or(
        i32.or(i32.gtU(pair(4), i32.const(23)), i32.gtU(pair(5), i32.const(59))),
        i32.ltU(end.get, i32.add(start.get, i32.const(16))),
      ),
    ),
    milliseconds.set(
      i32.add(i32.mul(pair(4), i32.const(3_600_000)), i32.mul(pair(5), i32.const(60_000))),
    ),
    at.set(i32.add(start.get, i32.const(16))),
    code.if(byteIs(at.get, ":"), () => [
      code.branchIf(odd, i32.or(i32.gtU(digitAt(1), i32.const(5)), noDigitAt(2))),
      plus(i32.add(i32.mul(digitAt(1), i32.const(10_000)), i32.mul(digitAt(2), i32.const(1_000)))),
      forward(3),
      code.if(byteIs(at.get, "."), () => [
        code.branchIf(odd, i32.or(noDigitAt(1), i32.or(noDigitAt(2), noDigitAt(3)))),
        plus(i32.mul(digitAt(1), i32.const(100))),
        plus(i32.mul(digitAt(2), i32.const(10))),
        plus(digitAt(3)),
        forward(4),
        code.loop((finer) => [
          code.if(i32.eqz(noDigitAt(0)), () => [forward(1), code.branch(finer)]),
        ]),
      ]),
    ]),
    code.if(i32.ne(at.get, end.get), () => [
      flag.set(i32.const(timeFlag.offset)),
      code.if(
        byteIs(at.get, "Z"),
        () => [forward(1)],
        () => [
          code.branchIf(odd, i32.ne(i32.load(at.get), i32.const(0x3a30_302b))), // "+00:"
          code.branchIf(odd, i32.ne(i32.load16(at.get, 4), i32.const(0x3030))),
          forward(6),
        ],
      ),
      code.branchIf(odd, i32.ne(at.get, end.get)),
    ]),
  ]; // prettier-ignore

  return (odd) => [
    code.branchIf(odd, i32.ltU(end.get, i32.add(start.get, i32.const(10)))),
    bytes.set(i8x16.sub(v128.load(start.get), code.constant(everyLane(48)))),
    digits.set(i32.xor(i8x16.bitmask(i8x16.gtU(bytes.get, code.constant(everyLane(9)))), i32.const(0xffff))),
    code.branchIf(
      odd,
      i32.eqz(i32.and(is(0x36f), i32.and(byteIs(start.get, "-", 4), byteIs(start.get, "-", 7)))),
    ),
    bytes.set(
      i8x16.swizzle(
        bytes.get,
        code.constant([0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 255, 255, 255, 255]),
      ),
    ),
    pairs.set(pairsOf(code, bytes.get)),
    year.set(i32.add(i32.mul(pair(0), i32.const(100)), pair(1))),
    month.set(pair(2)),
    day.set(pair(3)),
    code.branchIf(
      odd,
      i32.or(
        i32.or(i32.eqz(year.get), i32.gtU(i32.sub(month.get, i32.const(1)), i32.const(11))),
        i32.geU(i32.sub(day.get, i32.const(1)), daysInMonth),
      ),
    ),
    flag.set(i32.const(timeFlag.wall)),
    milliseconds.set(i32.const(0)),
    isDay.set(i32.eq(i32.sub(end.get, start.get), i32.const(10))),
    code.if(i32.eqz(isDay.get), () => timeOfDay(odd)),
    i32.store(slot.get, i32.or(i32.load(slot.get, slotMap.flags), flag.get), slotMap.flags),
    // Days since 1970-01-01, years from March on: see `daysFromCivil`.
    isDay.set(i32.leU(month.get, i32.const(2))),
    year.set(i32.sub(year.get, isDay.get)),
    at.set(i32.divU(year.get, i32.const(400))), // era
    year.set(i32.sub(year.get, i32.mul(at.get, i32.const(400)))),
    month.set(i32.add(month.get, select(i32.const(9), i32.const(-3), isDay.get))),
    day.set(
      i32.add(
        i32.add(
          i32.divU(i32.add(i32.mul(month.get, i32.const(153)), i32.const(2)), i32.const(5)),
          i32.sub(day.get, i32.const(1)),
        ),
        i32.add(
          i32.sub(
            i32.add(i32.mul(year.get, i32.const(365)), i32.shrU(year.get, i32.const(2))),
            i32.divU(year.get, i32.const(100)),
          ),
          i32.sub(i32.mul(at.get, i32.const(146_097)), i32.const(719_468)),
        ),
      ),
    ),
    i64.store(
      target.get,
      i64.ofF64(
        f64.add(
          f64.mul(f64.fromI32(day.get), f64.const(86_400_000)),
          f64.fromI32(milliseconds.get),
        ),
      ),
    ),
  ]; // prettier-ignore
}
