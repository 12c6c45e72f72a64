import { everyLane } from "./lanes.ts";
import { tables } from "./memory-map.ts";
import { i32, i64, i8x16, v128 } from "./wasm-code.ts";
import type { Code, FunctionCode, Local } from "./wasm-code.ts";

const newline = 10;
const quote = 34;

/** The places of delimiters, line ends and quotes, in order. */
export function findSeparators(
  code: FunctionCode,
  { from, to, delimiter, next }: { from: Local; to: Local; delimiter: Local; next: Local },
): Code {
  const [at, count, entry] = code.locals("i32", 3);
  const mask = code.local("i64");
  const [bytes, delimiters] = code.locals("v128", 2);
  const maskAt = (offset: number) => [
    bytes.set(v128.load(at.get, offset)),
    i64.fromI32(
      i8x16.bitmask(
        v128.or(
          v128.or(i8x16.eq(bytes.get, delimiters.get), i8x16.eq(bytes.get, code.constant(everyLane(newline)))),
          i8x16.eq(bytes.get, code.constant(everyLane(quote))),
        ),
      ),
    ),
  ];
  const write = (place: number) => [
    i32.store(next.get, i32.add(at.get, i32.fromI64(i64.ctz(mask.get))), place * 4),
    mask.set(i64.and(mask.get, i64.sub(mask.get, i64.const(1n)))),
  ];
  return [
    delimiters.set(i8x16.splat(delimiter.get)),
    next.set(i32.const(tables.separators)),
    at.set(from.get),
    code.loop((again) => [
      mask.set(
        i64.or(
          i64.or(maskAt(0), i64.shl(maskAt(16), i64.const(16n))),
          i64.or(
            i64.shl(maskAt(32), i64.const(32n)),
            i64.shl(maskAt(48), i64.const(48n)),
          ),
        ),
      ),
      count.set(i32.shl(i32.fromI64(i64.popcnt(mask.get)), i32.const(2))),
      ...write(0), ...write(1), ...write(2), ...write(3),
      code.if(i32.gtU(count.get, i32.const(16)), () => [
        ...write(4), ...write(5), ...write(6), ...write(7),
        code.if(i32.gtU(count.get, i32.const(32)), () => [
          // Rare: cells of a few bytes.
          entry.set(i32.const(32)),
          code.loop((more) => [
            i32.store(i32.add(next.get, entry.get), i32.add(at.get, i32.fromI64(i64.ctz(mask.get)))),
            mask.set(i64.and(mask.get, i64.sub(mask.get, i64.const(1n)))),
            code.branchIf(more, i32.ltU(entry.tee(i32.add(entry.get, i32.const(4))), count.get)),
          ]),
        ]),
      ]),
      next.set(i32.add(next.get, count.get)),
      code.branchIf(again, i32.ltU(at.tee(i32.add(at.get, i32.const(64))), to.get)),
    ]),
  ]; // prettier-ignore
}
