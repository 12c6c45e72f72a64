import { A } from "./account-numbers.ts";
import { orderOfTarget } from "./account-orders.ts";
import {
  block,
  either,
  f64,
  f64x2,
  i32,
  leaveWhen,
  repeatWhile,
  seq,
  v128,
  when,
  type Code,
  type FunctionSource,
  type Scope,
  type ValueType,
  type Variable,
} from "./assembler.ts";

/**
 * Rows of an account of one instrument until a row has a signal whose order is not plain (`orderOfTarget`) or is not quiet
 * (no price, a margin call): the equity at their closes, and what `EquityTracker` makes of it, the same operations in the
 * same order.
 *
 * Rows go by in pairs, a bar of the run with an even number before the next; a row goes by itself where it is left over,
 * reaches a peak, or has to be looked at.
 *
 * Parameters: where signals, prices and the equity stand (the equity of bars with even numbers at multiples of 16), the
 * numbers `A`, the list of drawdowns that end, each from its peak to its end, the stage for what orders leave; bytes of the
 * first row, of the row after the last, and of a row that is taken whatever it has. The result is the bytes up to the row
 * that was not taken; one more when that is for not being quiet.
 */
export function accountRows({ withReturns }: { readonly withReturns: boolean }): FunctionSource {
  return {
    params: ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32"],
    result: "i32",
    body(scope) {
      const [signals, prices, equity, numbers, list, stage, from, end, judged] = scope.params as Nine;
      const number = (name: Name) => f64.load(numbers.get, 8 * A[name]);
      const setNumber = (name: Name, value: Code) => f64.store(numbers.get, value, 8 * A[name]);
      const { at, place, odd, lastPair } = variables(scope, "i32", ["at", "place", "odd", "lastPair"]);
      const account = variables(scope, "f64", ["cash", "quantity", "multiplier"]);
      const margin = variables(scope, "f64", ["equityAbove", "maintenance"]);
      const figures = variables(scope, "f64", ["peak", "peakAt", "firstReturn"]);
      const { value, now } = variables(scope, "f64", ["value", "now"]);
      const { peak, peakAt, firstReturn } = figures;
      const sums = variables(
        scope,
        "v128",
        withReturns ? ["equitySum", "returnSum", "squareSum", "cubeSum", "fourthSum", "downside"] : ["equitySum"],
      );
      const pair = variables(scope, "v128", pairNames);

      const signal = f64.load(i32.add(signals.get, at.get));
      const priceAt = (place: Variable) => i32.add(prices.get, place.get);
      const trough = f64.pick(
        f64.less(f64x2.lane(pair.trough.get, 0), f64x2.lane(pair.trough.get, 1)),
        f64x2.lane(pair.trough.get, 0),
        f64x2.lane(pair.trough.get, 1),
      );
      // Pairs may go by below this: never, until there is a first return and an equity that it can start from.
      const watchPeak = (last: Code) =>
        pair.below.set(
          f64x2.splat(
            withReturns
              ? f64.pick(
                  i32.and(f64.equal(firstReturn.get, firstReturn.get), f64.greater(last, f64.const(0))),
                  peak.get,
                  f64.const(Number.NEGATIVE_INFINITY),
                )
              : peak.get,
          ),
        );
      /** Adds what two rows come to, or a row in both lanes: `part` leaves its own. */
      const add = (part: (value: Code) => Code) => {
        const to = (name: keyof typeof sums, value: Code) => sums[name].set(f64x2.add(sums[name].get, part(value)));
        if (!withReturns) return to("equitySum", pair.now.get);
        return seq(
          to("equitySum", pair.now.get),
          pair.loss.set(f64x2.smaller(pair.gained.get, pair.zeros.get)), // `lossOf`, but for the sign of 0
          to("downside", f64x2.mul(pair.loss.get, pair.loss.get)),
          pair.beyond.set(f64x2.sub(pair.gained.get, pair.firstReturn.get)),
          to("returnSum", pair.beyond.get),
          pair.square.set(f64x2.mul(pair.beyond.get, pair.beyond.get)),
          to("squareSum", pair.square.get),
          to("cubeSum", f64x2.mul(pair.square.get, pair.beyond.get)),
          to("fourthSum", f64x2.mul(pair.square.get, pair.square.get)),
        );
      };
      const gain = (before: Code) =>
        withReturns ? pair.gained.set(f64x2.sub(f64x2.div(pair.now.get, before), pair.ones.get)) : [];

      const lookAtPair = seq(
        pair.value.set(f64x2.mul(f64x2.mul(pair.quantity.get, f64x2.load(priceAt(at))), pair.multiplier.get)),
        pair.now.set(f64x2.add(pair.cash.get, pair.value.get)),
        pair.loss.set(f64x2.load(i32.add(signals.get, at.get))),
      );
      const isAboveMargin = f64x2.greater(
        pair.now.get,
        f64x2.mul(pair.maintenance.get, f64x2.without(pair.value.get, pair.signs.get)),
      );
      const pairIsNotQuiet = i32.notEqual(
        v128.signs(
          v128.and(
            v128.and(isAboveMargin, f64x2.less(pair.now.get, pair.below.get)),
            f64x2.notEqual(pair.loss.get, pair.loss.get),
          ),
        ),
        i32.const(3),
      );
      const takePair = seq(
        f64x2.store(i32.add(equity.get, at.get), pair.now.get),
        pair.trough.set(f64x2.smaller(pair.trough.get, pair.now.get)),
        gain(f64x2.pick(pair.last.get, pair.now.get, 1, 2)),
        add((value) => value),
        pair.last.set(pair.now.get),
        at.set(i32.add(at.get, i32.const(16))),
      );

      const look = seq(
        value.set(f64.mul(f64.mul(account.quantity.get, f64.load(priceAt(at))), account.multiplier.get)),
        now.set(f64.add(account.cash.get, value.get)),
      );
      const isCall = i32.or(
        i32.not(f64.greater(now.get, margin.equityAbove.get)),
        f64.less(now.get, f64.mul(margin.maintenance.get, f64.abs(value.get))),
      );
      const endDrawdown = seq(
        setNumber("depth", f64.max(number("depth"), f64.div(f64.sub(peak.get, trough), peak.get))),
        place.set(i32.add(list.get, i32.mul(i32.ofNumber(number("ended")), i32.const(16)))),
        f64.store(place.get, peakAt.get),
        f64.store(place.get, f64.ofInteger(at.get), 8),
        setNumber("ended", f64.add(number("ended"), f64.const(1))),
      );
      const takeRow = seq(
        f64.store(i32.add(equity.get, at.get), now.get),
        pair.now.set(f64x2.splat(now.get)),
        either(
          f64.atLeast(now.get, peak.get),
          seq(
            when(f64.less(trough, peak.get), endDrawdown),
            peak.set(now.get),
            peakAt.set(f64.ofInteger(at.get)),
            pair.trough.set(pair.now.get),
          ),
          pair.trough.set(f64x2.smaller(pair.trough.get, pair.now.get)),
        ),
        withReturns
          ? seq(
              when(
                i32.not(f64.greater(f64x2.lane(pair.last.get, 1), f64.const(0))),
                setNumber("broken", f64.add(number("broken"), f64.const(1))),
              ),
              gain(f64x2.pick(pair.last.get, pair.last.get, 1, 1)),
              when(
                f64.notEqual(firstReturn.get, firstReturn.get),
                firstReturn.set(f64x2.lane(pair.gained.get, 0)),
                pair.firstReturn.set(f64x2.splat(firstReturn.get)),
              ),
            )
          : [],
        odd.set(i32.and(i32.add(equity.get, at.get), i32.const(8))),
        add((value) => v128.and(value, v128.either(odd.get, pair.high.get, pair.low.get))),
        pair.last.set(pair.now.get),
        watchPeak(now.get),
        at.set(i32.add(at.get, i32.const(8))),
      );

      const order = orderOfTarget(scope, {
        at,
        numbers,
        stage,
        signal,
        price: f64.load(priceAt(at)),
        cash: account.cash,
        quantity: account.quantity,
        leave: (condition, depth) => leaveWhen(condition, depth + 3),
      });
      const isHeld = f64.notEqual(account.quantity.get, f64.const(0));
      // What follows from cash and quantity as they are now.
      const hold = seq(
        margin.equityAbove.set(f64.pick(isHeld, f64.const(0), f64.const(Number.NEGATIVE_INFINITY))),
        margin.maintenance.set(f64.pick(isHeld, number("maintenance"), f64.const(0))),
        Object.entries(account).map(([name, variable]) =>
          pair[name as keyof typeof account].set(f64x2.splat(variable.get)),
        ),
        pair.maintenance.set(f64x2.splat(margin.maintenance.get)),
      );
      return seq(
        Object.entries({ ...account, ...figures }).map(([name, variable]) => variable.set(number(name as Name))),
        Object.entries(sums).map(([name, sum]) => sum.set(f64x2.load(numbers.get, 8 * A[name as Name]))),
        hold,
        pair.firstReturn.set(f64x2.splat(firstReturn.get)),
        pair.trough.set(f64x2.splat(number("trough"))),
        pair.last.set(f64x2.splat(number("last"))),
        pair.ones.set(f64x2.splat(f64.const(1))),
        pair.signs.set(f64x2.splat(f64.const(-0))),
        lastPair.set(i32.sub(end.get, i32.const(8))), // pairs start before this
        pair.low.set(f64x2.notEqual(f64x2.fromNumbers(f64.const(1), f64.const(0)), f64x2.splat(f64.const(0)))),
        pair.high.set(f64x2.notEqual(f64x2.fromNumbers(f64.const(0), f64.const(1)), f64x2.splat(f64.const(0)))),
        watchPeak(number("last")),
        at.set(from.get),
        block(
          leaveWhen(i32.not(i32.lessThan(at.get, end.get)), 0),
          repeatWhile(
            i32.lessThan(at.get, end.get),
            block(
              leaveWhen(i32.and(i32.add(equity.get, at.get), i32.const(8)), 0),
              leaveWhen(i32.not(i32.lessThan(at.get, lastPair.get)), 0),
              repeatWhile(i32.lessThan(at.get, lastPair.get), lookAtPair, leaveWhen(pairIsNotQuiet, 1), takePair),
              leaveWhen(i32.not(i32.lessThan(at.get, end.get)), 2),
            ),
            look,
            when(
              i32.notEqual(at.get, judged.get),
              leaveWhen(isCall, 2),
              when(f64.equal(signal, signal), order, hold, look),
            ),
            takeRow,
          ),
        ),
        Object.entries(figures).map(([name, variable]) => setNumber(name as Name, variable.get)),
        Object.entries(sums).map(([name, sum]) => f64x2.store(numbers.get, sum.get, 8 * A[name as Name])),
        setNumber("trough", trough),
        setNumber("last", f64x2.lane(pair.last.get, 1)),
        when(i32.lessThan(at.get, end.get), when(isCall, at.set(i32.add(at.get, i32.const(1))))),
        at.get,
      );
    },
  };
}

type Name = keyof typeof A;
// prettier-ignore
const pairNames = [
  "cash", "quantity", "multiplier", "maintenance", "firstReturn", "below", "trough", "last", "value", "now", "gained",
  "beyond", "square", "loss", "ones", "zeros", "signs", "low", "high",
] as const;

function variables<const Key extends string>(
  scope: Scope,
  type: ValueType,
  names: readonly Key[],
): Readonly<Record<Key, Variable>> {
  return Object.fromEntries(names.map((name) => [name, scope.variable(type)])) as Record<Key, Variable>;
}

type Nine = [Variable, Variable, Variable, Variable, Variable, Variable, Variable, Variable, Variable];
