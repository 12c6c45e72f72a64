import { tables } from "./memory-map.ts";
import { i32, i64 } from "./wasm-code.ts";
import type { Code, FunctionCode, Local } from "./wasm-code.ts";

/**
 * The double nearest to `integer / 10^places`, from the upper 128 bits of a product with a power of five.
 *
 * @see Lemire, "Number parsing at a gigabyte per second", Software: Practice and Experience 51, 2021; Mushtak and
 *   Lemire, "Fast number parsing without fallback", 2023: from 10^-27 on the product always decides
 */
export function nearestDouble(code: FunctionCode, integer: Local, places: Local, store: (bits: Code) => Code): Code {
  const [zeros, lowBits, highBits, mantissa, shift, upper, power, middle, a, b, product] = code.locals("i64", 11);
  const power5 = code.local("i32");
  const lower32 = (value: Code) => i64.and(value, i64.const(0xffff_ffffn));
  const upper32 = (value: Code) => i64.shrU(value, i64.const(32n));
  /** Upper half of `integer · power`; `power` is set. */
  const upperProduct = (): Code => [
    a.set(lower32(integer.get)),
    b.set(upper32(integer.get)),
    middle.set(i64.add(i64.mul(a.get, upper32(power.get)), upper32(i64.mul(a.get, lower32(power.get))))),
    upper.set(
      i64.add(
        i64.add(i64.mul(b.get, upper32(power.get)), upper32(middle.get)),
        upper32(i64.add(i64.mul(b.get, lower32(power.get)), lower32(middle.get))),
      ),
    ),
  ];
  return [
    code.if(
      i64.eqz(integer.get),
      () => [store(i64.const(0n))],
      () => [
        zeros.set(i64.clz(integer.get)),
        integer.set(i64.shl(integer.get, zeros.get)),
        power5.set(i32.shl(places.get, i32.const(4))),
        power.set(i64.load(power5.get, tables.powersOfFive)),
        ...upperProduct(),
        highBits.set(upper.get),
        lowBits.set(i64.mul(integer.get, power.get)),
        code.if(i64.eq(i64.and(highBits.get, i64.const(0x1ffn)), i64.const(0x1ffn)), () => [
          power.set(i64.load(power5.get, tables.powersOfFive + 8)),
          ...upperProduct(),
          lowBits.set(i64.add(lowBits.get, upper.get)),
          highBits.set(i64.add(highBits.get, i64.fromI32(i64.gtU(upper.get, lowBits.get)))),
        ]),
        product.set(i64.shrU(highBits.get, i64.const(63n))), // 1 when the product has its top bit
        shift.set(i64.add(product.get, i64.const(9n))),
        mantissa.set(i64.shrU(highBits.get, shift.get)),
        code.if(
          // Right in the middle between two doubles: to the even one.
          i32.and(
            i64.leU(lowBits.get, i64.const(1n)),
            i32.and(
              i32.leU(places.get, i32.const(4)),
              i32.and(
                i64.eq(i64.and(mantissa.get, i64.const(3n)), i64.const(1n)),
                i64.eq(i64.shl(mantissa.get, shift.get), highBits.get),
              ),
            ),
          ),
          () => [mantissa.set(i64.sub(mantissa.get, i64.const(1n)))],
        ),
        mantissa.set(i64.shrU(i64.add(mantissa.get, i64.and(mantissa.get, i64.const(1n))), i64.const(1n))),
        // The mantissa's leading bit adds the one that the exponent lacks, also when rounding made it 2^53.
        store(
          i64.add(
            mantissa.get,
            i64.shl(
              i64.add(
                i64.sub(product.get, zeros.get),
                i64.fromI32(
                  i32.add(i32.shrS(i32.mul(places.get, i32.const(-217_706)), i32.const(16)), i32.const(63 + 1_023 - 1)),
                ),
              ),
              i64.const(52n),
            ),
          ),
        ),
      ],
    ),
  ];
}
