import { A, stageLists, TRIP } from "./account-numbers.ts";
import {
  block,
  either,
  f64,
  i32,
  leaveWhen,
  repeatWhile,
  seq,
  when,
  type Code,
  type Scope,
  type Variable,
} from "./assembler.ts";

/** What the order of a row's target works on. */
export interface OrderPlace {
  /** Bytes up to the row. */
  readonly at: Variable;
  /** Where the numbers `A` stand, and where the stage. */
  readonly numbers: Variable;
  readonly stage: Variable;
  /** The value that stands for a target, not NaN, and the price. */
  readonly signal: Code;
  readonly price: Code;
  /** Moved on, as the numbers of their names are. */
  readonly cash: Variable;
  readonly quantity: Variable;
  /** Leaves the row as it is, so many levels further out. */
  readonly leave: (condition: Code, depth: number) => Code;
}

/**
 * The order of a target that opens a position from nothing or closes it whole, filled at the close of its row: the
 * arithmetic of `TargetReplay` and `Ledger`, operation by operation, and the rows of their tables. It leaves every row that
 * is not that simple.
 */
export function orderOfTarget(
  scope: Scope,
  { at, numbers, stage, signal, price, cash, quantity, leave }: OrderPlace,
): Code {
  const number = (name: keyof typeof A) => f64.load(numbers.get, 8 * A[name]);
  const setNumber = (name: keyof typeof A, value: Code) => f64.store(numbers.get, value, 8 * A[name]);
  const addTo = (name: keyof typeof A, value: Code) => setNumber(name, f64.add(number(name), value));
  const [target, signed, size, each, notional, fee, sentMs, bar] = [0, 1, 2, 3, 4, 5, 6, 7].map(() =>
    scope.variable("f64"),
  ) as Variables<8>;
  const [place, attempts] = [scope.variable("i32"), scope.variable("i32")];
  const zero = f64.const(0);
  const one = f64.const(1);
  const rows = f64.mul(f64.ofInteger(at.get), f64.const(1 / 8)); // from the first on
  const isOn = (name: keyof typeof A) => f64.greater(number(name), zero);
  const isHeld = f64.notEqual(quantity.get, zero);
  const store = (column: number, value: Code) => f64.store(place.get, value, 8 * column);
  const toRow = (list: keyof typeof stageLists, index: Code) =>
    place.set(
      i32.add(
        i32.add(stage.get, i32.const(8 * stageLists[list].at)),
        i32.mul(i32.ofNumber(index), i32.const(8 * stageLists[list].width)),
      ),
    );

  const read = target.set(
    f64.pick(
      isOn("readsSigns"),
      f64.pick(
        f64.greater(signal, zero),
        number("above"),
        f64.pick(f64.less(signal, zero), number("below"), number("atZero")),
      ),
      signal,
    ),
  );
  const changesNothing = i32.or(
    f64.notEqual(target.get, target.get),
    i32.and(isOn("onChange"), f64.equal(target.get, number("lastTarget"))),
  );

  const closes = (depth: number) =>
    seq(
      leave(f64.notEqual(target.get, zero), depth),
      signed.set(f64.sub(zero, quantity.get)),
      size.set(f64.abs(quantity.get)),
    );
  const costs = f64.add(f64.mul(size.get, each.get), fee.get);
  const needs = f64.add(f64.mul(f64.mul(size.get, each.get), number("margin")), fee.get);
  const isSale = f64.less(signed.get, zero);
  const isBought = i32.or(i32.or(f64.less(number("margin"), one), isSale), f64.atLeast(cash.get, costs));
  const affords = (depth: number) =>
    block(
      attempts.set(i32.const(0)),
      repeatWhile(
        i32.const(1),
        fee.set(f64.mul(f64.mul(f64.mul(size.get, price), number("multiplier")), number("feeRate"))),
        leaveWhen(i32.and(isBought, i32.not(f64.greater(needs, cash.get))), 1),
        leave(i32.or(i32.not(i32.notEqual(attempts.get, i32.const(64))), i32.not(isOn("reduces"))), depth + 2),
        size.set(
          f64.min(
            f64.div(cash.get, f64.add(f64.mul(each.get, number("margin")), f64.div(fee.get, size.get))),
            f64.mul(size.get, f64.const(1 - 2 ** -52)),
          ),
        ),
        leave(i32.not(f64.greater(size.get, zero)), depth + 2),
        attempts.set(i32.add(attempts.get, i32.const(1))),
      ),
    );
  const all = (...conditions: readonly Code[]) => conditions.reduce((both, each) => i32.and(both, each));
  const opens = (depth: number) =>
    seq(
      each.set(f64.mul(price, number("multiplier"))),
      signed.set(f64.pick(isOn("inPercent"), f64.div(f64.mul(target.get, cash.get), each.get), target.get)),
      size.set(f64.abs(signed.get)),
      leave(
        i32.not(
          all(
            f64.notEqual(target.get, zero),
            f64.greater(size.get, zero),
            f64.less(size.get, f64.const(Number.POSITIVE_INFINITY)),
            f64.greater(each.get, zero),
            f64.equal(f64.sub(cash.get, cash.get), zero),
            i32.or(isOn("isShort"), i32.not(isSale)),
          ),
        ),
        depth,
      ),
      when(i32.not(i32.and(isOn("paysInCash"), isSale)), affords(depth + 1)),
      signed.set(f64.withSign(size.get, signed.get)),
    );

  const book = seq(
    notional.set(f64.mul(f64.mul(size.get, price), number("multiplier"))),
    fee.set(f64.mul(notional.get, number("feeRate"))),
    cash.set(
      f64.pick(
        f64.greater(signed.get, zero),
        f64.sub(cash.get, f64.add(notional.get, fee.get)),
        f64.add(cash.get, f64.sub(notional.get, fee.get)),
      ),
    ),
    addTo("traded", notional.get),
    addTo("feesPaid", fee.get),
    bar.set(f64.add(number("firstBar"), rows)),
    sentMs.set(f64.add(f64.add(number("firstMs"), f64.mul(rows, number("intervalMs"))), number("intervalMs"))),
    // `FilledTargets`
    toRow("fills", number("filled")),
    store(0, signed.get),
    store(1, price),
    store(2, fee.get),
    store(3, zero),
    store(4, f64.pick(i32.and(isOn("sizedAtFill"), i32.not(isHeld)), target.get, zero)),
    store(5, sentMs.get),
    store(6, sentMs.get),
    store(7, f64.add(number("firstMs"), f64.mul(rows, number("intervalMs")))),
    store(8, f64.add(bar.get, one)),
    // `StepCurve`, of cash and of the position
    toRow("cash", number("filled")),
    store(0, f64.add(number("firstCurveRow"), rows)),
    store(1, cash.get),
    toRow("positions", number("filled")),
    store(0, f64.add(number("firstCurveRow"), rows)),
    store(1, f64.pick(isHeld, zero, signed.get)),
    addTo("filled", one),
  );

  // `RoundTrips`, and what `TradeAdder` makes of those that are over.
  const trip = (column: keyof typeof TRIP) => f64.load(place.get, 8 * TRIP[column]);
  const setTrip = (column: keyof typeof TRIP, value: Code) => store(TRIP[column], value);
  const feedRow = f64.add(number("firstFeedRow"), rows);
  const [pnl, gain] = [each, notional];
  const closeTrip = seq(
    toRow("trips", f64.sub(number("trips"), one)),
    setTrip("exitPrice", price),
    setTrip("fees", f64.add(trip("fees"), fee.get)),
    setTrip("exitMs", sentMs.get),
    setTrip("exitBar", bar.get),
    setTrip("seenTo", f64.add(feedRow, one)),
    addTo("heldRows", f64.sub(f64.ofInteger(at.get), number("heldFrom"))),
    // Its profit on the books, and as a trade.
    gain.set(f64.mul(f64.mul(quantity.get, price), number("multiplier"))),
    gain.set(f64.add(f64.sub(zero, fee.get), f64.sub(gain.get, number("cost")))),
    addTo("realised", gain.get),
    addTo("realisedTotal", gain.get),
    pnl.set(f64.sub(f64.mul(size.get, price), f64.mul(size.get, trip("entryPrice")))),
    pnl.set(f64.mul(f64.mul(f64.withSign(one, quantity.get), number("multiplier")), pnl.get)),
    pnl.set(f64.add(f64.sub(pnl.get, trip("fees")), zero)),
    when(i32.not(isOn("count")), setNumber("firstPnl", pnl.get)),
    addTo("count", one),
    either(
      f64.greater(pnl.get, zero),
      seq(addTo("wins", one), addTo("gained", pnl.get)),
      when(f64.less(pnl.get, zero), addTo("losses", one), setNumber("lost", f64.sub(number("lost"), pnl.get))),
    ),
    gain.set(f64.sub(pnl.get, number("firstPnl"))),
    addTo("beyondSum", gain.get),
    addTo("squareSumOfPnl", f64.mul(gain.get, gain.get)),
    gain.set(f64.div(pnl.get, f64.abs(f64.mul(f64.mul(size.get, trip("entryPrice")), number("multiplier"))))),
    addTo("sumOfReturns", gain.get),
    setNumber("bestReturn", f64.max(number("bestReturn"), gain.get)),
    setNumber("worstReturn", f64.min(number("worstReturn"), gain.get)),
    setNumber("cost", zero),
    setNumber("averagePrice", zero),
    quantity.set(zero),
  );
  const openTrip = seq(
    toRow("trips", number("trips")),
    setTrip("signed", signed.get),
    setTrip("entryPrice", price),
    setTrip("exitPrice", f64.const(Number.NaN)),
    setTrip("fees", fee.get),
    setTrip("entryMs", sentMs.get),
    setTrip("exitMs", f64.const(Number.NaN)),
    setTrip("entryBar", bar.get),
    setTrip("exitBar", zero),
    setTrip("seenFrom", f64.add(feedRow, one)),
    addTo("trips", one),
    setNumber("heldFrom", f64.ofInteger(at.get)),
    addTo("realised", f64.sub(zero, fee.get)),
    addTo("realisedTotal", f64.sub(zero, fee.get)),
    setNumber("cost", f64.mul(f64.mul(signed.get, price), number("multiplier"))),
    setNumber("averagePrice", price),
    quantity.set(signed.get),
  );

  return seq(
    read,
    when(
      i32.not(changesNothing),
      leave(i32.not(f64.less(number("filled"), number("filledMax"))), 1),
      either(isHeld, closes(2), opens(2)),
      book,
      either(isHeld, closeTrip, openTrip),
      setNumber("lastTarget", target.get),
      setNumber("cash", cash.get),
      setNumber("quantity", quantity.get),
    ),
  );
}

type Variables<Count extends number, Found extends Variable[] = []> = Found["length"] extends Count
  ? Found
  : Variables<Count, [...Found, Variable]>;
