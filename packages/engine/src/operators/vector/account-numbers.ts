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
  trades: 51, // trades in the stage; the first may have been open before
  firstTrade: 52, // what the first is called
  seen: 53, // ranges of rows in the stage
  seenFrom: 54, // row, in bytes, from which on the position has been held without anybody having looked at its bars
  heldFrom: 55, // row, in bytes, from which on it has been held and not been counted
  heldRows: 56, // bytes of rows at whose close there was a position that is over
} as const;

/** So many orders there is room for. */
export const STAGE_FILLS = 256;
const stageTrades = STAGE_FILLS / 2 + 1;

/** What orders leave, list by list: where it stands in the stage, and the numbers of a row. */
export const stageLists = {
  fills: { at: 0, width: 9 },
  cash: { at: 9 * STAGE_FILLS, width: 2 },
  positions: { at: 11 * STAGE_FILLS, width: 2 },
  trades: { at: 13 * STAGE_FILLS, width: 18 },
  ranges: { at: 13 * STAGE_FILLS + 18 * stageTrades, width: 5 },
} as const;

/** The first rows of a list of the stage. */
export function stageRows(stage: Float64Array, list: keyof typeof stageLists, rows: number): Float64Array {
  const { at, width } = stageLists[list];
  return stage.subarray(at, at + width * rows);
}
