/** What closed trades add up to, in their order; for the figures of a run. */
export interface TradeSums {
  readonly count: number;
  readonly wins: number; // trades with pnl > 0
  readonly losses: number; // trades with pnl < 0
  readonly gained: number; // sum of the pnl of wins
  readonly lost: number; // sum of -pnl of losses
  /** Sums of pnl less the first pnl, and of the squares of that: the deviation follows without a second look at all. */
  readonly firstPnl: number; // NaN without trades
  readonly beyondSum: number;
  readonly squareSum: number;
  readonly returnSum: number;
  readonly bestReturn: number; // -Infinity without trades
  readonly worstReturn: number; // Infinity without trades
}

/** Adds up closed trades one by one; goes on from where it stands. */
export class TradeAdder implements TradeSums {
  count = 0;
  wins = 0;
  losses = 0;
  gained = 0;
  lost = 0;
  firstPnl = Number.NaN;
  beyondSum = 0;
  squareSum = 0;
  returnSum = 0;
  bestReturn = Number.NEGATIVE_INFINITY;
  worstReturn = Number.POSITIVE_INFINITY;

  add(pnl: number, returnFraction: number): void {
    if (this.count === 0) this.firstPnl = pnl;
    const beyond = pnl - this.firstPnl;
    this.beyondSum += beyond;
    this.squareSum += beyond * beyond;
    this.count += 1;
    if (pnl > 0) {
      this.wins += 1;
      this.gained += pnl;
    } else if (pnl < 0) {
      this.losses += 1;
      this.lost -= pnl;
    }
    this.returnSum += returnFraction;
    this.bestReturn = Math.max(this.bestReturn, returnFraction);
    this.worstReturn = Math.min(this.worstReturn, returnFraction);
  }

  /** `add` of rows, with the sums in locals. */
  addRows(pnls: Float64Array, returns: Float64Array, from: number, to: number): void {
    if (from === to) return;
    if (this.count === 0) this.firstPnl = pnls[from]!;
    const { firstPnl } = this;
    let { wins, losses, gained, lost, beyondSum, squareSum, returnSum, bestReturn, worstReturn } = this;
    for (let row = from; row < to; row++) {
      const pnl = pnls[row]!;
      const returnFraction = returns[row]!;
      if (pnl > 0) {
        wins++;
        gained += pnl;
      } else if (pnl < 0) {
        losses++;
        lost -= pnl;
      }
      const beyond = pnl - firstPnl;
      beyondSum += beyond;
      squareSum += beyond * beyond;
      returnSum += returnFraction;
      bestReturn = Math.max(bestReturn, returnFraction);
      worstReturn = Math.min(worstReturn, returnFraction);
    }
    Object.assign(this, { wins, losses, gained, lost, beyondSum, squareSum, returnSum, bestReturn, worstReturn });
    this.count += to - from;
  }

  copy(): TradeAdder {
    return Object.assign(new TradeAdder(), this);
  }
}
