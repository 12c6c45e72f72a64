import {
  block,
  f64,
  i32,
  leave,
  leaveWhen,
  repeatWhile,
  seq,
  when,
  type Code,
  type FunctionSource,
  type Scope,
  type Variable,
} from "./assembler.ts";

/** Numbers that `accountRows` works on, in this order: the account, which it reads, and figures, which it moves on. */
export const A = {
  cash: 0,
  quantity: 1, // signed
  multiplier: 2,
  equityAbove: 3, // an equity that is not above this is a margin call; -Infinity without a position
  maintenance: 4, // so is one below this share of the position's value
  last: 5, // equity of the row before
  sum: 6, // of equity
  peak: 7,
  peakAt: 8, // bytes of rows; whoever calls puts there what it knows an earlier peak by
  trough: 9, // lowest equity since the peak
  depth: 10, // of the deepest drawdown that is over
  ended: 11, // drawdowns that are over: so many pairs of rows, in bytes, stand in the list
  returnSum: 12,
  downside: 13, // sum of squared losses
  broken: 14, // returns that started from an equity that was not positive
} as const;
export const accountNumbers = 15;

/**
 * Rows of an account of one instrument until a row has a signal or is not quiet (no price, a margin call): the equity at
 * their closes, and what `EquityTracker` makes of it, the same operations in the same order.
 *
 * Parameters: where signals, prices and the equity stand, the numbers `A`, the list of drawdowns that end, each from its
 * peak to its end; bytes of the first row, of the row after the last, and of a row that is taken whatever it has. The
 * result is the bytes up to the row that was not taken; one more when that is for not being quiet.
 */
export function accountRows({ withReturns }: { readonly withReturns: boolean }): FunctionSource {
  return {
    params: ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32"],
    result: "i32",
    body(scope) {
      const [signals, prices, equity, numbers, list, from, end, judged] = scope.params as Eight;
      const number = (name: keyof typeof A) => f64.load(numbers.get, 8 * A[name]);
      const setNumber = (name: keyof typeof A, value: Code) => f64.store(numbers.get, value, 8 * A[name]);
      const [at, place] = [scope.variable("i32"), scope.variable("i32")];
      const [value, now, signal] = [scope.variable("f64"), scope.variable("f64"), scope.variable("f64")];
      const given = variables(scope, ["cash", "quantity", "multiplier", "equityAbove", "maintenance"]);
      const { cash, quantity, multiplier, equityAbove, maintenance } = given;
      const figures = variables(scope, ["last", "sum", "peak", "peakAt", "trough"]);
      const { last, sum, peak, peakAt, trough } = figures;
      const returns = variables(scope, withReturns ? ["returnSum", "downside"] : []);
      const [gained, loss] = [scope.variable("f64"), scope.variable("f64")];
      const isCall = i32.or(
        i32.not(f64.greater(now.get, equityAbove.get)),
        f64.less(now.get, f64.mul(maintenance.get, f64.abs(value.get))),
      );

      const addReturn = withReturns
        ? seq(
            when(
              i32.not(f64.greater(last.get, f64.const(0))),
              setNumber("broken", f64.add(number("broken"), f64.const(1))),
            ),
            gained.set(f64.sub(f64.div(now.get, last.get), f64.const(1))),
            loss.set(f64.mul(f64.sub(gained.get, f64.abs(gained.get)), f64.const(0.5))),
            returns["returnSum"]!.set(f64.add(returns["returnSum"]!.get, gained.get)),
            returns["downside"]!.set(f64.add(returns["downside"]!.get, f64.mul(loss.get, loss.get))),
          )
        : [];
      const endDrawdown = seq(
        setNumber("depth", f64.max(number("depth"), f64.div(f64.sub(peak.get, trough.get), peak.get))),
        place.set(i32.add(list.get, i32.mul(i32.ofNumber(number("ended")), i32.const(16)))),
        f64.store(place.get, peakAt.get),
        f64.store(place.get, f64.ofInteger(at.get), 8),
        setNumber("ended", f64.add(number("ended"), f64.const(1))),
      );
      const load = (each: Readonly<Record<string, Variable>>) =>
        Object.entries(each).map(([name, variable]) => variable.set(number(name as keyof typeof A)));
      const store = (each: Readonly<Record<string, Variable>>) =>
        Object.entries(each).map(([name, variable]) => setNumber(name as keyof typeof A, variable.get));

      return seq(
        load({ ...given, ...figures, ...returns }),
        at.set(from.get),
        block(
          leaveWhen(i32.not(i32.lessThan(at.get, end.get)), 0),
          repeatWhile(
            i32.lessThan(at.get, end.get),
            value.set(f64.mul(f64.mul(quantity.get, f64.load(i32.add(prices.get, at.get))), multiplier.get)),
            now.set(f64.add(cash.get, value.get)),
            signal.set(f64.load(i32.add(signals.get, at.get))),
            block(
              block(
                leaveWhen(i32.not(f64.greater(now.get, equityAbove.get)), 0),
                leaveWhen(f64.less(now.get, f64.mul(maintenance.get, f64.abs(value.get))), 0),
                leaveWhen(f64.equal(signal.get, signal.get), 0),
                leave(1),
              ),
              leaveWhen(i32.notEqual(at.get, judged.get), 2),
            ),
            f64.store(i32.add(equity.get, at.get), now.get),
            block(
              block(
                leaveWhen(f64.atLeast(now.get, peak.get), 0),
                trough.set(f64.pick(f64.less(now.get, trough.get), now.get, trough.get)),
                leave(1),
              ),
              when(f64.less(trough.get, peak.get), endDrawdown),
              peak.set(now.get),
              trough.set(now.get),
              peakAt.set(f64.ofInteger(at.get)),
            ),
            sum.set(f64.add(sum.get, now.get)),
            addReturn,
            last.set(now.get),
            at.set(i32.add(at.get, i32.const(8))),
          ),
        ),
        store({ ...figures, ...returns }),
        when(i32.lessThan(at.get, end.get), when(isCall, at.set(i32.add(at.get, i32.const(1))))),
        at.get,
      );
    },
  };
}

function variables<const Name extends keyof typeof A>(
  scope: Scope,
  names: readonly Name[],
): Readonly<Record<Name, Variable>> {
  return Object.fromEntries(names.map((name) => [name, scope.variable("f64")])) as Record<Name, Variable>;
}

type Eight = [Variable, Variable, Variable, Variable, Variable, Variable, Variable, Variable];
