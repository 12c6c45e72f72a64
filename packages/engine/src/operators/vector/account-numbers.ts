/** Numbers that `accountRows` works on: the account, and figures that it moves on. */
export const A = {
  cash: 0,
  quantity: 1, // signed
  multiplier: 2,
  maintenance: 3, // share of a position's value that equity must not fall below
  bars: 4, // of the run before the first row; tells whoever calls where the equity has to stand
  last: 5, // equity of the row before
  peak: 6,
  peakAt: 7, // bytes of rows; whoever calls puts there what it knows an earlier peak by
  trough: 8, // lowest equity since the peak
  depth: 9, // of the deepest drawdown that is over
  ended: 10, // drawdowns that are over: so many pairs of rows, in bytes, stand in the list
  firstReturn: 11, // NaN: there was none
  broken: 12, // returns that started from an equity that was not positive
  // Sums in two lanes, one of the bars of the run with even numbers and one of the others.
  equitySum: 13,
  returnSum: 15, // of returns less the first
  squareSum: 17,
  cubeSum: 19,
  fourthSum: 21,
  downside: 23, // of squared losses

  // What decides the orders of targets.
  filledMax: 25, // orders that there is room for; 0: it takes none
  readsSigns: 26, // 1: a signal stands for the target of its sign, NaN where it has none; 0: it is the target
  above: 27,
  below: 28,
  atZero: 29,
  inPercent: 30, // 1: of equity; 0: units
  onChange: 31, // 1: the target before changes nothing
  lastTarget: 32, // NaN: none
  feeRate: 33,
  margin: 34,
  paysInCash: 35, // 1: a sale needs no margin
  isShort: 36, // 1: positions below 0 are allowed
  reduces: 37, // 1: what cannot be paid for is cut
  sizedAtFill: 38, // 1: orders keep the target they were sent with
  // Where rows are: the first has these, each has one more than the one before.
  firstMs: 39,
  intervalMs: 40,
  firstBar: 41, // of the instrument
  firstCurveRow: 42,
  firstFeedRow: 43,

  // What orders move on.
  averagePrice: 44,
  cost: 45,
  realised: 46,
  realisedTotal: 47,
  feesPaid: 48,
  traded: 49,
  filled: 50, // orders in the stage
  trips: 51, // round trips in the stage; the first may have been open before
  heldFrom: 52, // row, in bytes, from which on it has been held and not been counted
  heldRows: 53, // bytes of rows at whose close there was a position that is over
  // `TradeAdder`
  count: 54,
  wins: 55,
  losses: 56,
  gained: 57,
  lost: 58,
  firstPnl: 59,
  beyondSum: 60,
  squareSumOfPnl: 61,
  sumOfReturns: 62,
  bestReturn: 63,
  worstReturn: 64,
} as const;

/** So many orders there is room for. */
export const STAGE_FILLS = 256;

/** Columns of a round trip: a position that was opened from nothing by one fill, and closed by another. */
export const TRIP = {
  signed: 0,
  entryPrice: 1,
  exitPrice: 2, // NaN: still open, as for `exitMs`
  fees: 3,
  entryMs: 4,
  exitMs: 5,
  entryBar: 6,
  exitBar: 7,
  // Rows of the feed that it was held over.
  seenFrom: 8,
  seenTo: 9,
} as const;

/** What orders leave, list by list: where it stands in the stage, and the numbers of a row. */
export const stageLists = {
  fills: { at: 0, width: 9 },
  cash: { at: 9 * STAGE_FILLS, width: 2 },
  positions: { at: 11 * STAGE_FILLS, width: 2 },
  trips: { at: 13 * STAGE_FILLS, width: 10 },
} as const;

/** The first rows of a list of the stage. */
export function stageRows(stage: Float64Array, list: keyof typeof stageLists, rows: number): Float64Array {
  const { at, width } = stageLists[list];
  return stage.subarray(at, at + width * rows);
}
